"""Windows: all that is in the passage is in them, and labels and characters agree."""

import numpy as np
import pytest

from course.questions.windows import Windows
from seqlib import data
from seqlib.pretrained import WordPiece


@pytest.fixture(scope="module")
def wordpiece():
    return WordPiece.load()


PASSAGE = "Alma was born in Orléans in 1975. She moved to Rome, a well-known town, in the 1990s."
QUESTIONS = ["Where was Alma born?", "When did she move?", "Who?"]


def test_one_window_is_what_the_tokenizer_makes_of_a_pair(wordpiece):
    windows = Windows(wordpiece, QUESTIONS, [PASSAGE] * 3)
    expected = wordpiece.encode(QUESTIONS, [PASSAGE] * 3)
    packed = windows.arrays([0, 1, 2])
    np.testing.assert_array_equal(packed.ids, expected.ids)
    np.testing.assert_array_equal(packed.types, expected.types)
    np.testing.assert_array_equal(windows.lengths, expected.mask.sum(axis=1))
    for row in range(3):
        of_passage = (expected.types[row] == 1) & (expected.words[row] >= 0)
        np.testing.assert_array_equal(packed.allowed[row], of_passage)
        np.testing.assert_array_equal(
            packed.spans[row][of_passage], expected.spans[row][of_passage]
        )
    assert len(windows.passages) == 1


@pytest.mark.parametrize(("length", "stride"), [(16, 3), (16, 8), (14, 1), (30, 20), (25, 17)])
def test_windows_leave_nothing_out(wordpiece, length, stride):
    windows = Windows(wordpiece, QUESTIONS, [PASSAGE] * 3, length, stride)
    size = len(windows.pieces[0][0])
    assert windows.lengths.max() <= length
    for question in range(3):
        rows = np.flatnonzero(windows.question == question)
        begins = windows._rows[rows, 1]
        assert (np.diff(begins) == stride).all()
        seen = np.zeros(size, int)
        for _, begin, end in windows._rows[rows]:
            seen[begin:end] += 1
        assert seen.all()
        assert windows._rows[rows[-1], 2] == size
        assert (windows._rows[rows[:-1], 2] < size).all()  # no window too many


def test_labels_are_the_answer_and_cut_answers_have_none(wordpiece):
    answers = ["Orléans", "in the 1990s", "Alma"]
    begins = [PASSAGE.index(answer) for answer in answers]
    windows = Windows(wordpiece, QUESTIONS, [PASSAGE] * 3, length=16, stride=3)
    labels = windows.labels(begins, answers)
    packed = windows.arrays(range(len(windows)))
    whole = np.zeros(3, int)
    for row, (first, last) in enumerate(labels):
        question = windows.question[row]
        if first == 0:
            assert last == 0
            inside = packed.spans[row][packed.allowed[row]]
            end = begins[question] + len(answers[question])
            assert inside[0, 0] > begins[question] or inside[-1, 1] < end
        else:
            spans = packed.spans[row]
            assert PASSAGE[spans[first, 0] : spans[last, 1]] == answers[question]
            whole[question] += 1
    assert (whole > 0).all()
    assert (labels == 0).any()


def test_padding_and_width_and_long_questions(wordpiece):
    windows = Windows(wordpiece, QUESTIONS, [PASSAGE] * 3)
    packed = windows.arrays([2], width=40)
    length = windows.lengths[2]
    assert packed.ids.shape == packed.types.shape == (1, 40)
    assert (packed.ids[0, length:] == 0).all()
    assert (packed.types[0, length:] == 0).all()
    assert (packed.spans[0, length:] == -1).all()
    assert packed.spans.dtype == packed.ids.dtype == np.int32
    windows = Windows(wordpiece, ["why " * 90], [PASSAGE], question_length=10)
    assert len(windows.questions[0]) == 10
    assert (windows.arrays([0]).types[0] == 0).sum() == 12


def test_what_is_wrong_is_said(wordpiece):
    with pytest.raises(ValueError, match="as many; got 1 and 0"):
        Windows(wordpiece, ["Who?"], [])
    with pytest.raises(ValueError, match="passage of question 0 holds no piece"):
        Windows(wordpiece, ["Who?"], [" "])
    with pytest.raises(ValueError, match="room for 5 pieces beside question 0; stride must be"):
        Windows(wordpiece, ["Who?"], [PASSAGE], length=10, stride=6)


def test_nearly_every_answer_of_squad_comes_back(wordpiece):
    table = data.load("squad")
    table = table[table["part"] == "development"][::10]
    begins, answers = table["starts"].str[0].tolist(), table["answers"].str[0].tolist()
    windows = Windows(wordpiece, table["question"].tolist(), table["context"].tolist())
    labels = windows.labels(begins, answers)
    right = {}
    for row in np.flatnonzero(labels[:, 0]):
        question = windows.question[row]
        passage = windows.passages[windows.passage[question]]
        spans = windows.arrays([row]).spans[0]
        text = passage[spans[labels[row, 0], 0] : spans[labels[row, 1], 1]]
        assert answers[question] in text
        right[question] = text == answers[question]
    assert len(right) == len(table)  # each answer is whole in some window
    assert np.mean(list(right.values())) > 0.99
