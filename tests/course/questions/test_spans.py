"""From characters to pieces and back on awkward answers, and the best legal span."""

import itertools

import numpy as np
import pytest

from course.questions.spans import best_spans, pieces_of
from seqlib.pretrained import WordPiece


@pytest.fixture(scope="module")
def wordpiece():
    return WordPiece.load()


def found(wordpiece, passage, answer):
    """Return the text of the pieces that an answer touches."""
    cut = wordpiece.encode([passage])
    spans = cut.spans[0, 1:-1]
    begin = passage.index(answer)
    first, last = pieces_of(spans, begin, begin + len(answer))
    return passage[spans[first][0] : spans[last][1]]


@pytest.mark.parametrize(
    ("passage", "answer"),
    [
        ("In Orléans, Café Müller was naïve.", "Café Müller"),
        ("In Orléans, Café Müller was naïve.", "naïve"),
        ("Cafe\u0301 Mu\u0308ller", "Mu\u0308ller"),  # accents as characters of their own
        ("a well-known saxophonist", "well-known"),
        ("a well-known saxophonist", "known"),
        ("It cost $1,250.50 (or €1.000).", "$1,250.50"),
        ("It cost $1,250.50 (or €1.000).", "250.50"),
        ("1990–95", "95"),
        ("Antidisestablishmentarianism!", "Antidisestablishmentarianism"),
        ("東京 is Tokyo's name 🙂 there", "東京"),
        ("東京 is Tokyo's name 🙂 there", "there"),
        ("two  spaces\tand\u00a0a tab", "spaces\tand\u00a0a"),
        ("U.S. Senate", "U.S."),
        ("x\u200by and z", "and"),  # a character that is dropped
    ],
)
def test_answers_of_whole_pieces_come_back_as_they_are(wordpiece, passage, answer):
    assert found(wordpiece, passage, answer) == answer


def test_an_answer_inside_a_piece_gets_the_whole_piece_and_one_outside_none(wordpiece):
    assert wordpiece.pieces("the 1970s")[1:-1] == ["the", "1970s"]
    assert found(wordpiece, "in the 1970s", "1970") == "1970s"
    assert found(wordpiece, "in the 1970s", "70") == "1970s"
    assert wordpiece.pieces("embeddings")[1:-1] == ["em", "##bed", "##ding", "##s"]
    assert found(wordpiece, "of embeddings", "beddi") == "bedding"
    spans = np.array([(0, 3), (4, 7)])
    assert pieces_of(spans, 3, 4) is None
    assert pieces_of(spans, 7, 9) is None
    assert pieces_of(spans, 2, 5) == (0, 1)
    assert pieces_of(np.zeros((0, 2)), 0, 3) is None


def by_hand(start, end, allowed, longest):
    legal = [
        (start[i] + end[j], -(j - i), -i)
        for i, j in itertools.product(range(len(start)), repeat=2)
        if allowed[i] and allowed[j] and i <= j < i + longest
    ]
    score, length, first = max(legal)
    return -first, -first - length, score


@pytest.mark.parametrize("longest", [1, 2, 5, 30])
def test_the_best_span_is_that_of_trying_all(longest):
    generator = np.random.default_rng(longest)
    start, end = generator.integers(-5, 6, (2, 40, 12)).astype(float)  # with equal ones
    allowed = generator.random((40, 12)) < 0.5
    allowed[:, 3] = True
    first, last, score = best_spans(start, end, allowed, longest)
    for row in range(40):
        expected = by_hand(start[row], end[row], allowed[row], longest)
        assert (first[row], last[row], score[row]) == expected


def test_what_cannot_be_answered_is_said():
    with pytest.raises(ValueError, match="nothing is allowed"):
        best_spans([[1, 2], [1, 2]], [[1, 2], [1, 2]], [[1, 0], [0, 0]])
    with pytest.raises(ValueError, match="longest must be positive, got 0"):
        best_spans([[1]], [[1]], [[1]], longest=0)
