"""Translators, recurrent and not: steps equal the whole call; searches keep their promises."""

import keras
import numpy as np
import pytest
from keras import ops

from course.translation.pairs import Batches
from course.translation.recurrent import RecurrentTranslator
from course.translation.translator import Translator, max_target_length
from seqlib.layers import Transformer
from seqlib.losses import MaskedCrossentropy
from seqlib.text import pad


@pytest.fixture(scope="module")
def sentences(pairs):
    return ["Cat.", *pairs["english"][::40], "The house and the tree and the car.", "Dog!"]


@pytest.fixture(scope="module")
def translate(model, pieces):
    return Translator(model, *pieces, batch_size=4)


@pytest.fixture(scope="module")
def greedily(translate, sentences):
    return translate(sentences)


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


def test_translations_keep_the_order_and_the_number_of_the_sentences(
    translate, sentences, greedily
):
    assert translate(sentences[::-1]) == greedily[::-1]
    assert len(set(greedily)) > 3
    assert len(translate(sentences[:5], width=3)) == 5


def test_the_size_of_the_batch_changes_nothing(model, pieces, sentences, greedily):
    assert Translator(model, *pieces, batch_size=3)(sentences) == greedily


def test_what_is_compiled_ahead_is_all_that_sentences_need(translate, sentences, monkeypatch):
    shapes = []
    search = translate._search
    monkeypatch.setattr(
        translate,
        "_search",
        lambda source, *how: shapes.append(source.shape) or search(source, *how),
    )
    translate.compile(width=2)
    ahead = set(shapes)
    shapes.clear()
    translate([*sentences, "the car and " * 15], width=2)
    assert len(set(shapes)) > 1
    assert set(shapes) <= ahead


def test_maps_of_attention_belong_to_the_greedy_translation(model, translate, pieces):
    if not hasattr(model, "attentive_step") or model.decoder is None:
        return
    text, source, said, weights = translate.attend("The cat sees the dog.")
    assert source == pieces[0].pieces(pieces[0].encode("The cat sees the dog.", end="<end>"))
    assert weights.shape == (len(said), len(source))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)
    assert len(said) <= max_target_length(len(source))
    whole = translate(["The cat sees the dog."])[0]
    assert whole.startswith(text)


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_training_lowers_the_loss(pairs, pieces, kind):
    keras.utils.set_random_seed(3)
    rows = list(zip(pairs["english"], pairs["spanish"], strict=True))
    batches = Batches(rows, *pieces, batch_size=32, widths=(16, 32))
    sizes = [len(one) for one in pieces]
    if kind == "transformer":
        model = Transformer(*sizes, units=16, num_layers=1, num_heads=2)
    else:
        model = RecurrentTranslator(*sizes, width=16, units=8, dropout=0.0)
    model.compile("adam", MaskedCrossentropy())
    losses = model.fit(batches, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
