"""Putting clips into a background: gains, onsets without overlaps, and all clips at once."""

import numpy as np

from course.audio.errors import AudioError


def gain(decibels):
    """Return the factor of a gain in decibels.

    Example:
        >>> float(gain(-20)), float(round(gain(6), 2))
        (0.1, 2.0)
    """
    return 10.0 ** (np.asarray(decibels) / 20)


def random_onsets(generator, lengths, samples, gap=0):
    """Return where segments begin that are put into a clip in random order, none over another.

    What is left of the clip's `samples` is broken at random places, and the pieces are the pauses;
    `gap` is the least pause. The result, like `lengths`, is (segments,) of ints.

    Example:
        >>> first, second = random_onsets(np.random.default_rng(0), [30, 50], 100)
        >>> bool(first + 30 <= second or second + 50 <= first)
        True
    """
    lengths = np.asarray(lengths, int)
    free = samples - lengths.sum() - gap * max(0, len(lengths) - 1)
    if free < 0:
        raise AudioError(
            f"{len(lengths)} segments of {lengths.sum()} samples do not fit into {samples}."
        )
    order = generator.permutation(len(lengths))
    pauses = np.diff(np.sort(generator.integers(0, free + 1, len(lengths))), prepend=0)
    ends = np.cumsum(pauses + lengths[order] + gap) - gap
    begins = np.empty(len(lengths), int)
    begins[order] = ends - lengths[order]
    return begins


def add_segments(clips, rows, begins, samples, lengths):
    """Add segments to clips (clips, samples), in place; no two segments of a clip may overlap.

    Of each segment `rows` is the clip, `begins` the place in it, and `lengths` the length;
    `samples` are those of all segments, one after the other.

    Example:
        >>> clips = np.zeros((2, 5))
        >>> add_segments(clips, [0, 1], [3, 0], np.array([1.0, 2, 3]), [2, 1])
        >>> clips.tolist()
        [[0.0, 0.0, 0.0, 1.0, 2.0], [3.0, 0.0, 0.0, 0.0, 0.0]]
    """
    rows, begins, lengths = (np.asarray(array, int) for array in (rows, begins, lengths))
    first = rows * clips.shape[1] + begins - (np.cumsum(lengths) - lengths)
    flat = np.repeat(first, lengths) + np.arange(lengths.sum())
    clips.reshape(-1)[flat] += samples
