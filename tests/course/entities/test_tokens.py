"""Words as numbers, and batches of them."""

import numpy as np
import pytest

from course.entities.tokens import FORMS, LETTERS, Batches, WordEncoder, form
from seqlib.word_vectors import WordVectors

SENTENCES = [
    (["Ada", "met", "Bo", "in", "Oslo", "."], ["B-PER", "O", "B-PER", "O", "B-LOC", "O"]),
    (["Oslo", "met", "Ada"], ["B-LOC", "O", "B-PER"]),
    (["Rain"] * 14, ["O"] * 14),
] * 8


@pytest.fixture
def reader():
    vectors = WordVectors(["met", "oslo", "in", "paris"], np.eye(4, dtype="float32"))
    return WordEncoder([words for words, _ in SENTENCES], vectors)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("of", "lower"), ("Oslo", "Title"), ("A", "Title"), ("EU", "UPPER"), ("U.S.", "UPPER"),
        ("McCoy", "miXed"), ("1996-08-22", "number"), ("20th", "a-1"), ("...", "other"),
        ("'s", "lower"), ("Al-Ain", "miXed"), ("été", "lower"),
    ],
)  # fmt: skip
def test_form(word, expected):
    assert FORMS[form(word)] == expected


def test_a_word_is_four_things(reader):
    arrays = reader([["Oslo", "PARIS", "Zagreb"], ["met"]], width=5)
    letters = arrays["letters"]
    assert letters.shape == (2, 5, LETTERS)
    assert all(arrays[name].shape == (2, 5) for name in ("words", "trained", "form"))
    unknown = 1
    assert arrays["words"][0].tolist() == [3, 5, unknown, 0, 0]
    assert arrays["trained"][0, 1:].tolist() == [unknown, unknown, 0, 0]
    assert reader.trained.tokens[arrays["trained"][0, 0]] == "oslo"
    assert [FORMS[n] for n in arrays["form"][0]] == ["Title", "UPPER", "Title", "<pad>", "<pad>"]
    assert reader.characters.decode(letters[0, 0]) == list("Oslo")
    for array in arrays.values():
        assert array.dtype == np.int32
        assert not array[1, 1:].any()


def test_of_a_long_word_both_ends_are_read_and_later_words_move_none(reader):
    word = "Oslo" * 10
    letters = reader([[word]])["letters"][0, 0]
    assert reader.characters.decode(letters) == list("OsloOs" + "loOslo")
    before = reader([["Oslo", "met"]])
    reader([["Kathmandu"]])
    after = reader([["Oslo", "met"]])
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


def test_batches_hold_every_sentence_once_an_epoch(reader):
    batches = Batches(SENTENCES, reader, batch_size=8)
    assert len(batches) == 3
    seen = 0
    for number in range(len(batches)):
        arrays, tags = batches[number]
        assert tags.shape == arrays["words"].shape
        assert tags.shape[1] in (12, 24)
        np.testing.assert_array_equal(tags >= 0, arrays["words"] > 0)
        seen += (tags >= 0).sum()
    assert seen == sum(len(words) for words, _ in SENTENCES)
