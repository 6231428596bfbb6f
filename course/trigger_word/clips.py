"""Clips to learn from and to be measured by: words, in rooms, in front of a background."""

import itertools
from typing import NamedTuple

import numpy as np

from course.audio import background
from course.audio.mixing import add_segments, gain, random_onsets
from course.audio.samples import RATE

STEP = 640  # samples: the network answers every 40 ms
LABELED = 10  # steps after the word that are labeled

TRIGGER, NEAR, SENTENCE = 0, 1, 2

_AT_ONCE = 40 * RATE  # samples that are mixed side by side: as floats they take twice the memory


class Clips(NamedTuple):
    """Clips and what is in them."""

    samples: np.ndarray  # (clips, samples) of int16
    labels: np.ndarray  # (clips, steps): 1 in the steps after the word
    events: list  # for each clip the times at which the word ends, in seconds
    near: list  # for each clip pairs (text, time at which it ends) of the near misses


class Backgrounds:
    """Minutes of noise, tones and babble of this `Speech` to cut from, in long stretches."""

    def __init__(self, generator, speech, count=60, seconds=20):
        self.stretches = np.empty((count, seconds * RATE), "float32")
        for number in range(count):
            kind = number % 6
            if kind < 3:
                slope = generator.uniform(0, 2)
                sound = background.colored_noise(generator, seconds, slope)
            elif kind < 5:
                voices = int(generator.integers(6, 20))
                sound = background.babble(generator, speech, seconds, voices)
            else:
                sound = background.tones(generator, seconds)
            self.stretches[number] = sound

    def draw(self, generator):
        """Draw what is behind a clip: two triples (level, stretch, where in it to begin)."""
        count, length = self.stretches.shape
        return [
            (level, generator.integers(count), int(generator.integers(length)))
            for level in (1.0, generator.uniform(0, 0.7))
        ]

    def cut(self, drawn, samples):
        """Return what was drawn as sound, (samples,): one stretch and a softer one over it."""
        sound = np.zeros(samples, "float32")
        for level, number, begin in drawn:
            stretch = self.stretches[number]
            turned = np.resize(np.concatenate([stretch[begin:], stretch[:begin]]), samples)
            sound += level * turned
        return sound


def make_clips(
    generator, part, backgrounds, count, seconds=10, *, most=(2, 3, 1), snr=(3, 30), echo=0.5
):
    """Return `Clips` of words of a `corpus.Part`, in rooms, in front of a background.

    `most` is the largest number in a clip of trigger words, near misses and sentences, drawn evenly
    from 0 on; `snr` the least and greatest level of the words over the background, in dB; `echo`
    the share of the clips that are heard in a room.
    """
    samples = seconds * RATE // STEP * STEP
    sources = (part.words, part.near, part.sentences)
    # Everything is drawn first; then the clips are mixed, a few at a time.
    said = [
        _place(generator, sources, segments, samples)
        for segments in _choose(generator, sources, most, count, samples)
    ]
    rooms = _draw_rooms(generator, count, echo)
    levels = gain(-generator.uniform(*snr, count)).astype("float32")
    behind = [backgrounds.draw(generator) for _ in range(count)]
    volumes = gain(generator.uniform(-12, 6, count)).astype("float32")

    made, batch = np.empty((count, samples), "int16"), max(1, _AT_ONCE // samples)
    for first in range(0, count, batch):
        rows = range(first, min(first + batch, count))
        clips = _words_alone(sources, [said[row] for row in rows], samples)
        for clip, row in zip(clips, rows, strict=True):
            if row in rooms:
                clip[:] = background.reverberate(clip, rooms[row])
            clip += levels[row] * backgrounds.cut(behind[row], samples)
            clip *= volumes[row]
        made[first : first + len(rows)] = np.round(np.clip(clips, -1, 1) * 32767)
    events = [sorted(s.end for s in clip if s.kind == TRIGGER) for clip in said]
    near = [[(part.near_texts[s.number], s.end) for s in clip if s.kind == NEAR] for clip in said]
    return Clips(made, label_steps(events, samples // STEP), events, near)


def training_clips(generator, part, backgrounds, count):
    """Make clips to learn from: a quarter of them without the word, but full of speech."""
    full = make_clips(generator, part, backgrounds, count - count // 4)
    without = make_clips(generator, part, backgrounds, count // 4, most=(0, 3, 2))
    return join([full, without])


def join(several):
    """Return several `Clips` of one length as one."""
    samples, labels, events, near = zip(*several, strict=True)
    flat = [list(itertools.chain.from_iterable(lists)) for lists in (events, near)]
    return Clips(np.concatenate(samples), np.concatenate(labels), *flat)


def label_steps(events, steps):
    """Return labels (clips, steps): 1 in the steps after each word that are labeled."""
    labels = np.zeros((len(events), steps), "float32")
    for row, ends in zip(labels, events, strict=True):
        for end in ends:
            first = int(end * RATE) // STEP + 1
            row[first : first + LABELED] = 1
    return labels


class _Segment(NamedTuple):
    """An utterance in a clip: which one, where it begins (samples) and ends (seconds), how loud."""

    kind: int
    number: int
    onset: int
    end: float
    factor: np.float32


def _choose(generator, sources, most, count, samples):
    """Return for each clip what is in it, pairs (kind, number); what would not fit is left out."""
    chosen = []
    for _ in range(count):
        segments, room = [], samples - RATE // 2
        for kind, (source, largest) in enumerate(zip(sources, most, strict=True)):
            for _ in range(int(generator.integers(largest + 1))):
                number = int(generator.integers(len(source)))
                room -= int(source.lengths[number]) + RATE // 10
                if room < 0:
                    break
                segments.append((kind, number))
        chosen.append(segments)
    return chosen


def _place(generator, sources, segments, samples):
    """Return the pairs (kind, number) of a clip as `_Segment`s at random onsets."""
    lengths = [int(sources[kind].lengths[number]) for kind, number in segments]
    onsets = random_onsets(generator, lengths, samples, gap=RATE // 10).tolist()
    return [
        _Segment(*segment, onset, (onset + length) / RATE, np.float32(gain(generator.normal(0, 3))))
        for segment, onset, length in zip(segments, onsets, lengths, strict=True)
    ]


def _draw_rooms(generator, count, share, group=32):
    """Return room responses by clip, for a share of the clips."""
    rooms = {}
    rows = np.flatnonzero(generator.random(count) < share)
    for some in np.split(rows, range(group, len(rows), group)):
        responses = [
            background.room_response(
                generator, generator.uniform(0.1, 0.6), generator.uniform(0.4, 0.9)
            )
            for _ in some
        ]
        longest = max(map(len, responses), default=0)  # one size of transform for the whole group
        for row, response in zip(some, responses, strict=True):
            rooms[row] = np.pad(response, (0, longest - len(response)))
    return rooms


def _words_alone(sources, said, samples):
    """Return clips (clips, samples) with their words before silence."""
    clips = np.zeros((len(said), samples), "float32")
    placed = [(row, segment) for row, segments in enumerate(said) for segment in segments]
    if placed:
        sounds = [sources[s.kind][s.number] * s.factor for _, s in placed]
        rows, onsets = zip(*[(row, segment.onset) for row, segment in placed], strict=True)
        add_segments(clips, rows, onsets, np.concatenate(sounds), list(map(len, sounds)))
    return clips
