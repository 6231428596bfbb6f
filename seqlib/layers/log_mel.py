"""The log-mel spectrogram: what a clip looks like to an ear, and to a network."""

import keras
import numpy as np
from keras import ops

from seqlib.layers.arguments import checked_size

RATE = 16_000  # samples a second
WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
FFT = 512
BANDS = 40
LOWEST, HIGHEST = 60.0, 7600.0  # Hz
FLOOR = 1e-7  # energy that is added before the logarithm: what is softer counts as silence


def mel(hertz):
    """Return the pitch in mels of a frequency: equal steps sound about equally large."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def mel_bands(bands=BANDS, fft=FFT, rate=RATE, lowest=LOWEST, highest=HIGHEST):
    """Return triangles of height 1, evenly spaced in mels, (fft // 2 + 1, bands) of float32."""
    edges = 700 * (10 ** (np.linspace(mel(lowest), mel(highest), bands + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(fft, 1 / rate)[:, None]
    left, center, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - left) / (center - left)
    falling = (right - frequencies) / (right - center)
    return np.maximum(0, np.minimum(rising, falling)).astype("float32")


@keras.saving.register_keras_serializable("seqlib")
class LogMel(keras.layers.Layer):
    r"""Samples to a log-mel spectrogram, a frame every 10 ms, looking back and never ahead.

    $$X_{t,m} = \log\Big(\epsilon + \sum_f B_{f,m} \big| \mathrm{FFT}(w \odot x_t) \big|^2_f \Big)$$

    Frame $t$ sees the 25 ms of sound that end with the $(t + 1)$-th hop; before the beginning there
    is silence. $w$ is the Hann window, scaled so that a full-scale sine has energy near 1.
    The result is shifted and scaled to be around zero.

    `keras.layers.MelSpectrogram` centers its frames and clips them relative to the loudest one, so
    they depend on sound to come; here a stream gives, chunk by chunk, the frames of the whole clip.

    Args:
        bands: Number of mel bands.
        **kwargs: `name`, `dtype`.

    Call arguments:
        samples: (batch, samples) between -1 and 1; samples beyond the last whole hop are left out.
        padded: Whether the 15 ms before the first frame are silence (True), or are given as the
            first 240 of the samples (False).

    Returns:
        (batch, frames, bands).

    Example:
        >>> LogMel()(ops.zeros((1, 16_000))).shape
        TensorShape([1, 100, 40])
    """

    overlap = WINDOW - HOP  # samples of the past that a frame needs

    def __init__(self, bands=BANDS, **kwargs):
        super().__init__(**kwargs)
        self.bands = checked_size(self, "bands", bands)
        window = np.hanning(WINDOW + 1)[:-1]
        self._window = (window * 2 / window.sum()).astype("float32")
        self._mel = mel_bands(bands)

    def call(self, samples, padded=True):
        """Compute the spectrogram; see the class."""
        if padded:
            samples = ops.pad(samples, [[0, 0], [self.overlap, 0]])
        frames = ops.extract_sequences(samples, WINDOW, HOP)  # (batch, frames, WINDOW)
        real, imaginary = ops.rfft(frames * self._window, FFT)  # (batch, frames, FFT // 2 + 1)
        energy = ops.matmul(real * real + imaginary * imaginary, self._mel)
        return (ops.log(energy + FLOOR) + 11.0) / 3.5

    def compute_output_shape(self, input_shape):
        """Return (batch, frames, bands)."""
        batch, samples = input_shape
        return (batch, None if samples is None else samples // HOP, self.bands)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "bands": self.bands}
