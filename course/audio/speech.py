"""Words and sentences spoken by espeak-ng, the same on every run, and kept once made."""

import functools
import hashlib
import importlib.metadata
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course.audio.errors import AudioError
from course.audio.samples import RATE, resample
from seqlib.data import cache, cards

SPOKEN_RATE = 22050  # of espeak-ng and of the neural voice
FORMAT = 2  # of the kept files; to be raised when what is done to the samples changes

_LEVEL = 0.05  # root mean square of every utterance
_EDGE = 0.02  # of the largest sample: what is softer, at either end, is cut off


class Utterance(NamedTuple):
    """What is to be said, and how."""

    text: str  # English words
    voice: str = "en-us"  # accent and voice of espeak-ng, as in "en-us+m3"
    rate: int = 175  # words a minute, 80 to 450
    pitch: int = 50  # 0 to 100
    range: int = 50  # liveliness of the pitch, 0 to 100


class Speech:
    """Utterances: all samples, one after the other, and where each one ends.

    The samples are int16, an array or a `SampleFile`.

    Example:
        >>> speech = Speech(np.arange(5, dtype="int16"), np.array([2, 5]))
        >>> len(speech), speech.seconds(1) * 16_000, speech[1].shape
        (2, 3.0, (3,))
    """

    def __init__(self, samples, ends):
        self.samples = samples
        self.ends = np.asarray(ends)
        self.begins = np.concatenate([[0], self.ends[:-1]]).astype(int)
        self.lengths = self.ends - self.begins

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, number):
        """Return the samples of one utterance as float32."""
        cut = self.samples[self.begins[number] : self.ends[number]]
        return np.asarray(cut, "float32") / 32768

    def seconds(self, number=None):
        """Return how long one utterance, or all of them, take."""
        return float(np.sum(self.lengths if number is None else self.lengths[number])) / RATE


class SampleFile:
    """Samples in a file, read slice by slice: hours of speech need not be in memory."""

    def __init__(self, path):
        self.path = path

    def __getitem__(self, cut):
        return np.fromfile(self.path, "<i2", count=cut.stop - cut.start, offset=2 * cut.start)


def speak(utterances):
    """Let espeak-ng speak a list of `Utterance`; the same list gives the same `Speech`.

    Silence before and after is cut off, and all are made equally loud. Between its sounds espeak
    is digitally silent: mix some noise in.

    Example:
        >>> speech = speak([Utterance("activate"), Utterance("activate", "en+f1", rate=120)])
        >>> [round(speech.seconds(i), 1) for i in range(2)]
        [0.6, 0.9]
    """
    utterances = [Utterance(*utterance) for utterance in utterances]
    spoken = run_synthesizer("espeak_process.py", utterances, "espeakng-loader")
    for utterance, samples in zip(utterances, spoken, strict=True):
        if not np.any(samples):
            raise AudioError(f"espeak-ng says nothing for {utterance.text!r}; give it words.")
    return normalize_speech(spoken)


def cached_speech(utterances):
    """Return what `speak` returns, from the data folder once it was spoken; it stays on disk."""
    utterances = [Utterance(*utterance) for utterance in utterances]
    version = importlib.metadata.version("espeakng-loader")
    key = [version, utterances]
    return from_cache(cards.card("espeak_voices"), key, lambda: speak(utterances))


def from_cache(card, key, speak):
    """Return the speech of a key from a card's folder; `speak` makes it where it is not whole."""
    name = hashlib.sha256(json.dumps([FORMAT, *key]).encode()).hexdigest()[:16]
    spoken = functools.cache(speak)
    samples = cache.made_once(
        card, f"{name}.s16", lambda path: spoken().samples.astype("<i2").tofile(path)
    )
    ends = cache.made_once(card, f"{name}.npy", lambda path: np.save(path, spoken().ends))
    return Speech(SampleFile(samples), np.load(ends))


def run_synthesizer(script, request, package):
    """Return what a script of this folder says in a process of its own, a list of int16 arrays."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        done = subprocess.run(
            [sys.executable, "-P", str(Path(__file__).with_name(script)), str(path)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise AudioError(
                f"No speech was made: {said[-1] if said else 'the synthesizer died.'} It comes "
                f'with "pip install {package}".'
            )
        samples = np.fromfile(path, "<i2")
    return np.split(samples, np.cumsum(json.loads(done.stdout))[:-1])


def normalize_speech(spoken, speeds=None, rate=SPOKEN_RATE):
    """Return int16 arrays, played `speeds` as fast, as `Speech`: trimmed and equally loud.

    `rate` is samples a second of what was spoken.
    """
    utterances = []
    for samples, speed in zip(spoken, speeds or [1.0] * len(spoken), strict=True):
        played = round(rate * speed / 50) * 50  # multiples of 50 keep the filter short
        utterances.append(_level(resample(_trim(samples), played, RATE)))
    return Speech(np.concatenate(utterances), np.cumsum([len(one) for one in utterances]))


def _trim(samples):
    """Return samples as floats, without what is soft at either end."""
    samples = samples.astype("float32") / 32768
    loud = np.flatnonzero(np.abs(samples) > _EDGE * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def _level(samples):
    """Return int16 samples of the common level."""
    scale = _LEVEL / max(1e-9, float(np.sqrt(np.mean(np.square(samples)))))
    return (np.clip(samples * scale, -1, 1) * 32767).astype("int16")
