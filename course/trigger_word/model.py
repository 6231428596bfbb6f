"""The detector of notebook 3-2: a convolution over the spectrogram, then recurrent layers."""

import functools

import keras
import numpy as np
from keras import ops

from course.audio.samples import RATE
from course.trigger_word import clips
from seqlib import layers
from seqlib.compiled import BACKEND
from seqlib.layers.log_mel import BANDS, HIGHEST, HOP, LOWEST, LogMel, mel

KERNEL, STRIDE = 15, 4  # frames of 10 ms
STEP = STRIDE * HOP / RATE  # seconds from one answer to the next

_AT_ONCE = 80 * RATE  # samples whose spectrograms are computed side by side


@keras.saving.register_keras_serializable("seqlib", name="Variety")  # as in models saved so far
class SpectrogramAugmentation(keras.layers.Layer):
    """Change spectrograms in training as other mouths, microphones and rooms would.

    The bands are stretched (a longer or shorter vocal tract) by up to a share `stretch`, a smooth
    curve of spread `tilt` is added to them (another microphone), and up to `masked` are left out.
    Frames of zeros are padding, and stay as they are.
    """

    def __init__(self, stretch=0.15, tilt=0.25, masked=8, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.stretch, self.tilt, self.masked, self.seed = stretch, tilt, masked, seed
        self.generator = keras.random.SeedGenerator(seed)
        self.stretches = np.stack([_stretch(1 + d) for d in np.linspace(-stretch, stretch, 31)])
        place = np.linspace(0, np.pi, BANDS)
        self.curves = np.stack([np.cos(order * place) for order in range(4)]).astype("float32")

    def call(self, spectrograms, training=False):
        """Return spectrograms (batch, frames, bands), changed in training."""
        if not training:
            return spectrograms
        batch = ops.shape(spectrograms)[0]
        which = keras.random.randint((batch,), 0, len(self.stretches), seed=self.generator)
        moved = ops.matmul(spectrograms, ops.take(ops.convert_to_tensor(self.stretches), which, 0))
        weights = self.tilt * keras.random.normal((batch, len(self.curves)), seed=self.generator)
        is_real = ops.any(spectrograms != 0, axis=-1, keepdims=True)
        moved = moved + ops.where(is_real, ops.matmul(weights, self.curves)[:, None], 0.0)
        first = keras.random.randint((batch, 1), 0, BANDS, seed=self.generator)
        width = keras.random.randint((batch, 1), 0, self.masked + 1, seed=self.generator)
        bands = ops.arange(BANDS)[None]
        kept = ops.cast((bands < first) | (bands >= first + width), moved.dtype)
        return moved * kept[:, None]

    def get_config(self):
        """Return the arguments that make this layer again."""
        own = {name: getattr(self, name) for name in ("stretch", "tilt", "masked", "seed")}
        return {**super().get_config(), **own}


def _stretch(factor):
    """Return the matrix that moves what is at frequency f to frequency f * factor."""
    edges = np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2)
    centers = 700 * (10 ** (edges[1:-1] / 2595) - 1)
    source = np.interp(mel(centers / factor), edges[1:-1], np.arange(BANDS))
    low = np.minimum(source.astype(int), BANDS - 2)
    share = source - low
    matrix = np.zeros((BANDS, BANDS), "float32")
    matrix[low, np.arange(BANDS)] = 1 - share
    matrix[low + 1, np.arange(BANDS)] += share
    return matrix


def build(filters=64, units=64, depth=2, dropout=0.2, augmented=True):
    """Return a detector: (batch, frames, bands) -> (batch, frames // 4), probabilities.

    Step t sees frames up to 4 t + 3 and none after: the clip is padded before its beginning.
    """
    model = keras.Sequential([keras.Input((None, BANDS))], name="detector")
    if augmented:
        model.add(SpectrogramAugmentation())
    model.add(keras.layers.ZeroPadding1D((KERNEL - STRIDE, 0)))
    model.add(keras.layers.Conv1D(filters, KERNEL, strides=STRIDE, use_bias=False))
    model.add(keras.layers.BatchNormalization())
    model.add(keras.layers.Activation("relu"))
    model.add(keras.layers.Dropout(dropout))
    for _ in range(depth):
        model.add(layers.GRU(units, return_sequences=True))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.add(keras.layers.Reshape((-1,)))
    return model


def spectrograms(samples):
    """Return the log-mel spectrograms of int16 clips, in half precision to save memory."""
    front = _compiled_front()
    done, batch = [], max(1, _AT_ONCE // samples.shape[1])
    for begin in range(0, len(samples), batch):
        sound = samples[begin : begin + batch].astype("float32") / 32768
        done.append(ops.convert_to_numpy(front(sound)).astype("float16"))
    return np.concatenate(done)


def examples(make, count, batch=100):
    """Make clips by `make(count)`, a batch at a time, and keep their spectrograms alone.

    Returns these, (clips, frames, bands) of float16, and the `Clips` without samples: sound takes
    four times the memory.
    """
    frames, made = [], []
    for begin in range(0, count, batch):
        some = make(min(batch, count - begin))
        frames.append(spectrograms(some.samples))
        made.append(some._replace(samples=np.zeros((len(some.samples), 0), "int16")))
    return np.concatenate(frames), clips.join(made)


def probabilities(model, spectrograms, batch=16):
    """Return what a detector says of spectrograms (clips, frames, bands): (clips, steps)."""
    function = _compiled_model(model, batch, spectrograms.shape[1])
    done = []
    for begin in range(0, len(spectrograms), batch):
        some = spectrograms[begin : begin + batch].astype("float32")
        full = np.pad(some, ((0, batch - len(some)), (0, 0), (0, 0)))
        done.append(ops.convert_to_numpy(function(full))[: len(some)])
    return np.concatenate(done)


@functools.cache
def _compiled_front():
    return BACKEND.compile(LogMel())


@functools.lru_cache(maxsize=16)
def _compiled_model(model, batch, frames):
    """Return a program for one shape, so that none is made for another on the way."""
    return BACKEND.compile(lambda x: model(x, training=False))
