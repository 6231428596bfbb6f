"""Clips as pydub's segments, to be cut, laid over one another and made louder or softer."""

import warnings

import numpy as np

from course.audio.samples import RATE, to_int16

with warnings.catch_warnings():
    # pydub looks for ffmpeg, which nothing here needs, and was written for older Pythons.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment


def segment(samples, rate=RATE):
    """Return samples as a pydub segment of 16 bits and one channel; its slices are in milliseconds.

    Samples (samples,) are floats between -1 and 1, or integers; `rate` is samples a second.

    Example:
        >>> len(segment(np.zeros(16_000)))
        1000
    """
    content = to_int16(samples).astype("<i2").tobytes()
    return AudioSegment(content, sample_width=2, frame_rate=rate, channels=1)


def samples_of(clip):
    """Return the samples of a pydub segment of one channel and 16 bits: (samples,) of float32."""
    return np.frombuffer(clip.raw_data, "<i2").astype("float32") / 32768
