"""Filters and sampling against what probability theory says of them."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib.decoding import filter_logits, sample

PROBABILITIES = np.array([0.05, 0.4, 0.25, 0.2, 0.1], "float32")
LOGITS = np.log(PROBABILITIES)


def probabilities(**how):
    return ops.convert_to_numpy(ops.softmax(filter_logits(LOGITS, **how)))


def test_temperature_is_a_power_of_the_probabilities():
    for temperature in (0.5, 1.0, 3.0):
        powers = PROBABILITIES ** (1 / temperature)
        got = probabilities(temperature=temperature)
        np.testing.assert_allclose(got, powers / powers.sum(), rtol=1e-5)


def test_top_k_keeps_the_k_likeliest_in_their_proportions():
    for k in range(1, 8):
        kept = np.sort(PROBABILITIES)[::-1][: min(k, 5)].sum()
        got = probabilities(top_k=k)
        assert np.count_nonzero(got) == min(k, 5)
        np.testing.assert_allclose(got[got > 0], PROBABILITIES[got > 0] / kept, rtol=1e-5)


@pytest.mark.parametrize(("p", "size"), [(0.1, 1), (0.39, 1), (0.41, 2), (0.64, 2), (0.96, 5)])
def test_top_p_keeps_the_fewest_that_reach_p(p, size):
    got = probabilities(top_p=p)
    assert np.count_nonzero(got) == size
    assert PROBABILITIES[got > 0].sum() >= p
    np.testing.assert_allclose(got.sum(), 1, rtol=1e-6)


def test_top_p_of_one_keeps_all_and_rows_are_cut_alone():
    np.testing.assert_allclose(probabilities(top_p=1.0), PROBABILITIES, rtol=1e-5)
    both = ops.convert_to_numpy(filter_logits(np.stack([LOGITS, LOGITS[::-1]]), top_k=2))
    np.testing.assert_array_equal(both[0], both[1][::-1])


@pytest.mark.parametrize(
    "how",
    [
        {"temperature": 0},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_k": 1.5},
        {"top_p": 0},
        {"top_p": 1.01},
    ],
)
def test_a_bad_argument_is_named(how):
    with pytest.raises(ValueError, match=f"`{next(iter(how))}` got"):
        filter_logits(LOGITS, **how)
    with pytest.raises(ValueError, match=f"`{next(iter(how))}` got"):
        sample(memoryless, (), [0], length=1, **how)


def memoryless(tokens, states):
    """The same distribution at each step, whatever came before."""
    return ops.broadcast_to(ops.convert_to_tensor(LOGITS), (tokens.shape[0], 5)), states


def test_samples_have_the_frequencies_of_the_distribution():
    tokens, scores = (
        ops.convert_to_numpy(x) for x in sample(memoryless, (), [0] * 400, length=50, seed=5)
    )
    counts = np.bincount(tokens.ravel(), minlength=5)
    # A chi-squared statistic with 4 degrees of freedom is above 23.5 once in 10,000 draws.
    expected = 20_000 * PROBABILITIES
    assert np.sum((counts - expected) ** 2 / expected) < 23.5
    np.testing.assert_allclose(scores, LOGITS[tokens], rtol=1e-4)


def test_filters_act_on_what_is_drawn_and_not_on_the_scores():
    tokens, scores = sample(memoryless, (), [0] * 200, length=20, top_k=2, temperature=2.0, seed=1)
    tokens = ops.convert_to_numpy(tokens)
    assert set(np.unique(tokens)) == {1, 2}
    np.testing.assert_allclose(ops.convert_to_numpy(scores), LOGITS[tokens], rtol=1e-4)
    nucleus, _ = sample(memoryless, (), [0] * 200, length=20, top_p=0.6, seed=1)
    assert set(np.unique(ops.convert_to_numpy(nucleus))) == {1, 2}


def test_a_seed_repeats_a_draw_and_another_does_not():
    def draw(seed):
        return ops.convert_to_numpy(sample(memoryless, (), [0] * 8, length=12, seed=seed)[0])

    np.testing.assert_array_equal(draw(3), draw(3))
    assert np.any(draw(3) != draw(4))
    assert np.any(draw(None) != draw(None))


def test_states_go_from_step_to_step_and_an_ended_row_stays_ended():
    """A counter in the states decides: row r says its number until it has done so r + 1 times."""

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


def test_weights_that_change_between_calls_are_seen():
    bias = keras.Variable([50.0, 0.0, 0.0])

    def step(tokens, states):
        return ops.broadcast_to(bias.value, (tokens.shape[0], 3)), states

    assert ops.convert_to_numpy(sample(step, (), [0], length=2)[0]).tolist() == [[0, 0]]
    bias.assign([0.0, 0.0, 50.0])
    assert ops.convert_to_numpy(sample(step, (), [0], length=2)[0]).tolist() == [[2, 2]]


def test_one_step_function_serves_batches_of_every_size():
    for batch in (1, 5, 2):
        tokens, scores = sample(memoryless, (), [0] * batch, length=4, seed=1)
        assert tuple(tokens.shape) == tuple(scores.shape) == (batch, 4)


def test_shapes_that_cannot_be_sampled_are_refused():
    with pytest.raises(ValueError, match="`first_token` has the shape"):
        sample(memoryless, (), [[0]], length=3)
    with pytest.raises(ValueError, match="`length` got 0"):
        sample(memoryless, (), [0], length=0)


def test_many_step_functions_are_no_cause_for_a_warning(caplog):
    """TensorFlow would call them one function that is traced over and over."""
    for shift in range(8):

        def step(tokens, states, shift=shift):
            return 50.0 * ops.one_hot((tokens + shift) % 4, 4), states

        tokens, _ = sample(step, (), [0], length=2)
        assert ops.convert_to_numpy(tokens).tolist() == [[shift % 4, 2 * shift % 4]]
    assert not caplog.records
