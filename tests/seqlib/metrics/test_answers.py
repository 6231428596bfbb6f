"""Exact match and F1 of answers, on the cases that their definition is known for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlib.metrics import answer_score, normalize_answer, token_f1


@pytest.mark.parametrize(
    ("answer", "normal"),
    [
        ("The Denver Broncos", "denver broncos"),
        ("a an the", ""),
        ("A", ""),
        ("another theme and an anthem", "another theme and anthem"),  # articles inside words stay
        ("Panthers' Stadium!", "panthers stadium"),
        ("$1.5 million", "15 million"),
        ("well-known", "wellknown"),  # a mark leaves no space behind
        ("U.S.A.", "usa"),
        ("the-atre", "theatre"),  # marks go first, so that no article is left over
        ("a.", ""),
        ("1990–95", "1990–95"),  # a dash is no mark of ASCII
        ("“The” word", "“ ” word"),  # nor are these quotation marks
        ("  tabs\tand\nlines\u00a0too ", "tabs and lines too"),
        ("ÉCOLE", "école"),
        ("", ""),
        ("...", ""),
    ],
)
def test_normalized_answers(answer, normal):
    assert normalize_answer(answer) == normal


@pytest.mark.parametrize(
    ("prediction", "reference", "f1"),
    [
        ("Denver Broncos", "the Denver Broncos.", 1),
        ("Denver", "Denver Broncos", 2 / 3),
        ("Broncos Denver", "Denver Broncos", 1),  # the order does not count
        ("to be or not to be", "to be", 2 * (2 / 6) * 1 / (2 / 6 + 1)),
        ("to to to", "to be to be", 2 * (2 / 3) * (2 / 4) / (2 / 3 + 2 / 4)),
        ("x", "y", 0),
        ("", "y", 0),
        ("y", "", 0),
        ("", "", 0),
        ("the", "a", 0),
    ],
)
def test_f1_of_words(prediction, reference, f1):
    assert token_f1(prediction, reference) == pytest.approx(f1)
    assert token_f1(reference, prediction) == pytest.approx(f1)


def test_the_best_reference_counts_and_scores_are_means_over_questions():
    score = answer_score(["Denver Broncos"], [["Denver", "the Denver Broncos", "Broncos won"]])
    assert (score.exact_match, score.f1, score.number) == (100, 100, 1)
    score = answer_score(["Denver Broncos"], [["Denver", "Denver Broncos of Colorado"]])
    assert score.exact_match == 0
    assert score.f1 == pytest.approx(100 * 2 / 3)
    score = answer_score(["a cat", "dogs", "", "the"], [["cat"], ["dog", "cats"], ["x"], ["an"]])
    # The last one is nothing, and was to be nothing: a match, with no word to agree on.
    assert score.exact_match == 50
    assert score.f1 == 25
    assert str(score) == "EM 50.00, F1 25.00 over 4 questions"


WORDS = st.lists(st.sampled_from(["he", "ate", "any", "three", "14", "é"]), max_size=5)
NOTHING = st.sampled_from([" ", " the ", "\tAn ", " -- ", "  a, ", ' "'])  # all that counts as none


@given(WORDS, st.lists(NOTHING, min_size=12, max_size=12), st.booleans())
def test_articles_marks_capitals_and_spaces_do_not_count(words, between, capitals):
    written = "".join(itertools.chain(*zip(between, [*words, ""], strict=False)))
    written = written.upper() if capitals else written
    assert normalize_answer(written) == " ".join(words)
    references = [["14 more", " ".join(words), "any"]]  # the best counts, wherever it stands
    score = answer_score([written], references)
    assert (score.exact_match, score.f1) == (100, 100 if words else 0)


@pytest.mark.parametrize(
    ("predictions", "references", "error", "message"),
    [
        ([], [], ValueError, "are empty"),
        (["a"], [["a"], ["b"]], ValueError, "got 1 and 2"),
        (["a", "b"], [["a"], []], ValueError, r"references\[1\] is empty"),
        ("a", [["a"]], TypeError, "predictions is 'a'"),
        (["a"], ["a"], TypeError, r"references\[0\] is 'a'.*one list of references for each"),
        (["a"], "a", TypeError, "got one string"),
        ([None], [["a"]], TypeError, r"predictions\[0\] is None"),
    ],
)
def test_what_is_wrong_is_said(predictions, references, error, message):
    with pytest.raises(error, match=message):
        answer_score(predictions, references)
