"""Scores of translations: by hand where that is possible, what changes them, and every error."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlib.metrics import bleu, chrf, exact_match

SENTENCES = ["the small cat sat on the mat .", "I have never seen such a large house !"]


def each_alone(sentences):
    return [[sentence] for sentence in sentences]


def test_bleu_is_what_the_equation_gives():
    # Of the six words five are right, of five pairs four, of four triples three, of three two.
    score = bleu(["a b c d e f"], [["a b c d e g h i"]])
    precisions = (5 / 6, 4 / 5, 3 / 4, 2 / 3)
    penalty = math.exp(1 - 8 / 6)
    assert score.precisions == pytest.approx([100 * p for p in precisions])
    assert score.brevity_penalty == pytest.approx(penalty)
    assert (score.hypothesis_length, score.reference_length) == (6, 8)
    assert score.score == pytest.approx(100 * penalty * math.prod(precisions) ** (1 / 4))


def test_references_may_differ_in_number():
    one = bleu(["a b c d", "e f g h"], [["a b x d"], ["e f y h"]])
    more = bleu(["a b c d", "e f g h"], [["a b x d", "a b c d", "q"], ["e f y h"]])
    assert more.score > one.score
    assert "nrefs:1|" in one.signature
    assert "nrefs:var|" in more.signature
    # The order of the references of a sentence has no meaning.
    turned = bleu(["a b c d", "e f g h"], [["q", "a b c d", "a b x d"], ["e f y h"]])
    assert turned.score == more.score


TEXT = st.lists(st.sampled_from(["a", "B", "b", "cd", "e,", "é", "."]), max_size=7).map(" ".join)
PAIR = st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=3))


@given(st.lists(PAIR, min_size=1, max_size=4), st.booleans(), st.sampled_from([0, 2]))
def test_scores_are_those_of_sacrebleu_for_references_of_any_number(pairs, lower, word_order):
    from sacrebleu.metrics import BLEU, CHRF

    hypotheses, references = map(list, zip(*pairs, strict=True))
    # A reference that is there twice changes nothing, so that all may have three.
    filled = [[*some, some[0], some[0]][:3] for some in references]
    streams = [[some[n] for some in filled] for n in range(3)]
    expected = BLEU(lowercase=lower, force=True).corpus_score(hypotheses, streams)
    found = bleu(hypotheses, references, lower=lower)
    assert found.score == pytest.approx(expected.score)
    assert found.precisions == pytest.approx(tuple(expected.precisions))
    lengths = (found.hypothesis_length, found.reference_length)
    assert lengths == (expected.sys_len, expected.ref_len)
    expected = CHRF(lowercase=lower, word_order=word_order).corpus_score(hypotheses, streams)
    found = chrf(hypotheses, references, lower=lower, word_order=word_order)
    assert found.score == pytest.approx(expected.score)


def test_capitals_count_unless_told():
    references = each_alone(SENTENCES)
    shouted = [sentence.upper() for sentence in SENTENCES]
    assert bleu(shouted, references).score < 50
    assert bleu(shouted, references, lower=True).score == pytest.approx(100)
    assert chrf(shouted, references, lower=True).score == pytest.approx(100)


def test_a_wrong_ending_is_half_right_for_characters_and_words_count_where_asked_for():
    wrong, other = [["la casa rojo"]], [["la casa verde"]]
    assert bleu(["la casa roja"], wrong).score == bleu(["la casa roja"], other).score
    assert chrf(["la casa roja"], wrong).score > chrf(["la casa roja"], other).score
    plain, more = (chrf(["la casa roja"], [["la casa rojo"]], word_order=n) for n in (0, 2))
    assert (plain.name, more.name) == ("chrF", "chrF++")
    assert "|nw:0|" in plain.signature
    assert "|nw:2|" in more.signature
    assert more.score < plain.score


@pytest.mark.parametrize("score", [bleu, chrf])
def test_a_score_prints_itself_and_saying_nothing_is_worth_nothing(score):
    found = score(SENTENCES, each_alone(SENTENCES))
    assert str(found) == f"{found.name} {found.score:.2f} ({found.signature})"
    assert "version:" in found.signature
    assert score(["", " "], [["a"], ["b c"]]).score == 0


def test_bleu_is_silent(capfd, caplog):
    bleu([". . ."] * 200, [[". . ."]] * 200)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_exact_match_is_a_share():
    assert exact_match(["a", "b", "c", "d"], ["a", "x", "c", "D"]) == 0.5
    assert exact_match(["a "], ["a"]) == 0
    assert exact_match(iter(["a"]), ["a"]) == 1
    with pytest.raises(ValueError, match="predictions and targets must be as many; got 1 and 2"):
        exact_match(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="are empty"):
        exact_match([], [])
    with pytest.raises(TypeError, match="predictions is 'ab'"):
        exact_match("ab", "ab")


@pytest.mark.parametrize(
    ("hypotheses", "references", "error", "message"),
    [
        ([], [], ValueError, "are empty"),
        (["a"], [["a"], ["b"]], ValueError, "got 1 and 2"),
        (["a", "b"], [["a"], []], ValueError, r"references\[1\] is empty"),
        ("a", [["a"]], TypeError, "hypotheses is 'a'"),
        (["a"], ["a"], TypeError, r"references\[0\] is 'a'.*one list of references for each"),
        (["a"], "a", TypeError, "got one string"),
        (["a"], [[1]], TypeError, r"references\[0\]\[0\] is 1 \(int\)"),
        ([None], [["a"]], TypeError, r"hypotheses\[0\] is None"),
        (3, [["a"]], TypeError, r"hypotheses is 3 \(int\)"),
    ],
)
@pytest.mark.parametrize("score", [bleu, chrf])
def test_what_is_wrong_is_said(score, hypotheses, references, error, message):
    with pytest.raises(error, match=message):
        score(hypotheses, references)


def test_options_that_are_not_there_are_said():
    with pytest.raises(ValueError, match=r"'mine'\. Allowed: .*'13a'"):
        bleu(["a"], [["a"]], tokenize="mine")
    with pytest.raises(ValueError, match="word_order must be 0 or a positive integer, got -1"):
        chrf(["a"], [["a"]], word_order=-1)
