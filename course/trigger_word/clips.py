"""Clips to learn from and to be measured by: words, in rooms, in front of a background."""

import itertools
from typing import NamedTuple

import numpy as np

from course.audio import background
from course.audio.files import RATE
from course.audio.mixing import add_segments, gain, random_places

STEP = 640  # samples: the network answers every 40 ms
LABELLED = 10  # steps after the word that are labelled

TRIGGER, NEAR, SENTENCE = 0, 1, 2


class Clips(NamedTuple):
    """Clips and what is in them.

    Attributes:
        samples: Array (clips, samples) of int16.
        labels: Array (clips, steps): 1 in the steps after the word.
        events: For each clip the times at which the word ends, in seconds.
        near: For each clip pairs (text, time at which it ends) of the near misses.
    """

    samples: np.ndarray
    labels: np.ndarray
    events: list
    near: list


class Backgrounds:
    """Minutes of noise, babble and tones to cut from.

    Args:
        generator: `numpy.random.Generator`.
        speech: `Speech` that the babble is made of.
        count: Number of stretches.
        seconds: Length of each.
    """

    def __init__(self, generator, speech, count=60, seconds=20):
        kinds = np.arange(count) % 6
        made = []
        for kind in kinds:
            if kind < 3:
                slope = generator.uniform(0, 2)
                sound = background.coloured_noise(generator, seconds, slope)
            elif kind < 5:
                sound = background.babble(
                    generator, speech, seconds, int(generator.integers(6, 20))
                )
            else:
                sound = background.tones(generator, seconds)
            made.append(sound)
        self.stretches = np.stack(made)

    def cut(self, generator, clips, samples):
        """Return clips of background: a stretch and a softer second one, from random places."""
        count, length = self.stretches.shape
        cuts = np.zeros((clips, samples), "float32")
        for row in cuts:
            for level in (1.0, generator.uniform(0, 0.7)):
                stretch = self.stretches[generator.integers(count)]
                begin = int(generator.integers(length))
                turned = np.resize(np.concatenate([stretch[begin:], stretch[:begin]]), samples)
                row += level * turned
        return cuts


def make_clips(
    generator, part, backgrounds, count, seconds=10, *, most=(2, 3, 1), snr=(3, 30), echo=0.5
):
    """Make clips.

    Args:
        generator: `numpy.random.Generator`.
        part: A `corpus.Part`.
        backgrounds: `Backgrounds`.
        count: Number of clips.
        seconds: Length of a clip.
        most: Largest number in a clip of trigger words, near misses and sentences; how many there
            are is drawn evenly from 0 on.
        snr: Least and greatest level of the words over that of the background, in dB.
        echo: Share of the clips that are heard in a room.

    Returns:
        `Clips`.
    """
    samples = seconds * RATE // STEP * STEP
    sources = (part.words, part.near, part.sentences)
    chosen = _choose(generator, sources, most, count, samples)
    rows, begins, pieces, lengths, events, near = [], [], [], [], [], []
    for row, segments in enumerate(chosen):
        sounds = [sources[kind][place] for kind, place in segments]
        at = random_places(generator, list(map(len, sounds)), samples, gap=RATE // 10)
        ends = [(begin + len(sound)) / RATE for begin, sound in zip(at, sounds, strict=True)]
        rows += [row] * len(segments)
        begins += at.tolist()
        pieces += [s * np.float32(gain(generator.normal(0, 3))) for s in sounds]
        lengths += list(map(len, sounds))
        ended = list(zip(segments, ends, strict=True))
        events.append(sorted(end for (kind, _), end in ended if kind == TRIGGER))
        near.append([(part.near_texts[i], end) for (kind, i), end in ended if kind == NEAR])
    clips = np.zeros((count, samples), "float32")
    if pieces:
        add_segments(clips, rows, begins, np.concatenate(pieces), lengths)
    _echo(generator, clips, echo)
    level = gain(-generator.uniform(*snr, (count, 1)))
    clips += level.astype("float32") * backgrounds.cut(generator, count, samples)
    clips *= gain(generator.uniform(-12, 6, (count, 1))).astype("float32")
    whole = np.round(np.clip(clips, -1, 1) * 32767).astype("int16")
    return Clips(whole, label_steps(events, samples // STEP), events, near)


def training_clips(generator, part, backgrounds, count):
    """Make clips to learn from: a quarter of them without the word, but full of speech.

    Args:
        generator: `numpy.random.Generator`.
        part: A `corpus.Part`.
        backgrounds: `Backgrounds`.
        count: Number of clips.

    Returns:
        `Clips`.
    """
    full = make_clips(generator, part, backgrounds, count - count // 4)
    without = make_clips(generator, part, backgrounds, count // 4, most=(0, 3, 2))
    return join([full, without])


def join(several):
    """Return several `Clips` of one length as one."""
    samples, labels, events, near = zip(*several, strict=True)
    flat = [list(itertools.chain.from_iterable(lists)) for lists in (events, near)]
    return Clips(np.concatenate(samples), np.concatenate(labels), *flat)


def label_steps(events, steps):
    """Return labels (clips, steps): 1 in the steps after each word that are labelled."""
    labels = np.zeros((len(events), steps), "float32")
    for row, ends in zip(labels, events, strict=True):
        for end in ends:
            first = int(end * RATE) // STEP + 1
            row[first : first + LABELLED] = 1
    return labels


def _choose(generator, sources, most, count, samples):
    """Return for each clip what is in it, pairs (kind, place); what would not fit is left out."""
    chosen = []
    for _ in range(count):
        segments, room = [], samples - RATE // 2
        for kind, (source, largest) in enumerate(zip(sources, most, strict=True)):
            for _ in range(int(generator.integers(largest + 1))):
                place = int(generator.integers(len(source)))
                room -= int(source.lengths[place]) + RATE // 10
                if room < 0:
                    break
                segments.append((kind, place))
        chosen.append(segments)
    return chosen


def _echo(generator, clips, share, batch=32):
    rows = np.flatnonzero(generator.random(len(clips)) < share)
    for some in np.split(rows, range(batch, len(rows), batch)):
        if len(some):
            responses = [
                background.room_response(
                    generator, generator.uniform(0.1, 0.6), generator.uniform(0.4, 0.9)
                )
                for _ in some
            ]
            clips[some] = background.in_room(clips[some], responses)
