"""The tagger: every rung answers, learns and is kept; padding makes no difference."""

import itertools

import keras
import numpy as np
import pytest

from course.entities import model as tagging
from course.entities.tokens import LABELS, Batches, WordEncoder
from course.progress import ProgressBar
from seqlib import layers
from seqlib.word_vectors import WordVectors

SENTENCES = [
    (["Ada", "Lovelace", "met", "Bo"], ["B-PER", "I-PER", "O", "B-PER"]),
    (["Rain", "in", "Oslo", "."], ["O", "O", "B-LOC", "O"]),
    (["Bo", "works", "at", "Acme", "Corp", "in", "Oslo", "for", "Ada", "."],
     ["B-PER", "O", "O", "B-ORG", "I-ORG", "O", "B-LOC", "O", "B-PER", "O"]),
] * 8  # fmt: skip
RUNGS = {
    "scratch": {"letters": False, "crf": False},
    "crf": {"pretrained": True},
}


@pytest.fixture
def reader():
    return WordEncoder([words for words, _ in SENTENCES], VECTORS)


VECTORS = WordVectors(
    ["met", "oslo", "in", "paris", "ada"],
    np.random.default_rng(0).normal(size=(5, 6)).astype("float32"),
)


def make(reader, pretrained=False, **options):
    keras.utils.set_random_seed(0)
    fixed = None
    if pretrained:
        fixed = layers.PretrainedEmbedding(
            VECTORS, reader.pretrained, mask_zero=False, name="pretrained"
        )
    return tagging.build(reader, fixed, units=12, filters=8, dropout=0.1, **options)


@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_learns_and_answers(rung, reader):
    model = make(reader, **RUNGS[rung])
    batches = Batches(SENTENCES, reader, batch_size=8)
    tagging.compile_for(model, 25 * len(batches), rate=0.03, average=0.8)
    model.jit_compile = False  # which takes longer than the training
    model.fit(batches, epochs=25, verbose=0, callbacks=[ProgressBar()])
    answers = tagging.Tagger(model, reader, batch_size=8)([words for words, _ in SENTENCES])
    assert [len(tags) for tags in answers] == [len(tags) for _, tags in SENTENCES]
    right = [a == b for given, (_, tags) in zip(answers, SENTENCES, strict=True)
             for a, b in zip(given, tags, strict=True)]  # fmt: skip
    assert np.mean(right) > 0.95
    if rung != "scratch":
        fixed = keras.ops.convert_to_numpy(model.get_layer("pretrained").embeddings)
        np.testing.assert_array_equal(fixed[2:], VECTORS.matrix)


def test_an_untrained_one_with_a_crf_breaks_no_rule(reader):
    model = make(reader, pretrained=True)
    answers = tagging.Tagger(model, reader)([words for words, _ in SENTENCES])
    allowed = layers.allowed_in_iob2(LABELS)
    for tags in answers:
        path = [len(LABELS), *(LABELS.index(tag) for tag in tags), len(LABELS)]
        assert all(allowed[pair] for pair in itertools.pairwise(path))


def test_neither_the_size_of_a_batch_nor_padding_makes_a_difference(reader):
    model = make(reader, pretrained=True)
    sentences = [
        words[:n] for n, (words, _) in zip((1, 4, 3, 2, 4, 10, 1), SENTENCES, strict=False)
    ]
    sentences.append(SENTENCES[2][0] * 3)  # in arrays of another width
    one, other = (tagging.Tagger(model, reader, batch_size=n)(sentences) for n in (3, 64))
    assert one == other
    assert [len(tags) for tags in one] == [len(words) for words in sentences]
    words = [SENTENCES[0][0]]
    narrow, wide = (keras.ops.convert_to_numpy(model(reader(words, width))) for width in (4, 11))
    np.testing.assert_allclose(wide[:, :4], narrow, atol=1e-5)


def test_letters_of_padding_are_never_seen():
    layer = tagging.LetterCNN(9, units=4, filters=5)
    ids = np.array([[[3, 4, 5, 0, 0, 0, 0, 0]]])
    short = keras.ops.convert_to_numpy(layer(ids[..., :4]))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(ids)), short, atol=1e-6)
    again = tagging.LetterCNN.from_config(layer.get_config())
    assert again.compute_output_shape((2, 3, 8)) == tuple(again(np.ones((2, 3, 8))).shape)
