"""The word model: its estimate of the loss, its way through long texts."""

import numpy as np
from keras import ops

from course.dinosaurs import train
from course.dinosaurs.word_model import WordModel, address_tokens, split
from course.progress import ProgressBar

COUNTS = np.array([0, 50, 20, 10, 5, 5, 2, 1, 1, 1])
TEXT = np.random.default_rng(0).integers(1, 10, size=150)


def model(**arguments):
    return WordModel(COUNTS, **{"width": 6, "units": 8, **arguments})


def test_parts_and_windows_miss_nothing_and_blank_lines_make_no_paragraphs():
    parts = split(249)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(249))
    assert all((split(249)[part] == places).all() for part, places in parts.items())
    assert address_tokens("a b\n \n\nc") == ["a", "b", "¶", "c", "¶"]
    inputs, targets = train.windows(np.arange(1000), 7)
    assert inputs.shape == targets.shape == ((1000 - 7 - 1) // train.WINDOW, train.WINDOW)
    assert inputs[0, 0] == 7
    np.testing.assert_array_equal(inputs + 1, targets)


def test_before_training_words_are_as_likely_as_they_are_frequent():
    untrained = model()
    logits = untrained.logits(np.zeros((1, 6), "float32"))
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.softmax(logits))[0, 1:7], COUNTS[1:7] / 95, rtol=0.02
    )


def test_the_sampled_loss_estimates_the_exact_one():
    untrained = model(candidates=2000)
    targets = ops.convert_to_tensor(TEXT[None, 1:], dtype="int32")
    features = untrained(TEXT[None, :-1])
    exact = ops.convert_to_numpy(untrained.exact_loss(features, targets))
    estimates = [ops.convert_to_numpy(untrained.sampled_loss(features, targets)) for _ in range(30)]
    np.testing.assert_allclose(np.mean(estimates, axis=0), exact, atol=0.02)
    assert np.std(estimates, axis=0).max() > 0


def test_a_long_text_is_scored_as_if_read_in_one_go():
    reader = model()
    features = reader(TEXT[None, :-1])
    targets = ops.convert_to_tensor(TEXT[None, 1:], dtype="int32")
    expected = -ops.convert_to_numpy(reader.exact_loss(features, targets))[0]
    scores = reader.log_probabilities(TEXT, rows=1, window=16)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    in_rows = reader.log_probabilities(TEXT, rows=3, window=16)
    assert in_rows.shape == expected.shape
    np.testing.assert_allclose(in_rows[:64], expected[:64], atol=1e-5)


def test_step_by_step_is_the_same_as_all_at_once():
    reader = model()
    at_once = ops.convert_to_numpy(reader.logits(reader(TEXT[None, :5])))[0]
    states = reader.initial_state(1)
    for place in range(5):
        logits, states = reader.step(ops.convert_to_tensor(TEXT[place : place + 1]), states)
        np.testing.assert_allclose(ops.convert_to_numpy(logits)[0], at_once[place], atol=1e-5)


def test_training_brings_the_loss_down():
    learner = model(units=16, dropout=0.0, candidates=20)
    cycle = np.tile([1, 2, 3, 4, 5], 60)
    before = -learner.log_probabilities(cycle).mean()
    learner.compile("adam", jit_compile=False)
    learner.optimizer.learning_rate = 0.03
    inputs, targets = cycle[:288].reshape(-1, 24), cycle[1:289].reshape(-1, 24)
    learner.fit(inputs, targets, batch_size=6, epochs=30, verbose=0, callbacks=[ProgressBar()])
    assert -learner.log_probabilities(cycle).mean() < before / 2
