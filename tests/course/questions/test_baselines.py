import pytest

from course.questions.baselines import random_answers, sliding_window_answers

PASSAGE = "Bruno was born in Oslo. Clara, a baker, moved to Rome’s old town in 1990, and stayed."


def test_random_answers_are_words_of_the_passage():
    found = random_answers([PASSAGE] * 200, seed=3)
    assert all(answer in PASSAGE for answer in found)
    assert {len(answer.split()) for answer in found} == {1, 2, 3, 4, 5}
    assert found == random_answers([PASSAGE] * 200, seed=3)
    assert found != random_answers([PASSAGE] * 200, seed=4)
    assert random_answers(["One"], seed=0) == ["One"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where was Bruno born?", "Oslo"),
        ("Who stayed?", "1990"),
        ("Whose town is it?", "moved"),
        ("What has Rome's town?", "moved"),  # the apostrophes are two characters, and one word
    ],
)
def test_the_words_beside_those_of_the_question(question, answer):
    assert sliding_window_answers([question], [PASSAGE]) == [answer]


def test_without_a_candidate_the_first_word():
    assert sliding_window_answers(["What is Rome?"], ["It is Rome."]) == ["It"]
