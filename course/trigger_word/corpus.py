"""The spoken words and sentences of notebook 3-2, made once and kept in the data folder."""

import re
from typing import NamedTuple

import numpy as np

from course.audio.piper import NeuralUtterance, neural_speech
from course.audio.speech import Speech, Utterance, cached_speech
from course.trigger_word.voices import ACCENTS, NEAR, NEW_NEAR, VOICES, WORD
from seqlib import data

# How many of each; a sentence takes about four seconds.
SIZES = {
    "training": {"words": 3200, "near": 4000, "sentences": 1600},
    "validation": {"words": 320, "near": 500, "sentences": 500},
    "test": {"words": 400, "near": 800, "sentences": 1100},
}

_SEEDS = {"training": 1, "validation": 2, "test": 3}
_YEARS = {"training": (1961, 1990), "validation": (1991, 2003), "test": (2004, 2026)}


class Part(NamedTuple):
    """One of the three parts."""

    words: Speech  # the trigger word
    near: Speech  # words that sound like it
    near_texts: tuple  # which words these are
    sentences: Speech  # without it


def load(part):
    """Return the `Part` called training, validation or test; no voice speaks in two of them.

    The first time, espeak-ng speaks it, which takes a minute.
    """
    lists = utterances(part)
    texts = tuple(utterance.text for utterance in lists["near"])
    speech = {kind: cached_speech(said) for kind, said in lists.items()}
    return Part(speech["words"], speech["near"], texts, speech["sentences"])


def utterances(part):
    """Return what is said in a part, as lists of `Utterance` by kind; the same on every call."""
    generator = np.random.default_rng(_SEEDS[part])
    near = NEAR + NEW_NEAR if part == "test" else NEAR
    lines = sentences(*_YEARS[part])
    texts = {"words": [WORD], "near": near, "sentences": generator.permutation(lines).tolist()}
    return {
        kind: [
            draw_utterance(generator, texts[kind][number % len(texts[kind])], VOICES[part])
            for number in range(count)
        ]
        for kind, count in SIZES[part].items()
    }


def draw_utterance(generator, text, voices, rates=(120, 240)):
    """Draw who says a text in which accent, and how: an `Utterance`.

    `rates` are the slowest and the fastest speech, in words a minute.
    """
    accent, voice = generator.choice(ACCENTS), generator.choice(voices)
    rate, pitch, span = (
        int(generator.integers(low, high + 1)) for low, high in (rates, (25, 80), (30, 70))
    )
    return Utterance(text, f"{accent}+{voice}", rate, pitch, span)


def sentences(first, last):
    """Return sentences of six to sixteen words from the addresses of some years.

    None holds a word that begins with "activat" or ends with "activate".
    """
    table = data.load("state_of_the_union")
    chosen = table["text"][table["year"].between(first, last)]
    pieces = re.split(r"(?<=[.?!])\s+", " ".join(chosen))
    plain = [p for p in pieces if re.fullmatch(r"[A-Z][A-Za-z ,;'-]*[.?!]", p)]
    return [p for p in dict.fromkeys(plain) if 6 <= len(p.split()) <= 16 and "ctivat" not in p]


def neural(part):
    """Return what the neural voice says; the first time it speaks for about a minute.

    For the training part it is played faster or slower by 10 to 20 %, so that it sounds like
    smaller and larger people; the voice as it is is heard in the test alone. The sentences of the
    training part are those of espeak-ng.
    """
    generator = np.random.default_rng(10 + _SEEDS[part])
    near = NEAR + NEW_NEAR if part == "test" else NEAR
    words, others = {"training": (100, 140), "test": (100, 104)}[part]
    texts = [WORD] * words + [near[number % len(near)] for number in range(others)]
    if part == "test":
        texts += generator.permutation(sentences(*_YEARS[part]))[:16].tolist()
    said = [_neural_utterance(generator, text, part) for text in texts]
    speech = neural_speech(said)
    cuts = [words, words + others, len(texts)]
    spoken = [_slice(speech, *ends) for ends in zip([0, *cuts[:-1]], cuts, strict=True)]
    last = spoken[2] if part == "test" else load(part).sentences
    return Part(spoken[0], spoken[1], tuple(texts[words : words + others]), last)


def _slice(speech, begin, end):
    first = speech.begins[begin] if begin < end else 0
    last = speech.ends[end - 1] if begin < end else 0
    return Speech(speech.samples[first:last], speech.ends[begin:end] - first)


def _neural_utterance(generator, text, part):
    slowness = round(float(generator.uniform(0.8, 1.3)), 2)
    noise = round(float(generator.uniform(0.4, 0.9)), 2)
    speed = float(generator.choice([0.82, 0.88, 1.12, 1.2])) if part == "training" else 1.0
    return NeuralUtterance(text, slowness, noise, speed)
