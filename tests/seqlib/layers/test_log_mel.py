"""The log-mel spectrogram: equal to SciPy's, whose frames look back alone; its bands."""

import keras
import numpy as np
import pytest
from scipy import signal

from seqlib.layers import LogMel
from seqlib.layers.log_mel import BANDS, FFT, FLOOR, HOP, RATE, WINDOW, mel, mel_bands


def by_scipy(samples):
    """The same spectrogram by SciPy's short-time Fourier transform, in double precision."""
    _, _, spectrum = signal.stft(
        np.pad(samples.astype("float64"), (WINDOW - HOP, 0)),
        window="hann",
        nperseg=WINDOW,
        noverlap=WINDOW - HOP,
        nfft=FFT,
        boundary=None,
        padded=False,
    )
    energy = np.abs(2 * spectrum.T) ** 2 @ mel_bands()  # a full-scale sine has energy 1, not 1/4
    return (np.log(energy + FLOOR) + 11) / 3.5


@pytest.mark.parametrize("scale", [1.0, 0.01, 0.0])
def test_equal_to_scipy(scale):
    samples = scale * np.random.default_rng(0).standard_normal(RATE).astype("float32") / 4
    found = keras.ops.convert_to_numpy(LogMel()(samples[None]))[0]
    assert found.shape == (100, BANDS)
    assert found == pytest.approx(by_scipy(samples), abs=2e-4)


def test_a_tone_shows_in_its_band_and_bands_overlap_by_half():
    time = np.arange(RATE) / RATE
    edges = np.linspace(mel(60.0), mel(7600.0), BANDS + 2)
    for band in (5, 20, 35):
        pitch = 700 * (10 ** (edges[band + 1] / 2595) - 1)
        frames = keras.ops.convert_to_numpy(LogMel()(np.sin(2 * np.pi * pitch * time)[None]))
        assert np.argmax(frames[0, 50]) == band
    bands = mel_bands(bands=8, fft=8192)
    assert bands.max(axis=0) == pytest.approx(1, abs=0.02)
    inside = bands[200:2500].sum(axis=1)
    assert inside == pytest.approx(1, abs=1e-5)


def test_configuration_comes_back():
    layer = LogMel.from_config(LogMel(bands=20).get_config())
    assert layer.compute_output_shape((3, RATE)) == (3, 100, 20)
    assert tuple(layer(np.zeros((3, RATE))).shape) == (3, 100, 20)
