"""One format of weights: names that fit in any process, half precision, changes in four bits."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from course.chorales import ChoraleModel
from course.dinosaurs.word_model import WordModel
from course.entities import model as tagging
from course.questions.model import SpanReader
from course.translation.recurrent import RecurrentTranslator
from course.trigger_word import model as trigger_word
from course.weights import from_weights, load_encoder, load_weights, name_weights, save_weights
from seqlib.layers import Transformer

COMMITTED = Path(__file__).parents[2] / "notebooks" / "weights"


def made(settings, units=3):
    """A model of two layers of one kind: their names have counters of Keras's own."""
    layers = [keras.layers.Dense(units), keras.layers.Dense(units), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *layers[:settings]], name="made")
    return model


@pytest.mark.parametrize("half", [True, False])
def test_weights_come_back_with_what_lay_beside_them(tmp_path, half):
    written, read = made(3), made(3)
    start = None if half else {name: np.ones(w.shape) for name, w in weights_of(written).items()}
    save_weights(tmp_path / "new" / "a.npz", written.weights, start, words=["to", "be"])
    kept = load_weights(tmp_path / "new" / "a.npz", read.weights, start)
    assert {name: array.tolist() for name, array in kept.items()} == {"words": ["to", "be"]}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.npz"]
    for name, weight in weights_of(written).items():
        np.testing.assert_allclose(weights_of(read)[name], weight, atol=1e-3 if half else 0.15)


def weights_of(model):
    return {
        name: keras.ops.convert_to_numpy(weight)
        for name, weight in name_weights(model.weights).items()
    }


def test_names_do_not_depend_on_what_was_made_before_and_each_is_of_one_weight():
    assert list(weights_of(made(3))) == list(weights_of(made(3)))
    assert "made/dense_1/kernel" in weights_of(made(2))
    assert "made/dense/kernel" in weights_of(made(1))
    twice = [keras.Variable(np.ones(1), name="one") for _ in range(2)]
    with pytest.raises(ValueError, match="two weights are called one"):
        name_weights(twice)


def test_files_of_other_models_are_refused_and_nothing_is_assigned(tmp_path):
    save_weights(tmp_path / "a.npz", made(2).weights)
    for other in (made(3), made(2, units=2)):
        before = weights_of(other)
        with pytest.raises(ValueError, match=r"a\.npz has made/.* of shape .*another size"):
            load_weights(tmp_path / "a.npz", other.weights)
        for name, weight in weights_of(other).items():
            np.testing.assert_array_equal(weight, before[name])


@pytest.mark.parametrize("wrong", [(96, 4, 6), (95, 4, 5), (96, 20)])
def test_changes_of_another_shape_are_refused(tmp_path, wrong):
    right = (96, 4, 5)
    variable, other = (keras.Variable(np.zeros(s), name="kernel") for s in (right, wrong))
    save_weights(tmp_path / "a.npz", [variable], {"kernel": np.ones(right)})
    with pytest.raises(ValueError, match=r"kernel of shape .* this model"):
        load_weights(tmp_path / "a.npz", [other], {"kernel": np.ones(wrong)})


def changed(path, start, kernel):
    """Save a kernel as a change, and return what is loaded."""
    variable = keras.Variable(start + kernel, name="kernel", dtype="float32")
    save_weights(path, [variable], {"kernel": start.astype("float32")})
    variable.assign(start)
    load_weights(path, [variable], {"kernel": start.astype("float32")})
    return keras.ops.convert_to_numpy(variable) - start


def test_a_change_is_told_to_a_fifteenth_and_is_small(tmp_path):
    draw = np.random.default_rng(0)
    for shape in ((96, 4, 5), (3, 5), (500, 400)):
        start, moved = draw.normal(size=shape), 0.01 * draw.normal(size=shape)
        error = np.linalg.norm(changed(tmp_path / "a.npz", start, moved) - moved)
        assert error < 0.13 * np.linalg.norm(moved)
    assert (tmp_path / "a.npz").stat().st_size < 0.53 * 500 * 400


def test_columns_have_scales_of_their_own_and_none_may_be_zero(tmp_path):
    moved = np.outer(np.linspace(-1, 1, 15), [1e-4, 1.0, 0.0, 50.0])
    found = changed(tmp_path / "a.npz", np.zeros((15, 4)), moved)
    np.testing.assert_allclose(found, moved, rtol=0.01)


def test_a_model_is_made_from_the_settings_in_its_file(tmp_path):
    written = made(2)
    save_weights(tmp_path / "a.npz", written.weights, settings={"settings": 2, "units": 3})
    read, kept = from_weights(made, tmp_path / "a.npz")
    assert set(kept) == {"settings"}
    np.testing.assert_allclose(read.weights[0], written.weights[0], atol=1e-3)


def test_an_encoder_is_trained_but_for_its_embeddings():
    encoder = load_encoder()
    names = {name.split("/")[1] for name in name_weights(encoder.trainable_weights)}
    assert names == {"norm", "encoder"}


def tagger():
    words = SimpleNamespace(trained=range(10_951), characters=range(80))
    glove = keras.layers.Embedding(3, 50, trainable=False)
    return tagging.build(words, glove, load_encoder(), units=200, filters=60)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("state_of_the_union", lambda: WordModel(np.ones(8000))),
        ("bach_chorales", ChoraleModel),
        ("named_entities_encoder", tagger),
        ("question_answering", SpanReader.load),
        ("english_spanish", RecurrentTranslator),
        ("english_spanish_transformer", Transformer),
        ("trigger_word", trigger_word.build),
    ],
)
def test_committed_weights_fit_their_models(name, make):
    path = COMMITTED / f"{name}.npz"
    with np.load(path) as file:
        names = {key.split(":")[1] for key in file.files if ":" in key}
        has_settings = "settings" in file.files
    if has_settings:
        model, _ = from_weights(make, path)
        named = name_weights(model.weights)
    else:
        named = name_weights(make().trainable_weights)
        start = {key: np.zeros(weight.shape) for key, weight in named.items()}
        load_weights(path, list(named.values()), start)
    assert names == set(named)
