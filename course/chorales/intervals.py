"""Pitches by what they make with other pitches: intervals, degrees of a key, motions of two voices.

Every function takes arrays of any one shape, and works on whole pieces as on single notes.
"""

from keras import ops

MOTIONS = 3 * 12 * 12  # kind of motion, interval before, interval after


def interval_row(pitch, other, limit):
    """Return the row of an interval in a table of ``2 * limit + 2`` rows.

    Args:
        pitch: MIDI pitches, (...) of integers; -1 for a rest.
        other: Those that the interval is counted from, (...).
        limit: Semitones; what is larger counts as this.

    Returns:
        (...) of integers; 0 where either is a rest.

    Example:
        >>> import numpy as np
        >>> interval_row(np.array([67, 60, -1]), np.array([60, 67, 60]), limit=12).numpy().tolist()
        [20, 6, 0]
    """
    both = ops.logical_and(pitch >= 0, other >= 0)
    return ops.where(both, ops.clip(pitch - other, -limit, limit) + limit + 1, 0)


def at_degrees(scores, sharps):
    """Turn scores of the degrees of a key into scores of pitches.

    Args:
        scores: Of the twelve semitones above the tonic of the major key, (..., 12).
        sharps: Of the key signature, (...) of integers.

    Returns:
        (..., 128).

    Example:
        >>> import numpy as np
        >>> in_g = at_degrees(np.arange(12.0), np.array(1))
        >>> in_g[67].numpy().item(), in_g[66].numpy().item()
        (0.0, 11.0)
    """
    degrees = degree(ops.arange(128, dtype="int32"), sharps[..., None])
    return ops.take_along_axis(scores, degrees, axis=-1)


def degree(pitch, sharps):
    """Return semitones above the tonic of the major key, 0 to 11; each sharp takes it up seven."""
    return (pitch - 7 * sharps) % 12


def motion_row(before, was, other):
    """Return which motion of two voices each pitch would be.

    Args:
        before: Pitch of this voice a step ago, (...) of integers; -1 for a rest.
        was: Pitch of another voice a step ago, (...).
        other: Pitch of the other voice now, (...).

    Returns:
        (..., 128) of integers: for each pitch that this voice might go to, the row in a table of
        `MOTIONS` rows, by kind of motion, interval before and interval after, these two modulo
        twelve. The kind is 0 where a voice rests or stays, 1 for contrary and 2 for similar motion.

    Example:
        >>> import numpy as np
        >>> rows = motion_row(np.array(53), np.array(60), np.array(62))  # F below C, C goes to D
        >>> kind, before, after = np.unravel_index(rows[55], (3, 12, 12))  # ... and F to G
        >>> int(kind), int(before), int(after)
        (2, 5, 5)
    """
    pitch = ops.arange(128, dtype="int32")
    earlier = (before - was)[..., None] % 12
    now = (pitch - other[..., None]) % 12
    both = (pitch - before[..., None]) * (other - was)[..., None]  # > 0 where they go the same way
    sounds = (ops.minimum(ops.minimum(before, was), other) >= 0)[..., None]
    kind = ops.where(sounds, ops.where(both > 0, 2, ops.where(both < 0, 1, 0)), 0)
    return (kind * 12 + earlier) * 12 + now


def at_pitches(scores, reference, limit):
    """Turn scores of intervals into scores of pitches.

    Args:
        scores: Of the intervals ``-limit`` to ``limit``, (..., 2 * limit + 1).
        reference: Pitches that the intervals are counted from, (...) of integers; -1 for a rest.
        limit: Semitones.

    Returns:
        (..., 128). A pitch further than `limit` from the reference gets zero, and so does every
        pitch where the reference is a rest.

    Example:
        >>> import numpy as np
        >>> at_pitches(np.array([1.0, 2.0, 3.0]), np.array(60), limit=1)[58:63].numpy().tolist()
        [0.0, 1.0, 2.0, 3.0, 0.0]
    """
    place = ops.arange(128, dtype="int32") - reference[..., None] + limit  # (..., 128)
    inside = (place >= 0) & (place <= 2 * limit) & (reference[..., None] >= 0)
    taken = ops.take_along_axis(scores, ops.clip(place, 0, 2 * limit), axis=-1)
    return ops.where(inside, taken, ops.zeros_like(taken))
