"""Batches of like lengths: every sequence at most once, no wider than need be."""

import numpy as np
import pytest

from course.bucketing import BucketedDataset, draw_batches, like_lengths


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


def test_the_order_is_the_generators_and_too_few_make_no_batch():
    lengths = np.arange(1, 31)
    one, same, other = (
        [rows.tolist() for _, rows in draw_batches(lengths, (30,), 5, np.random.default_rng(seed))]
        for seed in (1, 1, 2)
    )
    assert one == same != other
    assert draw_batches(np.array([2, 3]), (4,), 3, np.random.default_rng(0)) == []


@pytest.mark.parametrize("seed", range(3))
def test_like_lengths_hold_every_sequence_once_in_the_narrowest_array(seed):
    lengths = np.random.default_rng(seed).integers(0, 40, size=100)
    batches = list(like_lengths(lengths, (8, 16, 32), 7))
    assert sorted(np.concatenate([rows for _, rows in batches])) == list(range(100))
    for width, rows in batches:
        assert 0 < len(rows) <= 7
        assert width == min(
            (w for w in (8, 16, 32) if w >= lengths[rows].max()), default=max(lengths)
        )
    assert not list(like_lengths([], (8,), 7))


def test_each_epoch_has_another_order_and_the_seed_is_all_that_counts():
    one, same = (BucketedDataset(np.full(20, 3), (4,), 5, seed=3) for _ in range(2))
    first = [rows.tolist() for _, rows in one.order]
    assert len(one) == 4
    assert [rows.tolist() for _, rows in same.order] == first
    one.on_epoch_end()
    assert [rows.tolist() for _, rows in one.order] != first
