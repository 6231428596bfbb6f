"""Recordings to learn from and to be measured by: spectrograms of speech before a little noise."""

from typing import NamedTuple

import keras
import numpy as np

from course.audio import background
from course.audio.mixing import gain
from course.audio.samples import RATE
from course.audio.speech import Speech, Utterance, cached_speech
from course.bucketing import like_lengths
from course.speech_recognition.spoken_dates import spoken_dates
from course.trigger_word.voices import ACCENTS, VOICES
from seqlib.compiled import BACKEND
from seqlib.layers.log_mel import HOP, LogMel

SLOWEST, FASTEST = 90, 170  # words a minute: above, letters have less than two of our frames

_WIDTHS = tuple(range(64, 1601, 64))  # frames, for which the spectrogram is compiled
_AT_ONCE = 64


class Said(NamedTuple):
    """What was said, and its sound."""

    texts: list
    speech: Speech


class Recordings(NamedTuple):
    """What was said, and what a microphone made of it."""

    texts: list
    spectrograms: list  # for each text (frames, bands) of float16


def utterances(texts, part, seed):
    """Have texts said by the voices of a part, of espeak-ng: a list of `Utterance`."""
    generator = np.random.default_rng(seed)
    return [
        Utterance(
            text,
            f"{generator.choice(ACCENTS)}+{generator.choice(VOICES[part])}",
            rate=int(generator.integers(SLOWEST, FASTEST + 1)),
            pitch=int(generator.integers(25, 81)),
            range=int(generator.integers(30, 71)),
        )
        for text in texts
    ]


def dates(number, part, seed):
    """Have dates of a part said by its voices, which neither occur in another: `Said`.

    The first time espeak-ng speaks them, about a hundred a second.
    """
    texts = [text for text, _ in spoken_dates(number, part, seed)]
    return Said(texts, cached_speech(utterances(texts, part, seed)))


def record(generator, said, snr=(10, 40), edge=(0.02, 0.12)):
    """Record what was `Said`, each with silence at both ends and noise behind all of it.

    `snr` is the least and greatest level of the speech over the noise, in dB, `edge` the least and
    greatest length of the silence, in seconds.
    """
    number = len(said.texts)
    pool = np.stack([background.colored_noise(generator, 30, slope) for slope in (0, 1, 2)])
    edges = (RATE * generator.uniform(*edge, (number, 2))).astype(int)
    softer, volumes = gain(-generator.uniform(*snr, number)), gain(generator.uniform(-9, 3, number))
    lengths = said.speech.lengths + edges.sum(axis=1)
    front, spectrograms = BACKEND.compile(LogMel()), [None] * number
    for width, rows in like_lengths(lengths // HOP, _WIDTHS, _AT_ONCE):
        sound = np.zeros((_AT_ONCE, width * HOP), "float32")
        for clip, row in zip(sound, rows, strict=False):
            begin, length = edges[row, 0], lengths[row]
            clip[begin : begin + said.speech.lengths[row]] = said.speech[row]
            behind, at = generator.integers(3), generator.integers(pool.shape[1] - length)
            clip[:length] += softer[row] * pool[behind, at : at + length]
            clip[:length] *= volumes[row]
        frames = keras.ops.convert_to_numpy(front(sound)).astype("float16")
        for clip, row in zip(frames, rows, strict=False):
            spectrograms[row] = clip[: lengths[row] // HOP]
    return Recordings(said.texts, spectrograms)


def padded(spectrograms, width=None):
    """Return spectrograms as one array (recordings, frames, bands), zero where there is none."""
    width = max(map(len, spectrograms)) if width is None else width
    rows = np.zeros((len(spectrograms), width, spectrograms[0].shape[1]), "float32")
    for row, frames in zip(rows, spectrograms, strict=True):
        row[: len(frames)] = frames
    return rows
