"""The recognizer's network: a convolution over the spectrogram, then recurrent layers."""

import keras
import numpy as np
from keras import ops

from course.bucketing import BucketedDataset
from course.speech_recognition.recordings import padded
from course.trigger_word.model import SpectrogramAugmentation
from seqlib import layers
from seqlib.layers.log_mel import BANDS
from seqlib.text import Vocabulary, pad

LETTERS = Vocabulary(" abcdefghijklmnopqrstuvwxyz'", padding="-")  # id 0 is the blank
KERNEL, STRIDE = 11, 3  # frames of 10 ms


@keras.saving.register_keras_serializable("seqlib")
class MaskedConv1D(keras.layers.Conv1D):
    """A convolution that takes masked steps for zeros, and says which of its own steps are real.

    `keras.layers.Conv1D` drops a mask. A step of the result is real where the last that it sees is.
    Its padding must be "valid".
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        """Return (batch, steps, filters)."""
        if mask is not None:
            inputs = inputs * ops.cast(mask, inputs.dtype)[:, :, None]
        return super().call(inputs)

    def compute_mask(self, inputs, previous_mask=None):
        """Return which steps of the result are real, (batch, steps)."""
        if previous_mask is None:
            return None
        return previous_mask[:, self.kernel_size[0] - 1 :: self.strides[0]]


def build(filters=128, units=128, depth=2, dropout=0.1, both_ways=True):
    """Return a network: (batch, frames, bands) -> logits (batch, frames // 3, letters).

    Frames of zeros are padding. Step t of the convolution sees frames up to 3 t + 2 and none after;
    without `both_ways` the recurrent layers don't look ahead either.
    """
    network = keras.Sequential([keras.Input((None, BANDS))], name="recognizer")
    network.add(SpectrogramAugmentation())
    network.add(keras.layers.ZeroPadding1D((KERNEL - STRIDE, 0)))
    network.add(keras.layers.Masking())
    network.add(MaskedConv1D(filters, KERNEL, strides=STRIDE, use_bias=False))
    network.add(keras.layers.BatchNormalization())
    network.add(keras.layers.Activation("relu"))
    for _ in range(depth):
        network.add(keras.layers.Dropout(dropout))
        recurrent = layers.GRU(units, return_sequences=True)
        network.add(keras.layers.Bidirectional(recurrent) if both_ways else recurrent)
    network.add(keras.layers.Dense(len(LETTERS)))
    return network


class Batches(BucketedDataset):
    """Training batches of `Recordings`, spectrograms and ids of letters, each of like lengths."""

    def __init__(self, recordings, widths, batch_size=32, seed=0, **kwargs):
        self.spectrograms = recordings.spectrograms
        self.labels = pad([LETTERS.encode(text) for text in recordings.texts])
        super().__init__(
            np.array(list(map(len, self.spectrograms))), widths, batch_size, seed, **kwargs
        )

    def arrays(self, rows, width):
        """Return inputs and labels of some recordings."""
        return padded([self.spectrograms[row] for row in rows], width), self.labels[rows]
