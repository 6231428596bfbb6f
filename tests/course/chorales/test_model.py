"""The chorale model: who may see whom, writing as scoring, notes that are given."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from course import chorales, music
from course.chorales import ORDER, ChoraleModel
from course.progress import ProgressBar
from seqlib import decoding
from seqlib.compiled import BACKEND

TIME = 12


@pytest.fixture(scope="module")
def model():
    made = ChoraleModel(units=8, width=6, hidden=8, ahead=5, seed=1)
    random = np.random.default_rng(0)
    for variable in made.trainable_variables:  # far from zero, so that nothing cancels
        variable.assign(random.normal(size=variable.shape).astype("float32") * 0.5)
    return made


def random_tokens(seed, time=TIME):
    random = np.random.default_rng(seed)
    struck = music.FIRST + random.integers(45, 80, (time, 4))
    return np.where(random.random((time, 4)) < 0.4, music.HOLD, struck).astype("int32")


@functools.cache
def compiled(model):
    return BACKEND.compile(lambda *inputs: model(inputs))


def logits(model, tokens, known=0.0):
    form = chorales.plan(1)[: len(tokens)].astype("int32")
    pitches = music.sounding(tokens).astype("int32")
    inputs = (tokens[None], pitches[None], form[None], np.array([known], "float32"))
    return ops.convert_to_numpy(compiled(model)(*inputs))[0]  # (time, 4, vocabulary)


def rank(step, voice):
    """When a token is chosen."""
    return 4 * step + ORDER.index(voice)


@pytest.mark.parametrize("voice", range(4))
@pytest.mark.parametrize("step", [0, 5, TIME - 1])
def test_a_token_is_seen_by_those_chosen_later_alone(model, step, voice):
    tokens = random_tokens(0)
    tokens[:, voice] = np.where(np.arange(TIME) == step, music.FIRST + 60, tokens[:, voice])
    other = tokens.copy()
    other[step, voice] = music.FIRST + 71
    changed = np.abs(logits(model, tokens) - logits(model, other)).max(axis=-1) > 0
    for t in range(TIME):
        for v in range(4):
            if rank(t, v) <= rank(step, voice):
                assert not changed[t, v], (t, v)
    later = [changed[t, v] for t in range(TIME) for v in range(4) if rank(t, v) > rank(step, voice)]
    assert all(later[:8])


def test_a_known_melody_is_seen_from_the_beginning_and_nothing_else_is(model):
    tokens = random_tokens(1)
    for voice in range(4):
        other = tokens.copy()
        other[-1, voice] = music.FIRST + 79 if tokens[-1, voice] != music.FIRST + 79 else music.HOLD
        moved = np.abs(logits(model, tokens, 1.0) - logits(model, other, 1.0)).max() > 0
        early = np.abs(logits(model, tokens, 1.0) - logits(model, other, 1.0))[: TIME - 1].max()
        assert moved or voice == ORDER[-1]
        assert (early > 0) == (voice == 0)


def test_scores_move_with_the_music():
    """Without its tables of single pitches, the model is the same in every key."""
    model = ChoraleModel(units=8, width=6, hidden=8, ahead=5, seed=2)
    for voice in model.voices:
        table = voice.pitch.embeddings
        table.assign(ops.zeros_like(table))
    model.sharps.embeddings.assign(ops.zeros_like(model.sharps.embeddings))
    for voice in model.voices:
        voice.score.kernel.assign(ops.zeros_like(voice.score.kernel))
    tokens = random_tokens(3)
    form = chorales.plan(1)[:TIME].astype("int32")
    results = []
    for move in (0, 3):
        moved = music.transpose(tokens, move)
        key = (form + np.array([0, 7 * move, 0])) % [24, 12, 2]
        pitches = music.sounding(moved).astype("int32")
        inputs = (moved[None], pitches[None], key[None].astype("int32"), np.ones(1, "float32"))
        out = ops.convert_to_numpy(model(inputs))[0]
        results.append(out[..., music.FIRST + 50 + move : music.FIRST + 75 + move])
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)


@pytest.mark.parametrize("melody", [False, True])
def test_writing_and_scoring_agree(model, melody):
    form = chorales.plan(2, sharps=1)
    given = np.zeros((len(form), 4), "int32")
    if melody:
        given[:, 0] = np.where(np.arange(len(form)) % 4, music.HOLD, music.FIRST + 70)
    states = model.initial_state(form, given, count=3)
    flat, written = decoding.sample(
        model.step, states, np.zeros(3, "int32"), length=4 * len(form), seed=4
    )
    back = np.argsort(ORDER)
    tokens = ops.convert_to_numpy(flat).reshape(3, -1, 4)[..., back]
    written = ops.convert_to_numpy(written).reshape(3, -1, 4)[..., back]
    pitches = music.sounding(tokens).astype("int32")
    inputs = (tokens, pitches, np.stack([form] * 3).astype("int32"), np.full(3, float(melody)))
    out = model(inputs)
    padding = ops.convert_to_numpy(ops.softmax(out))[..., music.PADDING]  # which is never written
    scored = -ops.convert_to_numpy(model.surprise(tokens, out)) - np.log1p(-padding)
    free = given[None] == music.PADDING
    np.testing.assert_allclose(written, np.where(free, scored, 0.0), atol=1e-3)


def test_what_is_given_is_kept_and_padding_is_never_written(model):
    form = chorales.plan(2)
    given = np.zeros((len(form), 4), "int32")
    given[:8] = random_tokens(5, 8)
    given[20, 2] = music.FIRST + 62
    tokens = model.generate(form, given, count=3, temperature=1.5, seed=0)
    assert tokens.shape == (3, len(form), 4)
    np.testing.assert_array_equal(tokens[:, given > 0], np.stack([given[given > 0]] * 3))
    assert (tokens > music.PADDING).all()
    assert len({one.tobytes() for one in tokens}) == 3
    again = model.generate(form, given, count=3, temperature=1.5, seed=0)
    np.testing.assert_array_equal(tokens, again)
    with pytest.raises(ValueError, match="same time"):
        model.generate(chorales.plan(2), np.zeros((7, 4), int))


def test_padding_costs_nothing_and_changes_nothing(model):
    piece = music.decode(random_tokens(6, 16), title="made up", parts=chorales.VOICES)
    short, long = chorales.Work(piece), chorales.Work(music.decode(random_tokens(7, 32)))
    scores, _ = model.score_works([short, long])
    tokens, pitches = short.tokens[None], music.sounding(short.tokens)[None].astype("int32")
    out = model((tokens, pitches, short.form[None].astype("int32"), np.zeros(1, "float32")))
    expected = -ops.convert_to_numpy(model.surprise(tokens, out))[0]
    np.testing.assert_allclose(scores.log_probabilities, expected, atol=1e-4)
    out = ops.convert_to_numpy(out)[0]
    np.testing.assert_array_equal(scores.likeliest, out.argmax(axis=-1))
    np.testing.assert_array_equal(scores.likeliest_pitch, out[..., music.FIRST :].argmax(axis=-1))
    tokens = np.zeros((1, 20, 4), "int32")
    tokens[0, :16] = short.tokens
    values = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(1, 20, 4, 131)), "float32")
    whole = model.compute_loss(y=tokens, y_pred=values)
    cut = model.compute_loss(y=tokens[:, :16], y_pred=values[:, :16])
    np.testing.assert_allclose(float(whole), float(cut), rtol=1e-5)


def test_training_brings_the_loss_down():
    piece = music.decode(np.tile(random_tokens(8, 8), (8, 1)), title="one bar, eight times")
    batches = chorales.Excerpts([chorales.Work(piece)] * 4, length=32, batch_size=8)
    learner = ChoraleModel(units=16, width=8, hidden=16, ahead=8, dropout=0.0)
    learner.compile(keras.optimizers.Adam(0.01))
    history = learner.fit(batches, epochs=12, verbose=0, callbacks=[ProgressBar()]).history["loss"]
    assert history[-1] < 0.8 * history[0]
