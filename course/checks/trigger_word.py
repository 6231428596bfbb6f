"""Checks of the exercises in notebook 3-2, trigger word."""

import keras
import numpy as np
from keras import ops

from course import audio
from course.checks import CheckFailed, answered, attempt, compare, passed
from course.trigger_word import clips
from course.trigger_word.events import detections_of, event_score
from seqlib import layers
from seqlib.layers.log_mel import FFT, FLOOR

STEP = 0.04  # seconds


def gain(learner):
    """Check the factor of a gain in decibels."""
    hint = "twenty decibels are a factor of ten: 10 ** (decibels / 20)."
    for decibels in (0.0, -20.0, 6.0, -3.0):
        with attempt("gain", hint):
            value = learner(decibels)
        value = answered("gain", value, hint)
        compare(f"gain({decibels:g})", value, 10 ** (decibels / 20), hint)
    passed("gain", "a tenth of the amplitude for every -20 dB")


def log_mel(learner):
    """Check the spectrogram against the packaged one."""
    hint = (
        "frames = ops.extract_sequences(samples, 400, 160); real, imaginary = "
        "ops.rfft(frames * window, 512); the energy is the sum of their squares; "
        "ops.log(ops.matmul(energy, bands) + floor)."
    )
    window = np.hanning(401)[:-1].astype("float32")
    window *= 2 / window.sum()
    samples = np.random.default_rng(0).standard_normal((2, 1600)).astype("float32") / 4
    with attempt("log_mel", hint):
        value = learner(ops.convert_to_tensor(samples), window, audio.mel_bands(), FLOOR)
    value = answered("log_mel", value, hint)
    expected = ops.convert_to_numpy(layers.LogMel()(samples, padded=False)) * 3.5 - 11
    compare("log_mel", value, expected, hint, tolerance=1e-4)
    passed("log_mel", f"25 ms windows, {FFT}-point transforms, energies in mel bands, a logarithm")


def overlaps(learner):
    """Check the test whether segments share a sample."""
    hint = "two segments overlap where each begins before the other ends."
    cases = [
        ((10, 20), [(20, 30)], False),
        ((10, 21), [(20, 30)], True),
        ((0, 100), [(40, 50)], True),
        ((42, 43), [(0, 5), (40, 50)], True),
        ((30, 40), [(0, 5), (20, 30)], False),
        ((5, 10), [], False),
    ]
    for segment, others, expected in cases:
        with attempt("overlaps", hint):
            value = learner(segment, others)
        value = answered("overlaps", value, hint)
        compare(f"overlaps({segment}, {others})", bool(value), expected, hint)
    passed("overlaps", "inside, around, side by side, touching")


def insert_clip(learner):
    """Check that a clip is put where nothing is yet."""
    hint = (
        "draw begin = int(generator.integers(len(background) - len(clip) + 1)) until "
        "overlaps((begin, begin + len(clip)), taken) is false; then return "
        "background.overlay(clip, position=begin) and the pair (begin, begin + len(clip))."
    )
    background = audio.segment(np.full(16_000, 0.01))
    word = audio.segment(np.full(4800, 0.5))  # 300 ms
    taken, begins = [(0, 300), (650, 1000)], set()  # it fits from 300 to 350 alone
    for seed in range(30):
        generator = np.random.default_rng(seed)
        with attempt("insert_clip", hint):
            value = learner(background, word, list(taken), generator)
        mixed, segment = answered("insert_clip", value, hint, count=2)
        begin, end = (int(edge) for edge in segment)
        if end - begin != 300 or audio.overlaps((begin, end), taken) or not 0 <= begin <= 700:
            raise CheckFailed(
                f"insert_clip: given the segment ({begin}, {end}) of a 300 ms clip; expected one "
                f"that shares no millisecond with {taken}.\n  Hint: {hint}"
            )
        samples = audio.samples_of(mixed)
        inside = samples[16 * begin : 16 * end]
        compare("insert_clip, inside", inside, np.full(len(inside), 0.51), hint, tolerance=1e-3)
        compare("insert_clip, length", len(samples), 16_000, hint)
        begins.add(begin)
    if len(begins) < 5:
        raise CheckFailed(
            f"insert_clip: given the same {len(begins)} places in 30 draws; expected random "
            f"ones.\n  Hint: {hint}"
        )
    passed("insert_clip", "random, mixed over the background, never over another clip")


def label_steps(learner):
    """Check the labels after a word."""
    hint = (
        "the first labelled step is int(end * 16_000) // 640 + 1; set ten steps from there to 1; a "
        "slice that goes beyond the last step is cut by itself."
    )
    for ends, steps in (([1.0], 60), ([0.5, 2.0], 75), ([], 20), ([1.99], 50), ([0.2799], 30)):
        with attempt("label_steps", hint):
            value = learner(ends, steps)
        value = answered("label_steps", value, hint)
        expected = clips.label_steps([ends], steps)[0]
        compare(f"label_steps({ends}, {steps})", np.asarray(value, float), expected, hint)
    passed("label_steps", "ten steps after each word, none before its end, none beyond the clip")


