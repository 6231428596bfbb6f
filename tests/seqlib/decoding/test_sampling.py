"""Samples against the distribution that they are drawn from."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import decoding
from seqlib.decoding.sampling import SINGLE_PASS, draw
from tests.seqlib.decoding.models import History, numpy

PROBABILITIES = np.array([0.05, 0.4, 0.25, 0.2, 0.1], "float32")
LOGITS = np.log(PROBABILITIES)
# That XLA finds the same is asked in test_loop.py; an ordinary graph is made sooner.
sample = functools.partial(decoding.sample, jit_compile=False)


def memoryless(tokens, states):
    """The same distribution at each step, whatever came before."""
    return ops.broadcast_to(ops.convert_to_tensor(LOGITS), (tokens.shape[0], 5)), states


def test_samples_have_the_frequencies_of_the_distribution():
    tokens, scores = numpy(sample(memoryless, (), [0] * 400, length=50, seed=5))
    counts = np.bincount(tokens.ravel(), minlength=5)
    # A chi-squared statistic with 4 degrees of freedom is above 23.5 once in 10,000 draws.
    expected = 20_000 * PROBABILITIES
    assert np.sum((counts - expected) ** 2 / expected) < 23.5
    np.testing.assert_allclose(scores, LOGITS[tokens], rtol=1e-4)


@pytest.mark.parametrize("vocabulary", [5, SINGLE_PASS, SINGLE_PASS + 1, 1000])
def test_a_draw_inverts_the_cumulative_distribution(vocabulary):
    weights = np.random.default_rng(vocabulary).gamma(0.3, size=vocabulary).astype("float32")
    weights[::3] = 0
    chance = (np.arange(2000) + 0.5) / 2000
    rows = np.broadcast_to(weights, (2000, vocabulary))
    got = ops.convert_to_numpy(
        draw(ops.convert_to_tensor(rows), ops.convert_to_tensor(chance, "float32"))
    )
    assert np.all(weights[got] > 0)
    ends = np.cumsum(weights.astype("float64")) / weights.astype("float64").sum()
    starts = np.concatenate([[0], ends[:-1]])
    assert np.all(starts[got] - 1e-5 <= chance)
    assert np.all(chance <= ends[got] + 1e-5)


@pytest.mark.parametrize("vocabulary", [3, 1000])
def test_a_token_of_probability_zero_is_never_drawn(vocabulary):
    weights = np.zeros((6, vocabulary), "float32")
    places = [0, 1, 2, vocabulary - 2, vocabulary - 1, vocabulary // 2]
    weights[range(6), places] = [1.0, 1e-30, 0.1, 1.0, 0.3, 0.7]
    for chance in (0.0, 0.5, 1 - 2**-24, 1.0):  # the last is beyond what a generator gives
        got = draw(ops.convert_to_tensor(weights), ops.full((6,), chance))
        assert ops.convert_to_numpy(got).tolist() == places


def test_filters_act_on_what_is_drawn_and_not_on_the_scores():
    tokens, scores = sample(memoryless, (), [0] * 200, length=20, top_k=2, temperature=2.0, seed=1)
    tokens = ops.convert_to_numpy(tokens)
    assert set(np.unique(tokens)) == {1, 2}
    np.testing.assert_allclose(ops.convert_to_numpy(scores), LOGITS[tokens], rtol=1e-4)
    nucleus, _ = sample(memoryless, (), [0] * 200, length=20, top_p=0.6, seed=1)
    assert set(np.unique(ops.convert_to_numpy(nucleus))) == {1, 2}


def test_log_probabilities_are_those_of_the_model_and_the_forbidden_is_not_sampled():
    model = History(6, seed=3, forbidden=[0, 5])
    rows = np.random.default_rng(3).normal(size=(9, 5))
    tokens, scores = numpy(sample(model, model.states(rows), [0] * 9, length=20, seed=1))
    assert set(np.unique(tokens)) == {1, 2, 3, 4}
    for row, own, score in zip(rows, tokens, scores, strict=True):
        np.testing.assert_allclose(score, model.log_probabilities(row, own), atol=1e-4)


def test_a_seed_repeats_a_draw_and_another_does_not():
    def drawn(seed):
        return ops.convert_to_numpy(sample(memoryless, (), [0] * 8, length=12, seed=seed)[0])

    np.testing.assert_array_equal(drawn(3), drawn(3))
    assert np.any(drawn(3) != drawn(4))
    assert np.any(drawn(None) != drawn(None))
    generator = keras.random.SeedGenerator(1)
    first, second = drawn(generator), drawn(generator)
    assert np.any(first != second)
    np.testing.assert_array_equal(drawn(keras.random.SeedGenerator(1)), first)
    keras.utils.set_random_seed(8)  # which decides without a seed
    first = drawn(None)
    keras.utils.set_random_seed(8)
    np.testing.assert_array_equal(drawn(None), first)


def test_states_go_from_step_to_step_and_an_ended_row_stays_ended():
    """A counter in the states decides: row r says 1 until it has done so r + 1 times, then 2."""

    def step(tokens, states):
        count, limit = states
        token = ops.where(count < limit, 1, 2)
        return 50.0 * ops.one_hot(token, 4), (count + 1, limit)

    limits = np.array([1, 2, 3], "int32")
    states = (ops.zeros((3,), "int32"), ops.convert_to_tensor(limits))
    tokens, scores = sample(step, states, [0, 0, 0], length=6, end_token=2)
    expected = [[1, 2, 2, 2, 2, 2], [1, 1, 2, 2, 2, 2], [1, 1, 1, 2, 2, 2]]
    assert ops.convert_to_numpy(tokens).tolist() == expected
    assert not np.any(ops.convert_to_numpy(scores)[:, 4:])


def test_logits_that_are_no_numbers_show_in_the_log_probabilities():
    def step(tokens, states):
        bad = ops.where(tokens == 1, float("nan"), 0.0)[:, None]
        return ops.zeros((tokens.shape[0], 3)) + bad, states

    _, scores = numpy(sample(step, (), [0, 1], length=1, seed=1))
    np.testing.assert_array_equal(np.isnan(scores[:, 0]), [False, True])
