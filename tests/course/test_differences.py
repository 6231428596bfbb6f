import numpy as np
import pytest

from course.differences import read_differences, save_differences


@pytest.fixture
def weights():
    draw = np.random.default_rng(0)
    before = {
        "kernel": draw.normal(size=(96, 4, 5)),
        "odd": draw.normal(size=(3, 5)),
        "bias": draw.normal(size=5),
        "kept": np.ones((2, 2)),
    }
    before = {name: weight.astype(np.float32) for name, weight in before.items()}
    after = {
        name: before[name] + 0.01 * draw.normal(size=before[name].shape)
        for name in ("kernel", "odd", "bias")
    }
    return before, after


def test_weights_come_back_nearly_as_they_were(tmp_path, weights):
    before, after = weights
    save_differences(tmp_path / "a.npz", before, after, words=["to", "be"])
    found, others = read_differences(tmp_path / "a.npz", before)
    assert set(found) == {"kernel", "odd", "bias"}
    assert others["words"].tolist() == ["to", "be"]
    for name, weight in found.items():
        moved = after[name] - before[name]
        error = np.linalg.norm(weight - after[name]) / np.linalg.norm(moved)
        assert error < (0.001 if name == "bias" else 0.13)  # of 15 steps
        assert weight.dtype == np.float32
    assert list(tmp_path.iterdir()) == [tmp_path / "a.npz"]


def test_it_is_small(tmp_path):
    before = {"kernel": np.zeros((500, 400), np.float32)}
    after = {"kernel": np.random.default_rng(0).normal(size=(500, 400))}
    save_differences(tmp_path / "a.npz", before, after)
    assert (tmp_path / "a.npz").stat().st_size < 0.53 * 500 * 400


def test_columns_have_scales_of_their_own_and_none_may_be_zero(tmp_path):
    moved = np.outer(np.linspace(-1, 1, 15), [1e-4, 1.0, 0.0, 50.0])
    before = {"kernel": np.zeros((15, 4), np.float32)}
    save_differences(tmp_path / "a.npz", before, {"kernel": moved})
    found, _ = read_differences(tmp_path / "a.npz", before)
    np.testing.assert_allclose(found["kernel"], moved, rtol=0.01)


def test_files_for_other_weights_are_refused(tmp_path, weights):
    before, after = weights
    save_differences(tmp_path / "a.npz", before, after)
    for wrong in (
        {**before, "bias": np.zeros(6)},
        {**before, "kernel": np.zeros((96, 4, 6))},
        {**before, "kernel": np.zeros((95, 4, 5))},
        {"bias": before["bias"], "odd": before["odd"]},
    ):
        with pytest.raises(ValueError, match=r"a\.npz has differences of .* that do not fit"):
            read_differences(tmp_path / "a.npz", wrong)
