"""The word error rate: counted by hand, and beside every edit tried."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlib.metrics import character_errors, word_errors


def fewest_edits(a, b):
    """The fewest edits by the definition: drop, put in or replace the first one, and go on."""

    @functools.cache
    def of(i, j):
        if i == len(a) or j == len(b):
            return len(a) - i + len(b) - j
        return min(of(i + 1, j) + 1, of(i, j + 1) + 1, of(i + 1, j + 1) + (a[i] != b[j]))

    return of(0, 0)


TEXTS = st.text("ab ", max_size=8)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_edits_and_lengths_are_summed_before_they_are_divided(pairs):
    hypotheses, references = map(list, zip(*pairs, strict=True))
    for count, cut in ((word_errors, str.split), (character_errors, list)):
        errors = count(hypotheses, references)
        edits = sum(fewest_edits(cut(r), cut(h)) for h, r in pairs)
        assert errors.substitutions + errors.insertions + errors.deletions == edits
        assert errors.length == sum(len(cut(r)) for r in references)
        assert errors.length + errors.insertions - errors.deletions == sum(
            len(cut(h)) for h in hypotheses
        )


def test_more_may_be_wrong_than_was_said():
    assert word_errors(["one two three"], ["four"]).rate == 3
    assert word_errors([""], ["four"]).rate == 1
    assert word_errors(["one"], [""]).rate == float("inf")
    assert word_errors([""], [""]).rate == 0


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="as many"):
        word_errors(["a"], ["a", "b"])
    with pytest.raises(TypeError, match="hypotheses"):
        word_errors("a", ["a"])
