import numpy as np
import pytest

from course.audio import AudioError, resample, to_mono


def test_integers_are_scaled_and_high_pitches_kept_out():
    assert to_mono(np.array([-128, 127], "int8")) == pytest.approx([-1, 127 / 128])
    assert to_mono(np.array([0, 128, 255], "uint8")) == pytest.approx([-1, 0, 127 / 128])
    assert to_mono(np.array([[-32768, 0]], "int16")) == pytest.approx([-0.5])
    high = np.sin(2 * np.pi * 10_000 * np.arange(44_100) / 44_100)
    assert np.abs(resample(high, 44_100)[1000:-1000]).max() < 0.01


@pytest.mark.parametrize("samples", [np.zeros((2, 2, 2)), np.array(["a"]), np.array(1.0)])
def test_what_is_no_array_of_samples(samples):
    with pytest.raises(AudioError, match="Sound is an array"):
        to_mono(samples)


@pytest.mark.parametrize("rate", [0, -1, 12.5, 10**7])
def test_rates_that_are_none(rate):
    with pytest.raises(AudioError, match="samples a second"):
        resample(np.zeros(10), rate)
