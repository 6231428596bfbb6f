"""Checks of the exercises in notebook 3-2, trigger word."""

import keras
import numpy as np
from keras import ops

from course import audio
from course.checks import exercise
from course.trigger_word import clips
from course.trigger_word.events import detections_of, event_score
from seqlib import layers
from seqlib.layers.log_mel import FFT, FLOOR

STEP = 0.04  # seconds


@exercise("twenty decibels are a factor of ten: 10 ** (decibels / 20).")
def gain(check):
    for decibels, factor in ((0.0, 1.0), (-20.0, 0.1), (6.0, 1.9952623), (-3.0, 0.7079458)):
        check.case(decibels, expected=factor)
    check.passed("a tenth of the amplitude for every -20 dB")


@exercise(
    "frames = ops.extract_sequences(samples, 400, 160); real, imaginary = "
    "ops.rfft(frames * window, 512); the energy is the sum of their squares; "
    "ops.log(ops.matmul(energy, bands) + floor)."
)
def log_mel(check):
    window = np.hanning(401)[:-1].astype("float32")
    window *= 2 / window.sum()
    samples = np.random.default_rng(0).standard_normal((2, 1600)).astype("float32") / 4
    arguments = ops.convert_to_tensor(samples), window, audio.mel_bands(), FLOOR
    expected = layers.LogMel()(samples, padded=False) * 3.5 - 11
    check.case(*arguments, expected=expected, tolerance=1e-4)
    check.passed(f"25 ms windows, {FFT}-point transforms, energies in mel bands, a logarithm")


@exercise("two segments overlap where each begins before the other ends.")
def overlaps(check):
    cases = [
        ((10, 20), [(20, 30)], False),
        ((10, 21), [(20, 30)], True),
        ((0, 100), [(40, 50)], True),
        ((42, 43), [(0, 5), (40, 50)], True),
        ((30, 40), [(0, 5), (20, 30)], False),
        ((5, 10), [], False),
    ]
    for segment, others, expected in cases:
        check.case(segment, others, expected=expected, read=bool)
    check.passed("inside, around, side by side, touching")


@exercise(
    "draw begin = int(generator.integers(len(background) - len(clip) + 1)) until "
    "overlaps((begin, begin + len(clip)), taken) is false; then return "
    "background.overlay(clip, position=begin) and the pair (begin, begin + len(clip))."
)
def insert_clip(check):
    background = audio.segment(np.full(16_000, 0.01))
    word = audio.segment(np.full(4800, 0.5))  # 300 ms
    taken, begins = [(0, 300), (650, 1000)], set()  # it fits from 300 to 350 alone
    for seed in range(30):
        generator = np.random.default_rng(seed)
        mixed, segment = check.run(background, word, taken, generator, count=2)
        begin, end = map(int, segment)
        if end - begin != 300 or not 300 <= begin <= 350:
            given = f"the segment ({begin}, {end}) of a 300 ms clip"
            check.fail(given, f"one that shares no millisecond with {taken}")
        samples = audio.samples_of(mixed)
        inside = samples[16 * begin : 16 * end]
        check.compare(inside, np.full(4800, 0.51), ", inside", tolerance=1e-3)
        check.compare(len(samples), 16_000, ", length")
        begins.add(begin)
    if len(begins) < 5:
        check.fail(f"only the places {sorted(begins)} in 30 draws", "random ones")
    check.passed("random, mixed over the background, never over another clip")


@exercise(
    "the first labeled step is int(end * 16_000) // 640 + 1; set ten steps from there to 1; a "
    "slice that goes beyond the last step is cut by itself."
)
def label_steps(check):
    for ends, steps in (([1.0], 60), ([0.5, 2.0], 75), ([], 20), ([1.99], 50), ([0.2799], 30)):
        check.case(ends, steps, expected=clips.label_steps([ends], steps)[0])
    check.passed("ten steps after each word, none before its end, none beyond the clip")


@exercise(
    "sample number i of a segment lies at row * samples + begin + i. np.repeat(x, lengths) "
    "repeats a value for each sample of its segment; the i are np.arange(lengths.sum()) less "
    "np.repeat of where each segment begins among all, np.cumsum(lengths) - lengths."
)
def flat_places(check):
    rows, begins, lengths = np.array([0, 2, 1]), np.array([3, 0, 5]), np.array([2, 4, 1])
    expected = np.array([3, 4, 20, 21, 22, 23, 15])
    check.case(rows, begins, lengths, 10, expected=expected)
    check.passed("one index a sample, in the order of the segments")


@exercise(
    "go through the steps; time = (place + 1) * step; where the probability reaches the "
    "threshold and time >= last + pause, note the time and set last to it. Begin with "
    "last = -infinity."
)
def fires(check):
    draws = np.random.default_rng(1).random(200)
    for probabilities in (np.array([0.1, 0.9, 0.95, 0.2]), np.ones(80), draws, np.array([])):
        expected = np.array(detections_of(probabilities, 0.8, STEP, 1.0))
        check.case(probabilities, 0.8, STEP, 1.0, expected=expected)
    check.passed("once a peak, and again only after the pause")


@exercise(
    "for each event in order of time look for the first detection not used yet from "
    "event - early to event + late; if there is one the event is found and the detection used. "
    "Missed are the other events, false alarms the other detections."
)
def count_events(check):
    cases = [
        ([1.0], [1.1]), ([1.0], [1.1, 1.5]), ([1.0, 5.0], [0.2, 5.7, 9.0]), ([], [3.0]),
        ([2.0], []), ([1.0, 1.3], [1.4]), ([1.0], [0.85]),
    ]  # fmt: skip
    for events, detections in cases:
        score = event_score([events], [detections], seconds=10)
        expected = score.found, score.missed, score.false_alarms
        check.case(events, detections, 0.2, 0.8, expected=expected)
    check.passed("found, missed and false alarms; flagged twice is one found, one false")


@exercise(
    "among the thresholds that miss at most the limit, take the one with the fewest false "
    "alarms; where several have as few, the highest of them."
)
def choose_threshold(check):
    thresholds = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    missed = np.array([0.01, 0.02, 0.04, 0.04, 0.2])
    alarms = np.array([40.0, 6.0, 0.4, 0.0, 0.0])
    for limit, expected in ((0.05, 0.7), (0.02, 0.3), (0.01, 0.1), (0.3, 0.9)):
        check.case(thresholds, missed, alarms, limit, expected=expected)
    check.passed("few enough missed first, then the fewest alarms, then the safest")


@exercise(
    "frames = ops.concatenate([state, frames], axis=1); the output is layer(frames); the next "
    "state is the last state.shape[1] frames."
)
def stream_convolution(check):
    layer = keras.layers.Conv1D(3, 15, strides=4)
    frames = np.random.default_rng(0).standard_normal((1, 40, 5)).astype("float32")
    expected = ops.convert_to_numpy(layer(np.pad(frames, ((0, 0), (11, 0), (0, 0)))))
    state, outputs = ops.zeros((1, 11, 5)), []
    for begin, end in ((0, 8), (8, 12), (12, 40)):
        piece = ops.convert_to_tensor(frames[:, begin:end])
        output, state = check.run(state, piece, layer, count=2)
        check.compare(tuple(ops.shape(state)), (1, 11, 5), ", shape of the state")
        outputs.append(ops.convert_to_numpy(output))
    check.compare(np.concatenate(outputs, axis=1), expected, tolerance=1e-5)
    check.passed("pieces of 8, 4 and 28 frames give what the whole gives")
