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

    `before` is the pitch of this voice a step ago, `was` and `other` are those of another voice a
    step ago and now, (...) of integers; -1 for a rest.
    """
    pitch = ops.arange(128, dtype="int32")
    earlier = (before - was)[..., None] % 12
    now = (pitch - other[..., None]) % 12
    both = (pitch - before[..., None]) * (other - was)[..., None]  # > 0 where they go the same way
    sounds = (ops.minimum(ops.minimum(before, was), other) >= 0)[..., None]
    kind = ops.where(sounds, ops.where(both > 0, 2, ops.where(both < 0, 1, 0)), 0)
    return (kind * 12 + earlier) * 12 + now


def at_pitches(scores, reference, limit):
    """Turn scores of intervals (..., 2 * limit + 1) into scores of pitches (..., 128).

    The intervals, ``-limit`` to ``limit``, are counted from the reference, (...) of integers. A
    pitch further away gets zero, and so does every pitch where the reference is a rest, -1.

    Example:
        >>> import numpy as np
        >>> at_pitches(np.array([1.0, 2.0, 3.0]), np.array(60), limit=1)[58:63].numpy().tolist()
        [0.0, 1.0, 2.0, 3.0, 0.0]
    """
    index = ops.arange(128, dtype="int32") - reference[..., None] + limit  # (..., 128)
    inside = (index >= 0) & (index <= 2 * limit) & (reference[..., None] >= 0)
    taken = ops.take_along_axis(scores, ops.clip(index, 0, 2 * limit), axis=-1)
    return ops.where(inside, taken, ops.zeros_like(taken))
