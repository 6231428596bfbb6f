"""The evaluation by analogies: the same answers as one question at a time."""

import math

import numpy as np
import pytest

from seqlib.word_vectors import Section, WordVectors, analogies, evaluate
from tests.seqlib.word_vectors.files import numbers

WORDS = [f"w{n}" for n in range(300)]


@pytest.fixture
def vectors():
    return WordVectors(WORDS, numbers(300, 5))


@pytest.fixture
def questions(vectors):
    """Questions of which about half are answered rightly: the answer stands a few words off."""
    draw = np.random.default_rng(1)
    found = []
    for _ in range(60):
        a, b, c = draw.choice(WORDS[:90], 3, replace=False).tolist()
        best = vectors.analogy(a, b, c, k=2)
        found.append([a, b, c, best[int(draw.integers(2))][0]])
    return found


@pytest.mark.parametrize("at_once", [1, 2100, 16_000_000])
@pytest.mark.parametrize("vocabulary", [None, 100])
def test_the_same_answers_as_one_at_a_time(vectors, questions, monkeypatch, at_once, vocabulary):
    monkeypatch.setattr(analogies, "_SCORES", at_once)
    sections = {"first": questions[:20], "empty": [], "second": questions[20:]}
    *found, total = evaluate(vectors, sections, vocabulary)
    known = set(WORDS[:vocabulary])
    for section, (name, asked) in zip(found, sections.items(), strict=True):
        asked = [question for question in asked if set(question) <= known]
        right = [
            question[3] == vectors.analogy(*question[:3], vocabulary=vocabulary)[0][0]
            for question in asked
        ]
        assert section == Section(name, sum(right), len(asked), len(sections[name]))
    assert total == Section("all", sum(one.correct for one in found), total.asked, 60)
    assert 0 < total.correct < total.asked
    assert total.accuracy == total.correct / total.asked
    assert math.isnan(found[1].accuracy)


def test_words_that_differ_in_case_are_one_and_there_may_be_no_question(vectors):
    words = ["He", "she", "King", "king", "queen", "Queen", "he"]
    matrix = [[1, 0], [0, 1], [2, 1], [5, 1], [1, 2], [1, 5], [-1, -1]]
    vectors = WordVectors(words, matrix)
    sections = {"royal": [["he", "SHE", "king", "QUEEN"]]}
    assert evaluate(vectors, sections)[-1] == Section("all", 1, 1, 1)
    # Where case matters, two of the words are not known.
    assert evaluate(vectors, sections, fold=None)[-1] == Section("all", 0, 0, 1)
    # Forms of the words of the question are no answers: "king" is nearest, but it is asked for.
    near = WordVectors(words, [[1, 0], [0, 1], [2, 1], [1, 2.1], [1, 1.8], [0, -1], [-1, -1]])
    assert evaluate(near, sections)[-1].correct == 1
    assert evaluate(vectors, {})[-1] == Section("all", 0, 0, 0)
    assert evaluate(vectors, {"x": [["none"] * 4]})[-1] == Section("all", 0, 0, 1)
