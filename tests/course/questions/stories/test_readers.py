"""The two readers: what padding may not change, where attention may not go, and that they learn."""

import keras
import numpy as np
import pytest

from course.progress import ProgressBar
from course.questions.stories.arrays import story_arrays, story_vocabulary
from course.questions.stories.readers import MemoryReader, RecurrentReader
from course.questions.stories.tasks import TASKS, draw_stories

TASK = "two facts"
STORIES = draw_stories(TASK, 40, seed=2)
VOCABULARY = story_vocabulary(STORIES)
ANSWERS = TASKS[TASK].answers


def made(kind, **kwargs):
    if kind is RecurrentReader:
        return RecurrentReader(len(VOCABULARY), len(ANSWERS), units=12, seed=1)
    ids = [VOCABULARY.id(answer) for answer in ANSWERS]
    return MemoryReader(len(VOCABULARY), ids, units=8, seed=1, **kwargs)


READERS = [(RecurrentReader, {}), (MemoryReader, {}), (MemoryReader, {"between": True, "hops": 3})]


@pytest.mark.parametrize(("kind", "kwargs"), READERS)
def test_padding_changes_nothing(kind, kwargs):
    reader = made(kind, **kwargs)
    tight = story_arrays(STORIES, VOCABULARY, ANSWERS)
    roomy = story_arrays(STORIES, VOCABULARY, ANSWERS, shape=(14, 9))
    np.testing.assert_allclose(
        np.array(reader(tight.inputs)), np.array(reader(roomy.inputs)), atol=1e-5
    )
    one = story_arrays(STORIES[:1], VOCABULARY, ANSWERS)
    np.testing.assert_allclose(
        np.array(reader(one.inputs))[0], np.array(reader(tight.inputs))[0], atol=1e-5
    )


@pytest.mark.parametrize(("kind", "kwargs"), READERS)
def test_the_order_of_the_sentences_counts(kind, kwargs):
    reader = made(kind, **kwargs)
    arrays = story_arrays([s for s in STORIES if len(s.sentences) == 7], VOCABULARY, ANSWERS)
    turned = arrays.sentences[:, ::-1], arrays.questions
    one, other = np.array(reader(arrays.inputs)), np.array(reader(turned))
    assert (np.abs(one - other).max(axis=1) > 1e-6).all()


def test_attention_is_shared_among_the_words_and_sentences_that_are_there():
    reader = made(MemoryReader, hops=3)
    arrays = story_arrays(STORIES, VOCABULARY, ANSWERS, shape=(14, 9))
    weights = reader.attention_weights(arrays.inputs)
    assert weights.shape == (40, 3, 14)
    np.testing.assert_allclose(weights.sum(axis=2), 1, atol=1e-5)
    for story, looked in zip(STORIES, weights, strict=True):
        assert (looked[:, : len(story.sentences)] > 0).all()
        assert (looked[:, len(story.sentences) :] == 0).all()
    of_words = reader.attention_weights(arrays.inputs, words=True)
    assert of_words.shape == (40, 3, 14, 9)
    np.testing.assert_allclose(of_words.sum(axis=3), weights, atol=1e-6)
    assert (of_words.transpose(0, 2, 3, 1)[arrays.sentences == 0] == 0).all()


def test_a_word_that_is_looked_at_is_said():
    reader = made(MemoryReader)
    reader.output_layer.kernel.assign(0 * reader.output_layer.kernel)
    arrays = story_arrays(STORIES, VOCABULARY, ANSWERS)
    _, weights = reader._read(arrays.inputs, training=False)
    words = arrays.sentences.reshape(len(STORIES), -1)
    for row, logits in enumerate(np.array(reader(arrays.inputs))):
        for answer, logit in zip(ANSWERS, logits, strict=True):
            looked = np.array(weights[-1])[row][words[row] == VOCABULARY.id(answer)].sum()
            assert logit == pytest.approx(np.log(1e-3 + looked), abs=1e-4)


@pytest.mark.parametrize(("kind", "kwargs"), [(RecurrentReader, {}), (MemoryReader, {"hops": 1})])
def test_they_learn(kind, kwargs):
    reader = made(kind, **kwargs)
    arrays = story_arrays(STORIES, VOCABULARY, ANSWERS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    reader.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"], jit_compile=False)
    history = reader.fit(
        arrays.inputs,
        arrays.answers,
        batch_size=20,
        epochs=40,
        verbose=0,
        callbacks=[ProgressBar()],
    ).history
    assert history["accuracy"][-1] > 0.6
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_words_of_the_story_are_marked_where_the_question_has_them():
    reader = made(MemoryReader)
    for weight in reader.question.weights:  # deaf to the question, but for the marks
        weight.assign(0 * weight)
    sentences, questions = story_arrays(STORIES, VOCABULARY, ANSWERS).inputs
    asked = np.full_like(questions, len(VOCABULARY) - 1)
    without = np.where(sentences == asked[0, 0], 1, sentences)  # no word of it in the stories
    ignored, heard = np.array(reader((without, asked))), np.array(reader((without, asked[:, :1])))
    np.testing.assert_allclose(ignored, heard, atol=1e-5)
    marked = np.array(reader((without, without[:, 0, : asked.shape[1]])))
    assert (np.abs(marked - ignored).max(axis=1) > 1e-6).all()
