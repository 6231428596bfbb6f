"""Checks of the exercises in notebook 3-3, speech recognition."""

import itertools

import numpy as np
from rapidfuzz.distance import Levenshtein

from course.checks import exercise

BLANK = 0


def _read(alignment):
    """Return what an alignment reads as, a tuple."""
    return tuple(label for label, _ in itertools.groupby(alignment) if label != BLANK)


def _lattice(labels):
    """Return the states of labels, and which may be reached past the one before."""
    states = np.zeros(2 * len(labels) + 1, int)
    states[1::2] = labels
    skips = np.zeros(len(states), bool)
    skips[3::2] = states[3::2] != states[1:-2:2]
    return states, skips


@exercise(
    "go through the frames; keep a label that is neither the blank nor the same as in the frame "
    "before. Repeats are merged first, blanks are taken out after: [1, 0, 1] reads [1, 1]."
)
def collapse(check):
    early = "blanks were taken out before repeats were merged."
    for alignment in ([0, 3, 3, 0, 5, 5], [1, 0, 1], [1, 1], [0, 0], [], [2, 0, 0, 2, 2, 1]):
        without = [k for k in alignment if k != BLANK]
        mistake = ([label for label, _ in itertools.groupby(without)], early)
        check.case(alignment, expected=list(_read(alignment)), mistakes=[mistake])
    check.passed("repeats merged, then blanks taken out")


@exercise("2 L + 1 zeros; the labels at the odd places, states[1::2].")
def with_blanks(check):
    for labels in ([3, 1, 20], [5, 5], [], [7]):
        check.case(np.array(labels, int), expected=_lattice(labels)[0])
    check.passed("a blank before, between and after the labels")


@exercise(
    "True at s where states[s] is no blank and differs from states[s - 2]; the first two states "
    "have none before to come from."
)
def may_skip(check):
    same = "between two equal labels the blank must not be left out: both would be merged."
    for labels in ([3, 1, 20], [5, 5, 2], [1, 2, 1], [], [7]):
        states, skips = _lattice(labels)
        every = np.zeros(len(states), bool)
        every[3::2] = True
        check.case(states, expected=skips, mistakes=[(every, same)])
    check.passed("past blanks, but not between equal labels")


@exercise(
    "what leads into s is alpha[s], alpha[s - 1], and alpha[s - 2] where skips[s]; add them up and "
    "multiply by y[s]. Before the first state there is nothing."
)
def forward_step(check):
    draw = np.random.default_rng(0)
    for labels in ([3, 1, 20], [5, 5, 2], [], [7]):
        _, skips = _lattice(labels)
        alpha, y = draw.random((2, len(skips)))
        before, two_before = (np.pad(alpha, (n, 0))[: len(alpha)] for n in (1, 2))
        expected = y * (alpha + before + np.where(skips, two_before, 0))
        check.case(alpha, y, skips, expected=expected)
    check.passed("on, to the next, or past a blank")


@exercise("the alignments end in the last label or in the blank after it: -log of both together.")
def loss(check):
    alphas = np.random.default_rng(1).random((4, 5))
    check.case(alphas, expected=-np.log(alphas[-1, -2:].sum()))
    alone = np.array([[0.5], [0.25]])  # no labels: the blank is the only state
    check.case(alone, expected=-np.log(0.25), label=" without labels")
    check.passed("the last two states, and the only one where nothing was said")


@exercise(
    "the gradient is y less, for each class, the occupancy of all states that stand for it: one "
    "state after another, gradient[:, states[s]] -= occupancy[:, s]."
)
def gradient(check):
    draw = np.random.default_rng(2)
    y, occupancy = draw.dirichlet(np.ones(4), 6), draw.dirichlet(np.ones(5), 6)
    states, _ = _lattice([2, 2])
    taken = np.zeros_like(y)
    np.add.at(taken, (slice(None), states), occupancy)
    last = y.copy()
    last[:, states] -= occupancy
    why = "of a class that stands at several states one was taken off: use a loop, or np.add.at."
    check.case(y, occupancy, states, expected=y - taken, mistakes=[(last, why)])
    check.passed("softmax less occupancy, the states of a class added up")


@exercise(
    "distance[i, j], the least number of edits from the first i words to the first j, is the least "
    "of distance[i - 1, j] + 1, distance[i, j - 1] + 1 and distance[i - 1, j - 1] + (0 if both "
    "words are the same, else 1); from nothing to j it is j."
)
def edit_distance(check):
    pairs = ["the cat sat|the cat sat", "the cat sat|a cat", "|one two", "one|", "a b c d|b c d e"]
    for pair in pairs:
        said, heard = (text.split() for text in pair.split("|"))
        check.case(said, heard, expected=Levenshtein.distance(said, heard))
    check.passed("words replaced, put in and left out")


@exercise(
    "for every beginning with (b, n): new[beginning] gets b' += (b + n) y[0], and n' += n "
    "y[last]; for every label k: new[beginning + (k,)] gets n' += b y[k] if k is its last label, "
    "else (b + n) y[k]. Add to what is there: that is the merging."
)
def beam_step(check):
    draw = np.random.default_rng(3)
    starts = [{(): (1.0, 0.0)}, {(1,): (0.2, 0.3), (): (0.5, 0.0)}, {(1, 2): (0.0, 0.4)}]
    for beam in starts:
        y = draw.dirichlet(np.ones(3))
        check.compare(check.run(beam, y, read=_as_lists), _as_lists(_advanced(beam, y)))
    check.passed("stays, grows, and is merged with what reads the same")


def _as_lists(beam):
    """Return a beam without what is impossible, in order, as something that can be compared."""
    return {
        str(labels): [float(b), float(n)]
        for labels, (b, n) in sorted(beam.items())
        if b + n > 0
    }  # fmt: skip


def _advanced(beam, y):
    """Return a beam a frame later."""
    after = {}
    for labels, (b, n) in beam.items():
        for k, share in enumerate(y):
            if k == BLANK:
                _add(after, labels, (b + n) * share, 0.0)
            elif labels and k == labels[-1]:
                _add(after, labels, 0.0, n * share)
                _add(after, (*labels, k), 0.0, b * share)
            else:
                _add(after, (*labels, k), 0.0, (b + n) * share)
    return after


def _add(beam, labels, b, n):
    so_far = beam.get(labels, (0.0, 0.0))
    beam[labels] = so_far[0] + b, so_far[1] + n


@exercise("log_p + weight * log_language + bonus * length.")
def fused(check):
    for values in ((-1.0, -2.0, 3, 0.5, 0.1), (-10.0, -0.5, 20, 1.0, 0.0)):
        log_p, language, length, weight, bonus = values
        check.case(*values, expected=log_p + weight * language + bonus * length)
    check.passed("what was heard, what is usual, and a bonus for each letter")


@exercise(
    "walk through the frames: where places[t] is the place of a letter, not -1 and no space, note "
    "t for its word; a word begins at the first of its frames and ends after the last."
)
def word_frames(check):
    places = np.array([-1, 0, 0, -1, 1, 2, -1, 3, 3, 4, -1])
    for text in ("ab cd", "abcde", "a b c"):
        words = np.cumsum([letter == " " for letter in text])
        expected = []
        for word in range(words[-1] + 1):
            own = [
                t for t, p in enumerate(places) if p >= 0 and text[p] != " " and words[p] == word
            ]
            expected.append([own[0], own[-1] + 1])
        check.case(places, text, expected=expected, read=lambda value: [list(v) for v in value])
    check.passed("from the first letter of each word to the last")
