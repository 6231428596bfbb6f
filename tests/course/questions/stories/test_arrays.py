import numpy as np
import pytest

from course.questions.stories.arrays import story_arrays, story_vocabulary, words
from course.questions.stories.tasks import TASKS, draw_stories


@pytest.fixture(scope="module")
def stories():
    return draw_stories("two facts", 60, seed=5)


def test_arrays_say_what_the_stories_say(stories):
    vocabulary, answers = story_vocabulary(stories), TASKS["two facts"].answers
    arrays = story_arrays(stories, vocabulary, answers)
    for number, story in enumerate(stories):
        told = [vocabulary.decode(row) for row in arrays.sentences[number]]
        assert [sentence for sentence in told if sentence] == [words(s) for s in story.sentences]
        assert vocabulary.decode(arrays.questions[number]) == words(story.question)
        assert answers[arrays.answers[number]] == story.answer
        assert tuple(np.flatnonzero(arrays.support[number])) == story.support
    assert arrays.inputs == (arrays.sentences, arrays.questions)
    assert {arrays.sentences.dtype, arrays.questions.dtype} == {np.dtype("int32")}


def test_room_can_be_given(stories):
    vocabulary, answers = story_vocabulary(stories), TASKS["two facts"].answers
    arrays = story_arrays(stories[:1], vocabulary, answers, shape=(20, 8))
    assert arrays.sentences.shape == (1, 20, 8)
    assert arrays.questions.shape == (1, 8)
    assert not arrays.support[0, len(stories[0].sentences) :].any()
    with pytest.raises(ValueError, match=r"shape got \(1, 8\), but there is a story of"):
        story_arrays(stories, vocabulary, answers, shape=(1, 8))
    vocabulary = story_vocabulary(stories)
    assert {"where", "alma", "lamp", "there"} <= set(vocabulary.tokens)
    assert "." not in vocabulary
    assert vocabulary.tokens[1:] == sorted(vocabulary.tokens[1:])
