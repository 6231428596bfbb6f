"""Stories as arrays of ids."""

from typing import NamedTuple

import numpy as np

from seqlib import text


class StoryArrays(NamedTuple):
    """Stories, questions and answers as a model takes them."""

    sentences: np.ndarray  # (stories, sentences, words) of int32, padded with 0 on the right
    questions: np.ndarray  # (stories, words) of int32, likewise
    answers: np.ndarray  # (stories,) of int32: the place among the task's answers
    support: np.ndarray  # (stories, sentences) of bool: whether the answer follows from it

    @property
    def inputs(self):
        """What the readers take: sentences and questions, a tuple."""
        return self.sentences, self.questions


def words(sentence):
    """Return the words of a sentence in lower case, without its last mark."""
    return text.word_tokens(sentence)[:-1]


def story_vocabulary(stories):
    """Return the words of stories and questions, in alphabetical order, a `text.Vocabulary`."""
    said = (part for story in stories for part in (*story.sentences, story.question))
    return text.Vocabulary(sorted({word for sentence in said for word in words(sentence)}))


def story_arrays(stories, vocabulary, answers, shape=None):
    """Turn stories into `StoryArrays`, by a `story_vocabulary` and the answers that there are.

    `shape` is the room for sentences and for words; None for those of the longest.
    """
    longest = max(len(story.sentences) for story in stories)
    widest = max(
        len(words(part)) for story in stories for part in (*story.sentences, story.question)
    )
    height, width = shape or (longest, widest)
    if longest > height or widest > width:
        raise ValueError(
            f"shape got {shape}, but there is a story of {longest} sentences and a sentence of "
            f"{widest} words."
        )
    sentences = np.zeros((len(stories), height, width), np.int32)
    support = np.zeros((len(stories), height), bool)
    for number, story in enumerate(stories):
        told = [words(sentence) for sentence in story.sentences]
        sentences[number, : len(told)] = vocabulary.encode_batch(told, width)
        support[number, list(story.support)] = True
    questions = vocabulary.encode_batch([words(story.question) for story in stories], width)
    places = {answer: place for place, answer in enumerate(answers)}
    wanted = np.array([places[story.answer] for story in stories], np.int32)
    return StoryArrays(sentences, questions, wanted, support)
