"""Recordings to learn from and to be measured by: spectrograms of speech before a little noise."""

from typing import NamedTuple

import keras
import numpy as np

from course.audio import background
from course.audio.mixing import gain
from course.audio.samples import RATE
from course.audio.speech import Speech, cached_speech
from course.bucketing import like_lengths
from course.speech_recognition.spoken_dates import spoken_dates
from course.trigger_word.corpus import draw_utterance
from course.trigger_word.voices import VOICES
from seqlib.compiled import BACKEND
from seqlib.layers.log_mel import HOP, LogMel

RATES = (90, 170)  # words a minute: in faster speech a letter takes less than two steps

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


def dates(number, part, seed):
    """Have espeak-ng say dates of a part: `Said`. No day and no voice is in two parts.

    The first time it takes about a second for a hundred of them.
    """
    generator = np.random.default_rng(seed)
    texts = [text for text, _ in spoken_dates(number, part, seed)]
    said = [draw_utterance(generator, text, VOICES[part], RATES) for text in texts]
    return Said(texts, cached_speech(said))


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
    for width, rows in like_lengths(-(-lengths // HOP), _WIDTHS, _AT_ONCE):
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
