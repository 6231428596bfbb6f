"""Filters against what probability theory says of them."""

import numpy as np
import pytest
from keras import ops

from seqlib.decoding import filter_logits, sample
from seqlib.decoding.filters import PAIRWISE

PROBABILITIES = np.array([0.05, 0.4, 0.25, 0.2, 0.1], "float32")
LOGITS = np.log(PROBABILITIES)


def probabilities(**how):
    return ops.convert_to_numpy(ops.softmax(filter_logits(LOGITS, **how)))


def test_temperature_is_a_power_of_the_probabilities_and_a_tail_too_thin_for_rounding_is_kept():
    for temperature in (0.5, 1.0, 3.0):
        powers = PROBABILITIES ** (1 / temperature)
        got = probabilities(temperature=temperature)
        np.testing.assert_allclose(got, powers / powers.sum(), rtol=1e-5)
    kept = ops.convert_to_numpy(filter_logits(np.array([0.0, -40.0, -41.0], "float32"), top_p=1.0))
    np.testing.assert_array_equal(kept, [0, -40, -41])


@pytest.mark.parametrize(("p", "size"), [(0.1, 1), (0.39, 1), (0.41, 2), (0.64, 2), (0.96, 5)])
def test_top_p_keeps_the_fewest_that_reach_p(p, size):
    got = probabilities(top_p=p)
    assert np.count_nonzero(got) == size
    assert PROBABILITIES[got > 0].sum() >= p
    np.testing.assert_allclose(got.sum(), 1, rtol=1e-6)


@pytest.mark.parametrize("vocabulary", [PAIRWISE, PAIRWISE + 1, 1000])
def test_small_and_large_vocabularies_are_cut_where_sorting_would_cut(vocabulary):
    generator = np.random.default_rng(vocabulary)
    logits = 3 * generator.normal(size=(7, vocabulary)).astype("float32")
    logits[:, ::9] = -np.inf
    logits[0, 3:40] = 0.5  # equals
    logits[1] *= 1e-6  # numbers that lie close
    ordered = np.sort(logits, axis=-1)[:, ::-1]
    for k in (1, 2, 17, vocabulary - 1):
        expected = np.where(logits < ordered[:, k - 1 : k], -np.inf, logits)
        got = ops.convert_to_numpy(filter_logits(logits, top_k=k))
        np.testing.assert_array_equal(got, expected)
    powers = np.exp(ordered.astype("float64") - ordered[:, :1])
    before = np.cumsum(powers, axis=-1) - powers
    for p in (0.05, 0.5, 0.93):
        # Sums that end within rounding of p may fall on either side.
        least = [
            np.sum(before < q * powers.sum(-1, keepdims=True), -1) for q in (p - 1e-5, p + 1e-5)
        ]
        kept = np.isfinite(ops.convert_to_numpy(filter_logits(logits, top_p=p)))
        equal = np.sum(logits[0] == 0.5) - 1
        extra = np.where(np.arange(7) == 0, equal, 0)
        assert np.all(least[0] <= kept.sum(-1))
        assert np.all(kept.sum(-1) <= least[1] + extra)
        lowest_kept = np.where(kept, logits, np.inf).min(-1)
        assert np.all(np.where(kept, -np.inf, logits).max(-1) < lowest_kept)


@pytest.mark.parametrize(
    ("name", "values"), [("temperature", [0, np.nan]), ("top_k", [0, 1.5]), ("top_p", [0, 1.01])]
)
def test_a_bad_argument_is_named(name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"`{name}` got"):
            filter_logits(LOGITS, **{name: value})
        with pytest.raises(ValueError, match=f"`{name}` got"):
            sample(lambda *_: (LOGITS[None], ()), (), [0], length=1, **{name: value})
