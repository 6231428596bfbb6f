"""Vocabularies: there and back, padding, what is outside, and every error."""

import numpy as np
import pytest

from seqlib.text import Vocabulary, pad


def test_padding_is_zero_then_special_then_tokens_there_and_back():
    vocabulary = Vocabulary("abc", special=["<start>", "<end>"])
    assert vocabulary.tokens == ["<pad>", "<start>", "<end>", "a", "b", "c"]
    assert len(vocabulary) == 6
    assert "b" in vocabulary
    assert "z" not in vocabulary
    assert "6 tokens" in repr(vocabulary)
    vocabulary = Vocabulary("abcdefgh", special=["<start>", "<end>"])
    ids = vocabulary.encode("badge", start="<start>", end="<end>")
    assert vocabulary.decode(ids) == ["<start>", *"badge", "<end>"]
    assert vocabulary.decode(ids[1:], end="<end>") == list("badge")


def test_a_batch_is_padded_on_the_right_or_to_a_given_length():
    vocabulary = Vocabulary("abc", special=["<end>"])
    batch = vocabulary.encode_batch(["abc", "", "b"], end="<end>")
    assert batch.dtype == np.int32
    assert batch.tolist() == [[2, 3, 4, 1], [1, 0, 0, 0], [3, 1, 0, 0]]
    assert ["".join(vocabulary.decode(row, end="<end>")) for row in batch] == ["abc", "", "b"]
    vocabulary = Vocabulary("abc")
    assert vocabulary.encode_batch(["abc", "a"], length=2).tolist() == [[1, 2], [1, 0]]
    assert vocabulary.encode_batch(["a"], length=3).tolist() == [[1, 0, 0]]
    assert vocabulary.encode_batch([]).shape == (0, 0)
    assert pad([[], []], length=2).tolist() == [[0, 0], [0, 0]]


def test_the_most_frequent_are_kept_and_others_have_the_unknown_id():
    sequences = [["b", "a", "b"], ["c", "a", "d"]]
    assert Vocabulary.from_sequences(sequences, size=4).tokens == ["<pad>", "<unk>", "b", "a"]
    kept = Vocabulary.from_sequences(sequences, minimum_count=2, special=["<end>"])
    assert kept.tokens == ["<pad>", "<unk>", "<end>", "b", "a"]
    assert Vocabulary.from_sequences(sequences, unknown=None).tokens[1:] == ["b", "a", "c", "d"]
    vocabulary = Vocabulary.from_sequences([["a", "<end>", "<end>"]], special=["<end>"])
    assert vocabulary.tokens == ["<pad>", "<unk>", "<end>", "a"]
    vocabulary = Vocabulary("ab", unknown="<unk>")
    assert vocabulary.encode("azb") == [2, 1, 3]
    assert vocabulary.decode([2, 1]) == ["a", "<unk>"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vocabulary("ab").encode("az"), "'z' is not among the 3 tokens"),
        (lambda: Vocabulary("ab").decode([3]), r"must lie in 0\.\.2"),
        (lambda: Vocabulary("ab").decode([-1]), r"must lie in 0\.\.2"),
        (lambda: Vocabulary("aba"), "more than once: 'a'"),
        (lambda: Vocabulary.from_sequences(["ab"], size=2, special=["<e>"]), "at least 3, got 2"),
    ],
)
def test_what_is_wrong_is_said(call, message):
    with pytest.raises((KeyError, ValueError), match=message):
        call()
