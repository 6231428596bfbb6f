"""The Transformer as a model: masks proven on ids, training, saving, and decoding from a cache."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from seqlib.decoding import beam_search, greedy
from tests.seqlib.layers.gradients import to_numpy

SOURCE = np.array([[3, 4, 5, 6, 2], [7, 8, 2, 0, 0], [9, 2, 0, 0, 0]], "int32")
TARGET = np.array([[1, 9, 8, 7, 6, 2], [1, 5, 4, 2, 0, 0], [1, 2, 0, 0, 0, 0]], "int32")
SIZES = {"units": 8, "num_layers": 2, "num_heads": 2, "inner_dim": 12}
FORMS = {
    "sinusoidal": {},
    "rotary, pre-norm": {"positions": "rotary", "norm_first": True},
    "learned, tied": {"positions": "learned", "max_length": 9, "tie_embeddings": "all"},
    "output tied, unscaled": {"tie_embeddings": "output", "scale_embeddings": False},
}


@functools.cache
def make(form="sinusoidal", **kwargs):
    """Return a model with weights large enough to say many different things; not to be changed."""
    keras.utils.set_random_seed(0)
    model = layers.Transformer(10, 10, **{**SIZES, **FORMS[form], **kwargs})
    model.build()
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:
        spread = 2.0 if "embedding" in weight.path else 0.4
        weight.assign(to_numpy(weight) + spread * rng.normal(size=weight.shape))
    if model.head is not None:  # who has just said a word should not say it again and again
        table = to_numpy(model.target_embedding.embeddings)
        model.head.kernel.assign(to_numpy(model.head.kernel) - 0.5 * table.T)
    return model


def logits(model, source=SOURCE, target=TARGET):
    return to_numpy(ops.cast(model((source, target)), "float32"))


@pytest.mark.parametrize("form", ["sinusoidal", "learned, tied"])
def test_the_logits_have_the_shape_that_is_said(form):
    model = make(form)
    assert logits(model).shape == (3, 6, 10)
    assert model.compute_output_shape(((3, 5), (3, 6))) == (3, 6, 10)
    pair = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    assert model(pair).shape == (None, None, 10)
    _, weights = model((SOURCE, TARGET), return_attention_scores=True)
    assert [tuple(each.shape) for each in weights[1]] == [(3, 2, 6, 6), (3, 2, 6, 5)]


def test_the_equations_are_those_of_the_parts():
    model = make()
    memory = model.source_embedding(SOURCE) * np.sqrt(8).astype("float32")
    memory = memory + ops.cast(model.source_positions.encoding(np.arange(5), 8), "float32")
    memory = model.encoder(memory, mask=ops.convert_to_tensor(SOURCE != 0))
    x = model.target_embedding(TARGET) * np.sqrt(8).astype("float32")
    x = x + ops.cast(model.target_positions.encoding(np.arange(6), 8), "float32")
    x = model.decoder(
        x,
        memory,
        inputs_mask=ops.convert_to_tensor(TARGET != 0),
        memory_mask=ops.convert_to_tensor(SOURCE != 0),
    )
    np.testing.assert_allclose(logits(model), to_numpy(model.head(x)), atol=1e-5)


def test_ties_share_one_matrix():
    free, output, every = (make(tie_embeddings=tie) for tie in (None, "output", "all"))
    matrices = [
        sum(sorted(weight.shape) == [8, 10] for weight in model.trainable_weights)
        for model in (free, output, every)
    ]
    assert matrices == [3, 2, 1]
    assert every.source_embedding is every.target_embedding


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
@pytest.mark.parametrize("form", ["sinusoidal", "learned, tied", "output tied, unscaled"])
def test_quantized_weights_say_about_the_same(form):
    model = layers.Transformer(10, 10, **{**SIZES, **FORMS[form]}, seed=1)
    before = logits(model)
    model.quantize("int8")
    np.testing.assert_allclose(logits(model), before, atol=0.05 * np.abs(before).max())


@pytest.mark.parametrize("form", ["rotary, pre-norm", "learned, tied"])
def test_no_real_place_sees_padding(form):
    model, real = make.__wrapped__(form), TARGET != 0  # one of its own, to be changed
    before = logits(model)
    longer = [np.pad(ids, ((0, 0), (0, 2))) for ids in (SOURCE, TARGET)]
    np.testing.assert_allclose(logits(model, *longer)[:, :6][real], before[real], atol=1e-5)
    ties = FORMS[form].get("tie_embeddings")
    for embedding in {id(e): e for e in (model.source_embedding, model.target_embedding)}.values():
        table = to_numpy(embedding.embeddings)
        table[0] += 50.0  # whatever stands at padding
        embedding.embeddings.assign(table)
    after = logits(model)
    said = slice(1, None) if ties else slice(None)  # where tied, the logit of id 0 itself moves
    np.testing.assert_allclose(after[real][:, said], before[real][:, said], atol=1e-5)


def test_no_place_sees_the_future_and_each_sees_its_own_token_and_the_source():
    model = make("rotary, pre-norm")
    source, target = SOURCE[:1], np.array([[1, 9, 8, 7, 6, 5]])
    sources, targets = np.tile(source, (6, 1)), np.tile(target, (6, 1))
    before, changed = logits(model, sources, targets), targets.copy()
    np.fill_diagonal(changed, 3)  # in each row another token
    moved = np.abs(logits(model, sources, changed) - before).max(axis=-1)
    sees = np.triu(np.ones((6, 6), bool))  # (changed token, place)
    np.testing.assert_allclose(moved[~sees], 0, atol=1e-6)
    assert (moved[sees] > 1e-4).all()
    changed = sources.copy()
    np.fill_diagonal(changed, 1)
    moved = np.abs(logits(model, changed, targets) - before).max(axis=-1)
    assert (moved[:5] > 1e-5).all()


def test_training_leaves_padding_out_of_the_loss_and_learns():
    model = make(dropout=0.1, seed=1, num_layers=1)  # which nobody else uses
    inputs, labels = TARGET[:, :-1], TARGET[:, 1:]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    how = {"optimizer": keras.optimizers.Adam(0.03), "loss": loss}
    model.compile(**how, run_eagerly=keras.backend.backend() != "jax")
    found = model.evaluate((SOURCE, inputs), labels, verbose=0)

    def expected():
        scores = logits(model, SOURCE, inputs)
        scores = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
        each = -np.take_along_axis(scores, labels[..., None], -1)[..., 0]
        return each[inputs != 0].mean()

    assert found == pytest.approx(expected(), rel=1e-4)
    model.compile(**how, jit_compile=False)
    model.fit((SOURCE, inputs), labels, epochs=30, verbose=0)
    assert expected() < 0.5 * found


@pytest.mark.parametrize(
    ("form", "dtype"),
    [
        ("sinusoidal", "mixed_float16"),
        ("rotary, pre-norm", "float32"),
        ("learned, tied", "float32"),
        ("output tied, unscaled", "float32"),
    ],
)
def test_from_the_cache_come_the_logits_of_the_whole_sequence(form, dtype):
    model = make(form, dtype=dtype)
    target = np.array([[1, 9, 8, 7, 6, 5], [1, 5, 4, 3, 2, 9], [1, 2, 3, 4, 5, 6]])
    tolerance = 1e-5 if dtype == "float32" else 5e-2
    whole = logits(model, SOURCE, target)
    states = model.initial_state(SOURCE, length=8)
    for t in range(6):
        scores, states = model.step(ops.convert_to_tensor(target[:, t], "int32"), states)
        scores = to_numpy(ops.cast(scores, "float32"))
        np.testing.assert_allclose(scores[:, 1:], whole[:, t, 1:], rtol=tolerance, atol=tolerance)
        assert (scores[:, 0] == -np.inf).all()  # padding is never said


def uncached(model, source, length):
    """A step function that decodes all tokens so far again, and its first states."""

    def step(tokens, states):
        said = ops.slice_update(states["said"], (0, states["t"]), tokens[:, None])
        scores = model((states["source"], said))
        scores = ops.take(scores, states["t"], axis=1)
        scores = ops.where(ops.arange(10) == 0, -np.inf, scores)
        return scores, {"said": said, "t": states["t"] + 1, "source": states["source"]}

    said = ops.zeros((len(source), length), "int32")
    source = ops.convert_to_tensor(source)
    return step, {"said": said, "t": ops.zeros((), "int32"), "source": source}


@pytest.mark.parametrize(
    ("form", "search", "options"),
    [
        ("sinusoidal", greedy, {"jit_compile": "auto"}),
        # A beam exchanges the rows of the cache.
        ("rotary, pre-norm", beam_search, {"jit_compile": False, "width": 3, "n_best": 2}),
    ],
    ids=["greedy", "beam"],
)
def test_decoding_finds_the_same_from_the_cache(form, search, options):
    model, first = make(form), [1, 1, 1]
    options = {**options, "length": 7, "end_token": 2}
    tokens, scores = search(model.step, model.initial_state(SOURCE, length=7), first, **options)
    step, states = uncached(model, SOURCE, 7)
    others, other_scores = search(step, states, first, **{**options, "jit_compile": False})
    np.testing.assert_array_equal(to_numpy(tokens), to_numpy(others))
    np.testing.assert_allclose(to_numpy(scores), to_numpy(other_scores), rtol=1e-4, atol=1e-4)
    assert len(np.unique(to_numpy(tokens))) > 1  # not one word for everything


def test_what_does_not_fit_is_refused_by_name():
    wrong = {"positions": "none", "max_length": 5, "tie_embeddings": True, "units": 0}
    for name, value in {**wrong, "num_layers": 0}.items():
        with pytest.raises(ValueError, match=name):
            layers.Transformer(10, 10, **{name: value})
    with pytest.raises(ValueError, match="max_length"):
        layers.Transformer(10, 10, positions="learned")
    with pytest.raises(ValueError, match="one vocabulary"):
        layers.Transformer(10, 11, tie_embeddings="all")
    with pytest.raises(ValueError, match="9 positions"):
        make("learned, tied").initial_state(SOURCE, length=10)
