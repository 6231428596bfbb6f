"""What can be answered without learning: any span, and the words beside those of the question."""

import math
import random
from collections import Counter

import numpy as np

from seqlib import text

LONGEST = 5  # words in a candidate

# Words that are in no candidate.
_LISTED = """
a about after against all also an and any are as at be been before being between both but by can
could did do does during each for from had has have he her his how i if in into is it its many more
most much name no not of on one or other our out over s she should so some such than that the their
them then there these they this those through to under until up was we were what when where which
while who whom whose why will with would you your
"""
_SMALL = frozenset(_LISTED.split())


def random_answers(passages, seed=0, longest=LONGEST):
    """Answer with some words of the passage, drawn without a look at the question.

    Args:
        passages: List of strings.
        seed: Seed of the draw.
        longest: Most words of an answer; each number up to it is as likely.

    Returns:
        A list of strings, as they stand in the passages.

    Example:
        >>> random_answers(["Alma lives in Rome, near the river."] * 3, seed=1)
        ['near the', 'in', 'Rome,']
    """
    draw, found = random.Random(seed), []
    for passage in passages:
        words = _places(passage.split(), passage)
        count = draw.randint(1, min(longest, len(words)))
        first = draw.randrange(len(words) - count + 1)
        found.append(passage[words[first][0] : words[first + count - 1][1]])
    return found


def sliding_window_answers(questions, passages):
    r"""Answer with the words that stand among most of the question's.

    Candidates are the longest runs of words in which no mark, no small word and no word of the
    question stands. Each is looked at in windows that are as long as question and candidate
    together; the best window counts:

    $$\max_{\text{window}} \sum_{w \in \text{window} \cap Q} \log(1 + 1 / c(w))$$

    with $c(w)$ how often the passage has the word, so that rare words say more. Of equal ones the
    first is taken.

    Args:
        questions: List of strings.
        passages: As many.

    Returns:
        A list of strings, as they stand in the passages; the first word of a passage that has no
        candidate.

    Example:
        >>> passage = "Bruno was born in Oslo. Clara, a baker, moved to Rome in 1990."
        >>> sliding_window_answers(["Where was Bruno born?", "Who moved to Rome?"], [passage] * 2)
        ['Oslo', 'baker']

    Source:
        Richardson, Burges & Renshaw, MCTest (2013), the sliding window; its candidates there are
        given.
    """
    return [
        _sliding_window(question, passage)
        for question, passage in zip(questions, passages, strict=True)
    ]


def _sliding_window(question, passage):
    words = text.word_tokens(passage)
    places = _places(words, passage.lower().replace("\u2019", "'"))
    counts = Counter(words)
    asked = set(text.word_tokens(question))
    weights = np.array([math.log(1 + 1 / counts[word]) for word in words])
    hits = np.array([word in asked and word.isalnum() for word in words]) * weights
    sums = np.concatenate([[0.0], np.cumsum(hits)])
    best = -1.0, 0, 0
    for first, last in _candidates(words, asked):
        size = len(asked) + last - first + 1
        begins = np.arange(max(0, last + 1 - size), max(0, min(first, len(words) - size)) + 1)
        around = (sums[np.minimum(begins + size, len(words))] - sums[begins]).max()
        if around > best[0]:
            best = around, first, last
    _, first, last = best
    return passage[places[first][0] : places[last][1]]


def _candidates(words, asked):
    """Yield first and last word of each candidate."""
    good = [
        word not in asked and word not in _SMALL and (word[0].isalnum() or word in "%$€£-–")
        for word in words
    ]
    first = None
    for place, is_good in enumerate([*good, False]):
        if is_good and first is None:
            first = place
        elif not is_good and first is not None:
            yield first, place - 1
            first = None


def _places(words, passage):
    """Return where each of the words, which follow one another, stands in a text.

    Example:
        >>> _places(["to", "be", "to"], "to be, to")
        [(0, 2), (3, 5), (7, 9)]
    """
    places, begin = [], 0
    for word in words:
        begin = passage.index(word, begin)
        places.append((begin, begin + len(word)))
        begin += len(word)
    return places
