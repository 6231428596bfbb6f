"""Sound as numbers: any kind of them, any number of channels, any rate."""

import math

import numpy as np

from course.audio.errors import AudioError

RATE = 16_000  # samples a second, of all sound in this room

_CANCELLED = 0.05  # of the energy that the mean of unrelated channels has


def to_mono(samples):
    """Return (samples,) or (samples, channels) as one channel of float32.

    Integers are scaled by their kind to -1 to 1. Channels are averaged; where they cancel one
    another out, as when one is inverted, the loudest alone is taken.
    """
    return mixed(_floats(samples))[0]


def to_int16(samples):
    """Return sound as 16-bit integers of the same shape: floats from -1 to 1, or any integers.

    Raises:
        AudioError: It is no sound, or louder than full scale.

    Example:
        >>> to_int16([0.0, 1.0, -0.5]).tolist()
        [0, 32767, -16384]
    """
    samples = np.asarray(samples)
    if samples.dtype == np.int16:
        return samples
    samples = _floats(samples)
    peak = np.abs(samples).max(initial=0)
    if peak > 1:
        raise AudioError(
            f"The samples go up to {peak:.3g}; full scale is 1. Make them softer, for instance "
            "samples / np.abs(samples).max()."
        )
    # 32,768, so that what was read from 16 bits is written as it was; full scale is one less.
    return np.minimum(np.round(32768 * samples), 32767).astype("int16")


def resample(samples, rate, new_rate=RATE):
    """Return sound (samples,) at another rate, float32, free of what the new rate cannot hold.

    Example:
        >>> resample(np.ones(44_100), 44_100, 16_000).shape
        (16000,)
    """
    check_rate(rate)
    check_rate(new_rate)
    if rate == new_rate:
        return np.asarray(samples, "float32")
    from scipy.signal import resample_poly

    common = math.gcd(int(rate), int(new_rate))
    up, down = int(new_rate) // common, int(rate) // common
    return resample_poly(np.asarray(samples, "float32"), up, down).astype("float32")


def mixed(samples):
    """Return one channel of floats (samples,) or (samples, channels), and whether they cancel."""
    if samples.ndim == 1:
        return samples, False
    mono = samples.mean(axis=1)
    energy = np.sum(np.square(samples), axis=0)
    # What the mean of as many unrelated channels would have.
    unrelated = energy.mean() / samples.shape[1]
    cancel = bool(np.sum(np.square(mono)) < _CANCELLED * unrelated)
    return (samples[:, energy.argmax()] if cancel else mono), cancel


def check_rate(rate, subject=""):
    """Refuse a number of samples a second that no sound has."""
    if not (float(rate).is_integer() and 1000 <= rate <= 768_000):
        raise AudioError(
            f"{subject}{rate!r} samples a second: it must be 1,000 to 768,000, and whole."
        )


def _floats(samples):
    """Return sound of any kind of number as float32, or refuse it."""
    samples = np.asarray(samples)
    if samples.dtype.kind not in "fiu" or samples.ndim not in (1, 2) or 0 in samples.shape[1:]:
        raise AudioError(
            f"Sound is an array (samples,) or (samples, channels) of numbers; this is "
            f"{samples.dtype} of shape {samples.shape}."
        )
    if samples.dtype.kind == "u":
        half = (np.iinfo(samples.dtype).max + 1) / 2
        samples = samples.astype("float32") / half - 1  # unsigned samples rest in the middle
    elif samples.dtype.kind == "i":
        samples = samples.astype("float32") / -float(np.iinfo(samples.dtype).min)
    if not np.all(np.isfinite(samples)):
        raise AudioError("There are samples that are no numbers (NaN or infinite).")
    return samples.astype("float32")
