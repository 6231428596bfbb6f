"""Words as pieces among their neighbours: the right piece, context, and place of every word."""

import numpy as np
import pytest

from course.entities.pieces import WordPieceEncoder
from course.entities.tokens import Batches
from seqlib import pretrained
from seqlib.word_vectors import WordVectors
from tests.seqlib.pretrained.models import write

SENTENCES = [
    ["the", "cats", ",", "the", "mat", "!"],
    ["a", "sand", "sat"],  # "sand" has no pieces in this vocabulary: one [UNK]
    ["dog", "cats", "on", "the", "mat"],
]


@pytest.fixture(scope="module")
def wordpiece(tmp_path_factory):
    return pretrained.WordPiece.load(write(tmp_path_factory.mktemp("model")))


def make(wordpiece, length=16):
    vectors = WordVectors(["the", "cats"], np.eye(2, dtype="float32"))
    return WordPieceEncoder(SENTENCES, vectors, wordpiece, length=length, minimum_count=1)


def written(wordpiece, row):
    return " ".join(wordpiece.tokens[n] for n in row if n)


def test_a_sentence_stands_between_its_neighbours(wordpiece):
    reader = make(wordpiece)
    arrays = reader.pack(reader.prepare(SENTENCES), 6)
    assert [written(wordpiece, row) for row in arrays["pieces"]] == [
        "[CLS] the cat ##s , the mat ! a [UNK] sat dog cat ##s on [SEP]",
        "[CLS] ##s , the mat ! a [UNK] sat dog cat ##s on the mat [SEP]",
        "[CLS] ##s , the mat ! a [UNK] sat dog cat ##s on the mat [SEP]",
    ]
    own = [
        written(wordpiece, row * kind)
        for row, kind in zip(arrays["pieces"], arrays["types"], strict=True)
    ]
    assert own == ["the cat ##s , the mat !", "a [UNK] sat", "dog cat ##s on the mat"]


@pytest.mark.parametrize("alone", [0.0, 1.0])
@pytest.mark.parametrize("length", [8, 12, 16, 64])
def test_each_word_is_found_at_its_first_piece(wordpiece, length, alone):
    reader = make(wordpiece, length)
    arrays = reader.pack(reader.prepare(SENTENCES, alone), 7)
    for words, ids, first in zip(SENTENCES, arrays["pieces"], arrays["first"], strict=True):
        for word, place in zip(words, first, strict=False):
            piece = wordpiece.tokens[ids[place]]
            assert piece == "[UNK]" if word == "sand" else word.startswith(piece)
        assert (np.diff(first[: len(words)]) > 0).all()
        assert not first[len(words) :].any()


def test_alone_a_sentence_has_no_neighbours(wordpiece):
    reader = make(wordpiece)
    arrays = reader.pack(reader.prepare(SENTENCES, alone=1.0), 6)
    assert written(wordpiece, arrays["pieces"][1]) == "[CLS] a [UNK] sat [SEP]"
    single = reader(SENTENCES[1:2], 6)
    for name, array in single.items():
        np.testing.assert_array_equal(array[0], arrays[name][1])


def test_a_sentence_without_room_and_a_word_without_a_piece(wordpiece):
    reader = make(wordpiece, length=8)
    short, long = (reader.pack(reader.prepare([words]), 9) for words in (["a"], ["a"] * 7))
    assert short["pieces"].shape == (1, 8)
    assert long["pieces"].shape == (1, 16)
    assert (long["types"][0, 1:8] == 1).all()
    reader = make(wordpiece)
    words = ["the", "\u200b", "mat"]  # a space of no width leaves nothing
    arrays = reader([words], 3)
    ids, first = arrays["pieces"][0], arrays["first"][0]
    assert [wordpiece.tokens[ids[place]] for place in first] == ["the", "mat", "mat"]


def test_words_are_those_of_any_reader_and_sentences_may_be_prepared(wordpiece):
    reader = make(wordpiece)
    arrays = reader(SENTENCES, 6)
    plain = super(WordPieceEncoder, reader).pack([reader.rows(words) for words in SENTENCES], 6)
    for name, array in plain.items():
        np.testing.assert_array_equal(arrays[name], array)
    tagged = [(words, ["O"] * len(words)) for words in SENTENCES]
    prepared = reader.prepare(SENTENCES, alone=1.0)
    batches = Batches(tagged, reader, batch_size=3, widths=(8,), prepared=prepared)
    arrays, tags = batches[0]
    np.testing.assert_array_equal(tags >= 0, arrays["words"] > 0)
    alone = {written(wordpiece, row) for row in arrays["pieces"]}
    assert "[CLS] a [UNK] sat [SEP]" in alone
