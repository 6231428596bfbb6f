"""Pitches by what they make with other pitches: intervals, degrees of a key, motions of two voices.

Every function takes arrays of any one shape, and works on whole pieces as on single notes.
"""

from keras import ops

# Kind of motion (0 where a voice rests or stays, 1 contrary, 2 similar), interval before and
# interval after, these two modulo twelve.
MOTIONS = 3 * 12 * 12


def interval_row(pitch, other, limit):
    """Return the row of an interval in a table of ``2 * limit + 2``; 0 where either is a rest."""
    both = ops.logical_and(pitch >= 0, other >= 0)
    return ops.where(both, ops.clip(pitch - other, -limit, limit) + limit + 1, 0)


def at_degrees(scores, sharps):
    """Turn scores of the degrees of a key (..., 12) into scores of pitches (..., 128)."""
    degrees = degree(ops.arange(128, dtype="int32"), sharps[..., None])
    return ops.take_along_axis(scores, degrees, axis=-1)


def degree(pitch, sharps):
    """Return semitones above the tonic of the major key, 0 to 11; each sharp takes it up seven."""
    return (pitch - 7 * sharps) % 12


def motion_row(before, was, other):
    """Return for each pitch that a voice may go to the row of `MOTIONS` of that motion, (..., 128).

    Args:
        before: Pitch of this voice a step ago, (...) of integers; -1 for a rest.
        was: Pitch of another voice a step ago, (...).
        other: Pitch of the other voice now, (...).
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
    index = ops.arange(128, dtype="int32") - reference[..., None] + limit  # (..., 128)
    inside = (index >= 0) & (index <= 2 * limit) & (reference[..., None] >= 0)
    taken = ops.take_along_axis(scores, ops.clip(index, 0, 2 * limit), axis=-1)
    return ops.where(inside, taken, ops.zeros_like(taken))
