"""Fair parts: works that share a melody stay on one side."""

import numpy as np


def families(melodies, run=12):
    """Number melodies so that those which have a long run in common share a number, (melodies,).

    What is compared are moves from one pitch to the next, so that the key does not count. Two
    melodies that have `run` moves in a row in common belong together, and so do those that are
    linked by a third. Runs that mostly stand still say little and do not link. A melody is an array
    of MIDI pitches, -1 for a rest, one a beat, so that passing notes are left out.

    Example:
        >>> families([np.array([60, 62, 64, 60]), np.array([65, 67, 69, 65]),
        ...           np.array([60, 59, 57, 60])], run=3).tolist()
        [0, 0, 2]
    """
    number = list(range(len(melodies)))

    def root(place):
        while number[place] != place:
            place = number[place]
        return place

    seen = {}
    for place, melody in enumerate(melodies):
        line = np.asarray(melody, dtype=int)
        moves = np.diff(line[line >= 0])
        for begin in range(len(moves) - run + 1):
            key = tuple(moves[begin : begin + run].tolist())
            if np.count_nonzero(key) < 0.4 * run:
                continue
            first, second = sorted((root(place), root(seen.setdefault(key, place))))
            number[second] = first
    return np.array([root(place) for place in range(len(melodies))])


def split(family, test=0.2, validation=0.1, seed=0):
    """Draw whole families for training, validation and test: a dict of lists of places.

    `family` is (works,) of integers, as `families` gives them; `test` and `validation` are the
    least shares of the works to hold out for these.
    """
    drawn = np.random.default_rng(seed).permutation(np.unique(family))
    parts = {"test": [], "validation": [], "training": []}
    for one in drawn:
        if len(parts["test"]) < test * len(family):
            part = "test"
        elif len(parts["validation"]) < validation * len(family):
            part = "validation"
        else:
            part = "training"
        parts[part] += np.flatnonzero(family == one).tolist()
    return {part: parts[part] for part in ("training", "validation", "test")}