def flat_places(learner):
    """Check the places of all segments in all clips, laid end to end."""
    hint = (
        "sample number i of a segment lies at row * samples + begin + i. np.repeat(x, lengths) "
        "repeats a value for each sample of its segment; the i are np.arange(lengths.sum()) less "
        "np.repeat of where each segment begins among all, np.cumsum(lengths) - lengths."
    )
    rows, begins, lengths = np.array([0, 2, 1]), np.array([3, 0, 5]), np.array([2, 4, 1])
    with attempt("flat_places", hint):
        value = learner(rows, begins, lengths, 10)
    value = answered("flat_places", value, hint)
    compare("flat_places", np.asarray(value), np.array([3, 4, 20, 21, 22, 23, 15]), hint)
    passed("flat_places", "one index a sample, in the order of the segments")


def fires(learner):
    """Check when a detector fires."""
    hint = (
        "go through the steps; time = (place + 1) * step; where the probability reaches the "
        "threshold and time >= last + pause, note the time and set last to it. Begin with "
        "last = -infinity."
    )
    generator = np.random.default_rng(1)
    for probabilities in ([0.1, 0.9, 0.95, 0.2], np.ones(80), generator.random(200), []):
        with attempt("fires", hint):
            value = learner(np.asarray(probabilities), 0.8, STEP, 1.0)
        value = np.asarray(answered("fires", value, hint), float)
        expected = np.array(detections_of(probabilities, 0.8, STEP, 1.0))
        compare("fires", value, expected, hint)
    passed("fires", "once a peak, and again only after the pause")


def count_events(learner):
    """Check that events are counted once."""
    hint = (
        "for each event in order of time look for the first detection not used yet from "
        "event - early to event + late; if there is one the event is found and the detection used. "
        "Missed are the other events, false alarms the other detections."
    )
    cases = [
        ([1.0], [1.1]),
        ([1.0], [1.1, 1.5]),
        ([1.0, 5.0], [0.2, 5.7, 9.0]),
        ([], [3.0]),
        ([2.0], []),
        ([1.0, 1.3], [1.4]),
        ([1.0], [0.85]),
    ]
    for events, detections in cases:
        with attempt("count_events", hint):
            value = learner(events, detections, 0.2, 0.8)
        value = answered("count_events", value, hint, count=3)
        score = event_score([events], [detections], seconds=10)
        expected = np.array([score.found, score.missed, score.false_alarms])
        compare(f"count_events({events}, {detections})", np.array(value), expected, hint)
    passed("count_events", "found, missed and false alarms; flagged twice is one found, one false")


def choose_threshold(learner):
    """Check the choice of the operating point."""
    hint = (
        "among the thresholds that miss at most the limit, take the one with the fewest false "
        "alarms; where several have as few, the highest of them."
    )
    thresholds = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    missed = np.array([0.01, 0.02, 0.04, 0.04, 0.2])
    alarms = np.array([40.0, 6.0, 0.4, 0.0, 0.0])
    for limit, expected in ((0.05, 0.7), (0.02, 0.3), (0.01, 0.1), (0.3, 0.9)):
        with attempt("choose_threshold", hint):
            value = learner(thresholds, missed, alarms, limit)
        value = answered("choose_threshold", value, hint)
        compare(f"choose_threshold, at most {limit:.0%} missed", float(value), expected, hint)
    passed("choose_threshold", "few enough missed first, then the fewest alarms, then the safest")


def stream_convolution(learner):
    """Check the convolution that goes on where it stopped."""
    hint = (
        "frames = ops.concatenate([state, frames], axis=1); the output is layer(frames); the next "
        "state is the last state.shape[1] frames."
    )
    keras.utils.set_random_seed(0)
    layer = keras.layers.Conv1D(3, 15, strides=4)
    frames = np.random.default_rng(0).standard_normal((1, 40, 5)).astype("float32")
    expected = ops.convert_to_numpy(layer(np.pad(frames, ((0, 0), (11, 0), (0, 0)))))
    state, found = ops.zeros((1, 11, 5)), []
    for begin, end in ((0, 8), (8, 12), (12, 40)):
        with attempt("stream_convolution", hint):
            value = learner(state, ops.convert_to_tensor(frames[:, begin:end]), layer)
        output, state = answered("stream_convolution", value, hint, count=2)
        if tuple(ops.shape(state)) != (1, 11, 5):
            raise CheckFailed(
                f"stream_convolution: given a state of shape {tuple(ops.shape(state))}; expected "
                f"(1, 11, 5), as the one before.\n  Hint: {hint}"
            )
        found.append(ops.convert_to_numpy(output))
    compare("stream_convolution", np.concatenate(found, axis=1), expected, hint, tolerance=1e-5)
    passed("stream_convolution", "pieces of 8, 4 and 28 frames give what the whole gives")
