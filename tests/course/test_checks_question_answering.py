"""The checks of notebook 4-3: right answers pass, typical wrong ones and empty ones do not."""

import re
import string
from collections import Counter

import numpy as np
import pytest

from course.checks import CheckFailed
from course.checks import question_answering as checks


def marks(sentences, question):
    return np.isin(sentences, question) & (sentences != 0)


def hop(memory, asked, keys, real, kernel, bias):
    scores = np.where(real, keys @ memory / np.sqrt(len(memory)), -1e9)
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    everything = np.concatenate([memory, weights @ keys, asked])
    return np.maximum(0, everything @ kernel + bias), weights


def pointed(weights, words, answers):
    return np.array([weights[words == answer].sum() for answer in answers])


def normalise(answer):
    plain = "".join(mark for mark in answer.lower() if mark not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def f1(given, wanted):
    given, wanted = given.split(), wanted.split()
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted)) if common else 0.0


def window_begins(size, room, stride):
    begins = [0]
    while begins[-1] + room < size:
        begins.append(begins[-1] + stride)
    return begins


def answer_pieces(spans, begin, end):
    touched = [place for place, (b, e) in enumerate(spans) if b < end and e > begin]
    return touched[0], touched[-1]


def best_span(start, end, allowed, longest):
    best = -np.inf, 0, 0
    for first in np.flatnonzero(allowed):
        for last in range(first, min(first + longest, len(end))):
            if allowed[last]:
                best = max(best, (start[first] + end[last], first, last))
    return best[1:]


SOLUTIONS = [
    marks,
    hop,
    pointed,
    normalise,
    f1,
    window_begins,
    answer_pieces,
    best_span,
]


def padding_marked(sentences, question):
    return np.isin(sentences, question)


def whole_sentences_marked(sentences, question):
    return np.broadcast_to(marks(sentences, question).any(axis=1, keepdims=True), sentences.shape)


def not_scaled(memory, asked, keys, real, kernel, bias):
    return hop(np.sqrt(len(memory)) * memory, asked, keys, real, kernel, bias)


def without_mask(memory, asked, keys, real, kernel, bias):
    return hop(memory, asked, keys, np.ones_like(real), kernel, bias)


def without_relu(memory, asked, keys, real, kernel, bias):
    _, weights = hop(memory, asked, keys, real, kernel, bias)
    everything = np.concatenate([memory, weights @ keys, asked])
    return everything @ kernel + bias, weights


def largest_alone(weights, words, answers):
    return np.array([max(weights[words == answer], default=0) for answer in answers])


def articles_within_words(answer):
    plain = "".join(mark for mark in answer.lower() if mark not in string.punctuation)
    return " ".join(re.sub("an|the|a", "", plain).split())


def marks_to_spaces(answer):
    plain = "".join(" " if mark in string.punctuation else mark for mark in answer.lower())
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def articles_first(answer):
    plain = re.sub(r"\b(a|an|the)\b", " ", answer.lower())
    return " ".join("".join(mark for mark in plain if mark not in string.punctuation).split())


def as_sets(given, wanted):
    return f1(" ".join(set(given.split())), " ".join(set(wanted.split())))


def precision(given, wanted):
    common = sum((Counter(given.split()) & Counter(wanted.split())).values())
    return common / max(1, len(given.split()))


def one_too_many(size, room, stride):
    return list(range(0, size, stride))


def last_one_lost(size, room, stride):
    return list(range(0, max(size - room, 1), stride))[: 1 + max(size - room, 0) // stride]


def last_piece_after_the_answer(spans, begin, end):
    first, last = answer_pieces(spans, begin, end)
    return first, last + 1


def whole_pieces_alone(spans, begin, end):
    inside = [place for place, (b, e) in enumerate(spans) if begin <= b and e <= end]
    return (inside[0], inside[-1]) if inside else (0, 0)


def each_by_itself(start, end, allowed, longest):
    return int(np.argmax(start)), int(np.argmax(end))


def not_in_the_passage(start, end, allowed, longest):
    return best_span(start, end, np.ones_like(allowed), longest)


def as_long_as_it_likes(start, end, allowed, longest):
    return best_span(start, end, allowed, len(start))


def one_longer(start, end, allowed, longest):
    return best_span(start, end, allowed, longest + 1)


WRONG = [
    (checks.marks, padding_marked),
    (checks.marks, whole_sentences_marked),
    (checks.hop, not_scaled),
    (checks.hop, without_mask),
    (checks.hop, without_relu),
    (checks.pointed, largest_alone),
    (checks.normalise, articles_within_words),
    (checks.normalise, marks_to_spaces),
    (checks.normalise, articles_first),
    (checks.normalise, str.lower),
    (checks.f1, as_sets),
    (checks.f1, precision),
    (checks.window_begins, one_too_many),
    (checks.window_begins, last_one_lost),
    (checks.answer_pieces, last_piece_after_the_answer),
    (checks.answer_pieces, whole_pieces_alone),
    (checks.best_span, each_by_itself),
    (checks.best_span, not_in_the_passage),
    (checks.best_span, as_long_as_it_likes),
    (checks.best_span, one_longer),
]


@pytest.mark.parametrize(("check", "wrong"), WRONG, ids=lambda function: function.__name__)
def test_typical_wrong_answers_fail_with_a_hint(check, wrong):
    with pytest.raises(CheckFailed, match="Hint"):
        check(wrong)
