"""Checks of the exercises in notebook 4-3, question answering."""

import itertools

import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed
from course.questions import spans as packaged
from seqlib import metrics


def marks(learner):
    """Check which words of a story also stand in its question."""
    hint = (
        "np.isin(sentences, question) compares every word with all of the question; padding, 0, "
        "stands in both and is no word, so it must stay 0."
    )
    sentences = np.array([[4, 7, 2, 0], [5, 7, 9, 4], [6, 0, 0, 0]])
    cases = [
        ([9, 4, 0], [[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]),
        ([8, 3, 1], np.zeros((3, 4))),
    ]
    for question, expected in cases:
        with attempt("marks", hint):
            value = learner(sentences.copy(), np.array(question))
        value = answered("marks", value, hint)
        with attempt("marks", hint):
            value = np.asarray(value, float)
        compare("marks", value, np.asarray(expected, float), hint)
    passed("marks", "words that both have, and padding is none")


def _hop(memory, asked, keys, real, kernel, bias):
    scores = np.where(real, keys @ memory / np.sqrt(len(memory)), -np.inf)
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    new = np.concatenate([memory, weights @ keys, asked]) @ kernel + bias
    return np.maximum(new, 0), weights


def hop(learner):
    """Check one look at the story, and the new question made of it."""
    hint = (
        "scores keys @ memory / sqrt(d), -1e9 where not real; their softmax; what was found is "
        "weights @ keys; then np.concatenate([memory, found, asked]) @ kernel + bias, and nothing "
        "below zero."
    )
    generator = np.random.default_rng(3)
    for words, there in ((6, 6), (6, 4), (1, 1)):
        memory, asked = generator.normal(size=(2, 4))
        keys, real = 2 * generator.normal(size=(words, 4)), np.arange(words) < there
        kernel, bias = generator.normal(size=(12, 4)), generator.normal(size=4)
        with attempt("hop", hint):
            value = learner(memory.copy(), asked, keys.copy(), real, kernel, bias)
        value = answered("hop", value, hint, count=2)
        expected = _hop(memory, asked, keys, real, kernel, bias)
        for name, got, right in zip(("memory", "weights"), value, expected, strict=True):
            compare(f"hop, {name}", got, right, hint)
    passed("hop", "weights sum to one over the words that are there; the new memory")


def pointed(learner):
    """Check how much of a hop's attention each answer gets."""
    hint = (
        "for each answer the sum of the weights at the places where the story has that word: "
        "(words == answer) is where; sum over all sentences, for a word may stand in several."
    )
    weights = np.array([[0.1, 0.2, 0.05], [0.3, 0.25, 0.1]])
    words = np.array([[4, 7, 2], [5, 7, 4]])
    with attempt("pointed", hint):
        value = learner(weights, words, [7, 4, 9])
    compare("pointed", answered("pointed", value, hint), np.array([0.45, 0.2, 0.0]), hint)
    passed("pointed", "a word in two sentences, and one that is in none")


def normalise(learner):
    """Check what SQuAD leaves out before it compares answers."""
    hint = (
        "in this order: lower(); the marks of string.punctuation out, with nothing in their place; "
        "the whole words a, an, the out (re.sub with \\b on either side); ' '.join(x.split())."
    )
    cases = {
        "The Normans": "normans", "the  U.S.\tSenate ": "us senate", "an apple, a day": "apple day",
        "Theatre": "theatre", "Banana": "banana", "well-known": "wellknown", "THE": "",
        "1990–95": "1990–95", "$5.3 million": "53 million", "a.m.": "am", "the-a": "thea",
    }  # fmt: skip
    for answer, expected in cases.items():
        with attempt("normalise", hint):
            value = learner(answer)
        value = answered("normalise", value, hint)
        if value != expected:
            raise CheckFailed(
                f"normalise: for {answer!r} given {value!r}; expected {expected!r}.\n  Hint: {hint}"
            )
    passed("normalise", f"{len(cases)} answers: case, marks, articles, spaces, in that order")


def f1(learner):
    """Check the F1 of the words of two answers."""
    hint = (
        "Counter(words) & Counter(wanted) is what both have, each as often as both have it; its "
        "sum over the number of words given is the precision, over those wanted the recall; "
        "without anything in common it is 0."
    )
    pairs = [
        ("Normans", "Normans"), ("in year 1066", "1066"), ("1066", "in year 1066"),
        ("rollo", "normans"), ("york new york", "new york"), ("york york", "new york"), ("", ""),
    ]  # fmt: skip
    for given, wanted in pairs:
        with attempt("f1", hint):
            value = learner(given, wanted)
        value = answered("f1", value, hint)
        compare(f"f1({given!r}, {wanted!r})", value, metrics.token_f1(given, wanted), hint)
    passed("f1", "half right, nothing right, words that come twice")


def window_begins(learner):
    """Check where the windows of a passage begin."""
    hint = (
        "the first begins at 0, each next one `stride` later, and the last is the first that "
        "reaches the end: begin + room >= size. range(0, max(size - room, 0) + stride, stride)."
    )
    for size, room, stride in itertools.product((1, 9, 10, 11, 14, 15, 31), (10,), (1, 4, 10)):
        expected, begin = [0], 0
        while begin + room < size:
            begin += stride
            expected.append(begin)
        with attempt("window_begins", hint):
            value = learner(size, room, stride)
        value = answered("window_begins", value, hint)
        with attempt("window_begins", hint):
            value = [int(begin) for begin in value]
        if value != expected:
            raise CheckFailed(
                f"window_begins: for size {size}, room {room}, stride {stride} given {value}; "
                f"expected {expected}.\n  Hint: {hint}"
            )
    passed("window_begins", "passages that fit, that fit just so, and long ones")


def answer_pieces(learner):
    """Check which pieces an answer touches."""
    hint = (
        "a piece (b, e) is touched where b < end and e > begin; the first such piece and the last."
    )
    spans = [(0, 3), (4, 7), (7, 9), (9, 10), (11, 15)]  # the emb ##ed , here
    cases = [(0, 3), (4, 9), (5, 6), (6, 8), (4, 10), (0, 15), (9, 10), (12, 13), (7, 11)]
    for begin, end in cases:
        with attempt("answer_pieces", hint):
            value = learner(spans, begin, end)
        value = answered("answer_pieces", value, hint, count=2)
        with attempt("answer_pieces", hint):
            value = tuple(int(place) for place in value)
        expected = packaged.pieces_of(spans, begin, end)
        if value != expected:
            raise CheckFailed(
                f"answer_pieces: for characters {begin} to {end} given {value}; expected "
                f"{expected}.\n  Hint: {hint}"
            )
    passed("answer_pieces", "one piece, several, and an answer that begins inside a piece")


def best_span(learner):
    """Check the best span of those that are allowed."""
    hint = (
        "try every first piece i that is allowed and every last piece j from i to i + longest - 1 "
        "that is allowed too; keep the pair with the largest start[i] + end[j]."
    )
    generator = np.random.default_rng(5)
    for number in range(30):
        start, end = 3 * generator.normal(size=(2, 9))
        allowed = np.arange(9) >= number % 4
        longest = 1 + number % 3
        first, last, _ = packaged.best_spans([start], [end], [allowed], longest)
        with attempt("best_span", hint):
            value = learner(start.copy(), end.copy(), allowed, longest)
        value = answered("best_span", value, hint, count=2)
        with attempt("best_span", hint):
            value = tuple(int(place) for place in value)
        if value != (first[0], last[0]):
            raise CheckFailed(
                f"best_span: given {value}; expected {(int(first[0]), int(last[0]))}, with "
                f"longest={longest} and pieces 0 to {number % 4 - 1} forbidden.\n  Hint: {hint}"
            )
    passed("best_span", "never backwards, never too long, never in the question")
