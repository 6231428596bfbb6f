"""Translators, recurrent and not: steps equal the whole call; searches keep their promises."""

import keras
import numpy as np
import pytest
from keras import ops

from course.progress import ProgressBar
from course.translation.pairs import Batches
from course.translation.recurrent import RecurrentTranslator
from course.translation.translator import Translator, max_target_length
from seqlib.layers import Transformer
from seqlib.losses import MaskedCrossentropy
from seqlib.text import pad


def make(kind, pieces):
    """Return a small translator, its weights large enough that its choices differ."""
    sizes = [len(one) for one in pieces]
    if kind == "transformer":
        model = Transformer(*sizes, units=8, num_layers=2, num_heads=2, norm_first=True)
        model.build()
    else:
        model = RecurrentTranslator(*sizes, width=8, units=6, attention=kind == "attention", seed=1)
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(generator.normal(0.0, 0.7, size=weight.shape))
    return model


@pytest.fixture(scope="module", params=["attention", "no attention", "transformer"])
def model(request, pieces):
    return make(request.param, pieces)


class Echo:
    """A model that says each sentence again, piece by piece: what is to be found is known."""

    def __init__(self, size):
        self.size = size

    def initial_state(self, source, length):
        assert length == max_target_length(source.shape[1])
        return {"rest": ops.pad(source, ((0, 0), (0, length)))}

    def step(self, tokens, states):
        logits = 9.0 * ops.one_hot(states["rest"][:, 0], self.size)
        return logits, {"rest": ops.roll(states["rest"], -1, axis=1)}


@pytest.fixture(scope="module")
def sentences(pairs):
    return ["The cat.", *pairs["english"][::40], "The house and the tree and the car.", "The dog!"]


@pytest.fixture(scope="module")
def echo(pieces):
    return Translator(Echo(len(pieces[0])), pieces[0], pieces[0], batch_size=4)


def test_steps_give_the_logits_of_the_whole_call(model, pieces):
    generator = np.random.default_rng(2)
    source = pad([generator.integers(4, 60, size=n).tolist() for n in (6, 3, 1)])
    target = generator.integers(2, 60, size=(3, 5)).astype("int32")
    logits = ops.convert_to_numpy(model((source, target)))
    states = model.initial_state(ops.convert_to_tensor(source), length=5)
    for t in range(5):
        step, states = model.step(ops.convert_to_tensor(target[:, t]), states)
        step = ops.convert_to_numpy(step)  # padding may be forbidden
        np.testing.assert_allclose(step[:, 1:], logits[:, t, 1:], rtol=2e-5, atol=2e-5)


def test_padding_of_the_source_changes_nothing(model):
    source, target = np.array([[5, 6, 7]]), np.array([[2, 8]])
    wide = np.pad(source, ((0, 0), (0, 4)))
    narrow, wide = (ops.convert_to_numpy(model((one, target))) for one in (source, wide))
    np.testing.assert_allclose(narrow, wide, atol=1e-5)


def test_each_sentence_gets_its_own_translation(echo, sentences):
    assert echo(sentences) == sentences
    assert echo(sentences, width=2) == sentences
    assert echo(sentences[:1]) == sentences[:1]


def test_what_is_compiled_ahead_is_all_that_sentences_need(echo, sentences, monkeypatch):
    shapes = []

    def search(source, *how):
        shapes.append(source.shape)
        return source

    monkeypatch.setattr(echo, "_search", search)
    echo.compile(width=2)
    ahead = set(shapes)
    shapes.clear()
    echo([*sentences, "the car and " * 15], width=2)
    assert len(set(shapes)) > 1
    assert set(shapes) <= ahead


def test_maps_of_attention_belong_to_the_greedy_translation(pieces):
    translate = Translator(make("attention", pieces), *pieces)
    text, source, said, weights = translate.attend("The cat sees the dog.")
    assert source == pieces[0].pieces(pieces[0].encode("The cat sees the dog.", end="<end>"))
    assert weights.shape == (len(said), len(source))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)
    assert len(said) <= max_target_length(len(source))
    whole = translate(["The cat sees the dog."])[0]
    assert whole.startswith(text)


def test_training_lowers_the_loss(pairs, pieces):
    keras.utils.set_random_seed(3)
    rows = list(zip(pairs["english"], pairs["spanish"], strict=True))
    batches = Batches(rows, *pieces, batch_size=32, widths=(32,))
    model = RecurrentTranslator(*map(len, pieces), width=16, units=8, dropout=0.0)
    model.compile("adam", MaskedCrossentropy(), jit_compile=False)
    losses = model.fit(batches, epochs=6, verbose=0, callbacks=[ProgressBar()]).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
