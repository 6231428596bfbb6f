"""Checks of the exercises in notebook 4-3, question answering."""

import itertools

import numpy as np

from course.checks import exercise
from course.questions import spans as packaged
from seqlib import metrics


@exercise(
    "np.isin(sentences, question) compares every word with all of the question; padding, 0, "
    "stands in both and is no word, so it must stay 0."
)
def marks(check):
    sentences = np.array([[4, 7, 2, 0], [5, 7, 9, 4], [6, 0, 0, 0]])
    both = np.array([[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]])
    check.case(sentences, np.array([9, 4, 0]), expected=both)
    check.case(sentences, np.array([8, 3, 1]), expected=np.zeros((3, 4)))
    check.passed("words that both have, and padding is none")


@exercise(
    "scores keys @ memory / sqrt(d), -1e9 where not real; their softmax; what was found is "
    "weights @ keys; then np.concatenate([memory, found, asked]) @ kernel + bias, and nothing "
    "below zero."
)
def hop(check):
    generator = np.random.default_rng(3)
    for words, there in ((6, 6), (6, 4), (1, 1)):
        memory, asked = generator.normal(size=(2, 4))
        keys, real = 2 * generator.normal(size=(words, 4)), np.arange(words) < there
        kernel, bias = generator.normal(size=(12, 4)), generator.normal(size=4)
        weights = np.exp([key @ memory / 2 for key in keys]) * real
        weights /= weights.sum()
        found = sum(weight * key for weight, key in zip(weights, keys, strict=True))
        new = memory @ kernel[:4] + found @ kernel[4:8] + asked @ kernel[8:] + bias
        arguments = memory, asked, keys, real, kernel, bias
        check.case(*arguments, expected=(new.clip(0), weights), label=f", {there} real words")
    check.passed("weights sum to one over the words that are there; the new memory")


@exercise(
    "for each answer the sum of the weights at the places where the story has that word: "
    "(words == answer) is where; sum over all sentences, for a word may stand in several."
)
def pointed(check):
    weights = np.array([[0.1, 0.2, 0.05], [0.3, 0.25, 0.1]])
    words = np.array([[4, 7, 2], [5, 7, 4]])
    check.case(weights, words, [7, 4, 9], expected=np.array([0.45, 0.2, 0.0]))
    check.passed("a word in two sentences, and one that is in none")


@exercise(
    "in this order: lower(); the marks of string.punctuation out, with nothing in their place; "
    "the whole words a, an, the out (re.sub with \\b on either side); ' '.join(x.split())."
)
def normalize(check):
    cases = {
        "The Normans": "normans", "the  U.S.\tSenate ": "us senate", "an apple, a day": "apple day",
        "Theatre": "theatre", "Banana": "banana", "well-known": "wellknown", "THE": "",
        "1990–95": "1990–95", "$5.3 million": "53 million", "a.m.": "am", "the-a": "thea",
    }  # fmt: skip
    for answer, expected in cases.items():
        check.case(answer, expected=expected)
    check.passed(f"{len(cases)} answers: case, marks, articles, spaces, in that order")


@exercise(
    "Counter(words) & Counter(wanted) is what both have, each as often as both have it; its "
    "sum over the number of words given is the precision, over those wanted the recall; "
    "without anything in common it is 0."
)
def f1(check):
    pairs = [
        ("Normans", "Normans"), ("in year 1066", "1066"), ("1066", "in year 1066"),
        ("rollo", "normans"), ("york new york", "new york"), ("york york", "new york"), ("", ""),
    ]  # fmt: skip
    for given, wanted in pairs:
        check.case(given, wanted, expected=metrics.token_f1(given, wanted))
    check.passed("half right, nothing right, words that come twice")


@exercise(
    "the first begins at 0, each next one `stride` later, and the last is the first that "
    "reaches the end: begin + room >= size. range(0, max(size - room, 0) + stride, stride)."
)
def window_begins(check):
    for size, stride in itertools.product((1, 9, 10, 11, 14, 15, 31), (1, 4, 10)):
        expected = [0]
        while expected[-1] + 10 < size:
            expected.append(expected[-1] + stride)
        check.case(size, 10, stride, expected=expected, read=list)
    check.passed("passages that fit, that fit just so, and long ones")


@exercise(
    "a piece (b, e) is touched where b < end and e > begin; the first such piece and the last."
)
def answer_pieces(check):
    spans = [(0, 3), (4, 7), (7, 9), (9, 10), (11, 15)]  # the emb ##ed , here
    cases = [(0, 3), (4, 9), (5, 6), (6, 8), (4, 10), (0, 15), (9, 10), (12, 13), (7, 11)]
    for begin, end in cases:
        check.case(spans, begin, end, expected=packaged.pieces_of(spans, begin, end))
    check.passed("one piece, several, and an answer that begins inside a piece")


@exercise(
    "try every first piece i that is allowed and every last piece j from i to i + longest - 1 "
    "that is allowed too; keep the pair with the largest start[i] + end[j]."
)
def best_span(check):
    generator = np.random.default_rng(5)
    for forbidden, longest in itertools.product(range(4), (1, 2, 3)):
        for start, end in 3 * generator.normal(size=(3, 2, 9)):
            allowed = np.arange(9) >= forbidden
            first, last, _ = packaged.best_spans([start], [end], [allowed], longest)
            label = f", longest={longest}, the first {forbidden} pieces forbidden"
            expected = first[0], last[0]
            check.case(start, end, allowed, longest, expected=expected, label=label)
    check.passed("never backwards, never too long, never in the question")
