"""Word2Vec: its corpus, its draws, its step beside autodiff, what it learns."""

import numpy as np
import pytest
import tensorflow as tf

from course.word2vec import train
from course.word2vec.model import Corpus, Word2Vec, block_step
from seqlib.word_vectors import WordVectors


def two_topics(documents=400, seed=0):
    """Texts each of which is about one of two topics, with words of its own."""
    generator = np.random.default_rng(seed)
    topics = ["cat dog cow pig hen goat".split(), "tin zinc iron gold lead silver".split()]  # noqa: SIM905
    return [" ".join(generator.choice(topics[number % 2], size=40)) for number in range(documents)]


def test_corpus_keeps_order_and_documents():
    corpus = Corpus.read(["b a <b> a", "", "c! a", "d"], minimum_count=1)
    assert corpus.words[0] == "a"
    assert [corpus.words[i] for i in corpus.ids] == ["b", "a", "b", "a", "c", "a", "d"]
    assert corpus.document.tolist() == [0, 0, 0, 0, 2, 2, 3]
    assert corpus.counts.tolist() == [3, 2, 1, 1]
    assert corpus.ids.dtype == np.int32


def test_windows_end_with_their_document_and_subsampling_keeps_the_share_it_says():
    corpus = Corpus.read(["a b c", "d e", "f"] * 20, minimum_count=1)
    model = Word2Vec(corpus, dimension=2, window=3, subsampling=1e9)
    ids, left, right = (array[3:-3] for array in model.thinned())
    np.testing.assert_array_equal(ids, corpus.ids)
    place = np.arange(len(ids))
    assert (corpus.document[place - left] == corpus.document).all()
    assert (corpus.document[place + right] == corpus.document).all()
    assert (np.maximum(left, right) <= 3).all()
    assert left[0] == 0
    assert right[-1] == 0
    assert {1, 2} <= set(right.tolist())
    corpus = Corpus.read(["the " * 99 + "cat"] * 400, minimum_count=1)
    model = Word2Vec(corpus, dimension=2, subsampling=0.01)
    ids = model.thinned()[0][5:-5]
    assert np.mean(ids == 0) * len(ids) == pytest.approx(99 * 400 * model.kept[0], rel=0.05)
    assert np.sum(ids == 1) == 400


def test_a_step_is_gradient_descent():
    generator = np.random.default_rng(1)
    tables = [tf.Variable(generator.normal(size=(9, 4)).astype("float32")) for _ in range(2)]
    start = [tf.identity(table) for table in tables]
    centres = generator.integers(0, 9, size=(2, 5))
    targets = generator.integers(0, 9, size=(2, 7))  # words repeat, in both roles
    labels = np.array([1, 1, 1, 1, 0, 0, 0], "float32")
    weights = generator.uniform(0, 2, size=(2, 5, 7)).astype("float32")
    with tf.GradientTape() as tape:
        v, u = tf.gather(tables[0], centres), tf.gather(tables[1], targets)
        scores = tf.einsum("bld,bcd->blc", v, u)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(
            tf.broadcast_to(labels, scores.shape), scores
        )
        loss = tf.reduce_sum(losses * weights)
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, tables)]
    returned = block_step(*tables, centres, targets, labels, weights, 0.3)
    np.testing.assert_allclose(returned, scores, atol=1e-6)
    for table, before, gradient in zip(tables, start, gradients, strict=True):
        np.testing.assert_allclose(table, before - 0.3 * gradient, atol=1e-5)


def test_it_learns_which_words_go_together():
    corpus = Corpus.read(two_topics(), minimum_count=1)
    model = Word2Vec(corpus, dimension=12, subsampling=1, seed=3)
    done = model.fit(epochs=20, rate=0.002)
    assert done["loss"][-1] < done["loss"][0]
    assert done["words a second"] == pytest.approx(20 * 16_000 / done["seconds"])
    vectors = model.vectors()
    near = {other for other, _ in vectors.nearest("cat", k=5)}
    assert near == {"dog", "cow", "pig", "hen", "goat"}
    assert np.isfinite(vectors.matrix).all()


def test_a_rate_too_high_and_a_text_too_short_are_told():
    model = Word2Vec(Corpus.read(two_topics(), minimum_count=1), dimension=12, subsampling=1)
    with pytest.raises(FloatingPointError, match="at rate 5"):
        model.fit(epochs=1, rate=5)
    with pytest.raises(ValueError, match="at least 32 are needed"):
        Word2Vec(Corpus.read(["a b c"], 1), dimension=2).fit(epochs=1)


def test_the_recipe_keeps_the_most_frequent_words_with_length_one(tmp_path, monkeypatch):
    vectors = WordVectors(["a", "b", "c"], np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 1.0]]))
    monkeypatch.setattr(train, "WORDS", 2)
    train.save(tmp_path / "kept.npz", vectors, epochs=7)
    with np.load(tmp_path / "kept.npz") as file:
        assert file["words"].tolist() == ["a", "b"]
        np.testing.assert_allclose(file["matrix"], [[0.6, 0.8], [0, 1]], atol=1e-3)
        assert file["matrix"].dtype == np.float16
        assert int(file["epochs"]) == 7
    assert [file.name for file in tmp_path.iterdir()] == ["kept.npz"]
