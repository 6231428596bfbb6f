"""Voices of other makes than espeak-ng's, to be mixed in: joe's cousins and Pico's two women."""

import numpy as np

from course.audio.piper import NeuralUtterance, neural_speech
from course.audio.samples import RATE
from course.audio.speech import normalize_speech, run_synthesizer
from course.speech_recognition.recordings import Said
from course.speech_recognition.spoken_dates import spoken_dates

COUSINS = (0.82, 0.88, 1.12, 1.2)  # played so many times as fast: as if other people spoke
PITCHES = (0.75, 0.85, 1.15, 1.3)  # of Pico's voices, none of them as it comes

PICO_RATE = 16_000  # samples a second


def joe(number, part, seed):
    """Have the neural voice joe say dates of a part, about two a second the first time: `Said`."""
    generator = np.random.default_rng(seed)
    texts = [text for text, _ in spoken_dates(number, part, seed)]
    said = [
        NeuralUtterance(
            text + ".",
            slowness=round(float(generator.uniform(0.9, 1.5)), 2),
            noise=round(float(generator.uniform(0.4, 0.9)), 2),
        )
        for text in texts
    ]
    return Said(texts, neural_speech(said))


def cousins(number, seed):
    """Have joe say so many training dates, and each of his cousins after him: `Said`."""
    texts, speech = joe(number, "training", seed)
    spoken = [
        speech.samples[first:last] for first, last in zip(speech.begins, speech.ends, strict=True)
    ]
    return Said(
        [text for text in texts for _ in COUSINS],
        normalize_speech([one for one in spoken for _ in COUSINS], COUSINS * number, RATE),
    )


def pico(texts, seed):
    """Have the two English voices of Pico say texts at other pitches than their own: `Said`.

    They come with "pip install py-nanotts", which there is for Linux and Windows alone.
    """
    generator = np.random.default_rng(seed)
    said = [
        (
            text,
            str(generator.choice(["en-US", "en-GB"])),
            round(float(generator.uniform(0.6, 1.1)), 2),
            float(generator.choice(PITCHES)),
        )
        for text in texts
    ]
    spoken = run_synthesizer("pico_process.py", said, "py-nanotts")
    return Said(list(texts), normalize_speech(spoken, rate=PICO_RATE))
