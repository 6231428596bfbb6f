"""The checks of notebook 3-2: right answers pass, typical wrong ones and empty ones do not."""

import keras  # noqa: F401
import numpy as np
import pytest
from keras import ops

from course.checks import CheckFailed, Unfinished
from course.checks import trigger_word as checks


def gain(decibels):
    return 10 ** (decibels / 20)


def log_mel(samples, window, bands, floor):
    frames = ops.extract_sequences(samples, 400, 160)
    real, imaginary = ops.rfft(frames * window, 512)
    return ops.log(ops.matmul(real**2 + imaginary**2, bands) + floor)


def overlaps(segment, others):
    begin, end = segment
    return any(begin < other_end and end > other_begin for other_begin, other_end in others)


def insert_clip(background, clip, taken, generator):
    while True:
        begin = int(generator.integers(len(background) - len(clip) + 1))
        segment = (begin, begin + len(clip))
        if not overlaps(segment, taken):
            return background.overlay(clip, position=begin), segment


def label_steps(ends, steps):
    labels = np.zeros(steps)
    for end in ends:
        first = int(end * 16_000) // 640 + 1
        labels[first : first + 10] = 1
    return labels


def flat_places(rows, begins, lengths, samples):
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(rows * samples + begins, lengths) + inside


def fires(probabilities, threshold, step, pause):
    times, last = [], -np.inf
    for place, probability in enumerate(probabilities):
        time = (place + 1) * step
        if probability >= threshold and time >= last + pause:
            times.append(time)
            last = time
    return times


def count_events(events, detections, early, late):
    unused, found = sorted(detections), 0
    for event in sorted(events):
        fitting = [time for time in unused if event - early <= time <= event + late]
        if fitting:
            found += 1
            unused.remove(fitting[0])
    return found, len(events) - found, len(detections) - found


def choose_threshold(thresholds, missed, alarms, limit):
    allowed = np.flatnonzero(missed <= limit)
    fewest = alarms[allowed].min()
    return thresholds[allowed][alarms[allowed] == fewest].max()


def stream_convolution(state, frames, layer):
    frames = ops.concatenate([state, frames], axis=1)
    return layer(frames), frames[:, -state.shape[1] :]


SOLUTIONS = [
    gain,
    log_mel,
    overlaps,
    insert_clip,
    label_steps,
    flat_places,
    fires,
    count_events,
    choose_threshold,
    stream_convolution,
]


def power_gain(decibels):
    return 10 ** (decibels / 10)


def magnitudes(samples, window, bands, floor):
    frames = ops.extract_sequences(samples, 400, 160)
    real, imaginary = ops.rfft(frames * window, 512)
    return ops.log(ops.matmul(ops.sqrt(real**2 + imaginary**2), bands) + floor)


def touching_overlaps(segment, others):
    return any(segment[0] <= end and segment[1] >= begin for begin, end in others)


def only_edges(segment, others):
    return any(begin <= segment[0] < end for begin, end in others)


def anywhere(background, clip, taken, generator):
    begin = int(generator.integers(len(background) - len(clip) + 1))
    return background.overlay(clip, position=begin), (begin, begin + len(clip))


def always_first(background, clip, taken, generator):
    return background.overlay(clip, position=300), (300, 300 + len(clip))


def early_labels(ends, steps):
    labels = np.zeros(steps)
    for end in ends:
        first = int(end * 16_000) // 640
        labels[first : first + 10] = 1
    return labels


def within_rows(rows, begins, lengths, samples):
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(begins, lengths) + inside


def every_step(probabilities, threshold, step, pause):
    return [(place + 1) * step for place in np.flatnonzero(probabilities >= threshold)]


def generous(events, detections, early, late):
    found = sum(any(e - early <= d <= e + late for d in detections) for e in events)
    false = sum(not any(e - early <= d <= e + late for e in events) for d in detections)
    return found, len(events) - found, false


def fewest_alarms(thresholds, missed, alarms, limit):
    return thresholds[np.argmin(alarms)]


def lowest(thresholds, missed, alarms, limit):
    return thresholds[missed <= limit].min()


def forgetful(state, frames, layer):
    return layer(ops.concatenate([state, frames], axis=1)), ops.zeros_like(state)


def state_of_the_new(state, frames, layer):
    return layer(ops.concatenate([state, frames], axis=1)), frames[:, -state.shape[1] :]


WRONG = [
    ("gain", power_gain),
    ("log_mel", magnitudes),
    ("overlaps", touching_overlaps),
    ("overlaps", only_edges),
    ("insert_clip", anywhere),
    ("insert_clip", always_first),
    ("label_steps", early_labels),
    ("flat_places", within_rows),
    ("fires", every_step),
    ("count_events", generous),
    ("choose_threshold", fewest_alarms),
    ("choose_threshold", lowest),
    ("stream_convolution", forgetful),
    ("stream_convolution", state_of_the_new),
]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=lambda part: getattr(part, "__name__", part))
def test_typical_mistakes_fail_with_a_hint(name, wrong):
    with pytest.raises(CheckFailed, match="Hint") as caught:
        getattr(checks, name)(wrong)
    assert not isinstance(caught.value, Unfinished)
