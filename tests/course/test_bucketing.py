"""Batches of like lengths: every sequence at most once, no wider than need be."""

import numpy as np
import pytest

from course.bucketing import draw_batches


@pytest.mark.parametrize("seed", range(5))
def test_every_batch_is_full_and_of_one_width(seed):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 40, size=200)
    order = draw_batches(lengths, (8, 16, 32), 7, generator)
    rows = np.concatenate([rows for _, rows in order])
    assert len(set(rows.tolist())) == len(rows)
    for width, some in order:
        assert len(some) == 7
        assert (lengths[some] <= width).all()
        assert (lengths[some] > {8: 0, 16: 8, 32: 16}[width]).all()
    left_out = np.setdiff1d(np.flatnonzero(lengths <= 32), rows)
    assert len(left_out) < 3 * 7


@pytest.mark.parametrize("seed", range(5))
def test_the_first_two_differ_where_any_two_do(seed):
    lengths = np.array([3] * 40 + [9] * 2)
    order = draw_batches(lengths, (4, 10), 2, np.random.default_rng(seed))
    assert order[0][0] != order[1][0]
    alike = draw_batches(lengths[:40], (4, 10), 2, np.random.default_rng(seed))
    assert {width for width, _ in alike} == {4}


def test_the_order_is_the_generators():
    lengths = np.arange(1, 31)
    one, same, other = (
        [rows.tolist() for _, rows in draw_batches(lengths, (30,), 5, np.random.default_rng(seed))]
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_too_few_make_no_batch():
    assert draw_batches(np.array([2, 3]), (4,), 3, np.random.default_rng(0)) == []
