"""A pretrained encoder inside the tagger: it learns, more slowly, and is kept."""

import keras
import numpy as np
import pytest

from course.entities import encoder as encoders
from course.entities import model as tagging
from course.entities.pieces import WordPieceEncoder
from course.entities.tokens import Batches
from course.progress import ProgressBar
from course.weights import load_encoder
from seqlib import layers, pretrained
from seqlib.word_vectors import WordVectors
from tests.seqlib.pretrained.models import write

TAGGED = [
    (["the", "cats", "sat", "on", "dog"], ["O", "B-PER", "O", "O", "B-LOC"]),
    (["a", "mat", ",", "dog", "!"], ["O", "B-ORG", "O", "B-LOC", "O"]),
] * 8
SENTENCES = [words for words, _ in TAGGED]
VECTORS = WordVectors(["the", "cats"], np.eye(2, dtype="float32"))
WIDTHS = (6, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("model"))


@pytest.fixture
def reader(folder):
    return WordPieceEncoder(SENTENCES, VECTORS, pretrained.WordPiece.load(folder), length=16)


def make(folder, reader, **options):
    keras.utils.set_random_seed(0)
    encoder = load_encoder(folder, dropout=0.1)
    glove = layers.PretrainedEmbedding(VECTORS, reader.pretrained, mask_zero=False)
    options = {"units": 6, "filters": 4, "dropout": 0.0, **options}
    return tagging.build(reader, glove, encoder, **options), encoder


def answers(model, reader):
    return tagging.Tagger(model, reader, batch_size=4, widths=WIDTHS)(SENTENCES)


def test_it_learns_and_answers(folder, reader):
    model, encoder = make(folder, reader)
    batches = Batches(TAGGED, reader, batch_size=8, widths=WIDTHS)
    encoders.compile_for(model, encoder, 30 * len(batches), rate=0.03, average=0.8)
    model.jit_compile = False  # which takes longer than the training
    model.fit(batches, epochs=30, verbose=0, callbacks=[ProgressBar()])
    assert answers(model, reader) == [tags for _, tags in TAGGED]


def test_first_pieces_are_looked_up():
    hidden = np.arange(24.0).reshape(2, 4, 3)
    found = tagging.FirstPieces()(hidden, np.array([[1, 3], [0, 0]]))
    expected = [hidden[0, [1, 3]], hidden[1, [0, 0]]]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), expected)


def test_the_encoder_moves_more_slowly_and_its_embeddings_not_at_all(folder, reader):
    model, encoder = make(folder, reader)
    before = {id(w): keras.ops.convert_to_numpy(w) for w in model.weights}
    slow, rate = 0.1, 1e-3
    # At a constant rate the first step of Adam is the rate itself, up to its epsilon.
    optimizer = encoders.DiscriminativeAdam(rate, encoder.trainable_weights, slow)
    optimizer.apply(
        [keras.ops.ones_like(w) for w in model.trainable_weights], model.trainable_weights
    )

    def moved(weight):
        return np.abs(keras.ops.convert_to_numpy(weight) - before[id(weight)]).max()

    assert max(map(moved, encoder.trainable_weights)) == pytest.approx(slow * rate, rel=0.02)
    assert moved(model.get_layer("scores").kernel) == pytest.approx(rate, rel=0.02)
    assert max(map(moved, encoder.non_trainable_weights)) == 0


def test_what_was_learnt_is_kept(folder, reader, tmp_path, monkeypatch):
    load = pretrained.load_bert
    monkeypatch.setattr(pretrained, "load_bert", lambda path=None, **kw: load(path or folder, **kw))
    model, _ = make(folder, reader)
    draw = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.1 * draw.normal(size=weight.shape))
    path = tmp_path / "weights.npz"
    encoders.save(path, model)
    other, _ = make(folder, reader)
    encoders.load(path, other)
    arrays = reader(SENTENCES[:3])
    one, two = (keras.ops.convert_to_numpy(m(arrays)) for m in (model, other))
    real = one > -100  # what is not forbidden
    assert np.abs(one - two)[real].max() < 0.15 * one[real].std()
    before = [keras.ops.convert_to_numpy(weight) for weight in other.weights]
    wider, _ = make(folder, reader, units=7)
    with pytest.raises(ValueError, match="another"):
        encoders.load(path, wider)
    for old, weight in zip(before, other.weights, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), old)
