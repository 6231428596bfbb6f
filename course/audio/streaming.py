"""A network that listens: sound comes in chunks of any size, and it answers as it goes."""

import keras
import numpy as np
from keras import ops

from course.audio.errors import AudioError
from course.audio.samples import RATE, to_mono
from seqlib.compiled import BACKEND
from seqlib.layers.log_mel import HOP, LogMel

BLOCKS = (1, 2, 16)  # blocks that are computed at once: a program is compiled for each
PER_STEP = (
    keras.layers.Dense,
    keras.layers.Activation,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.ReLU,
)
NO_OP_AT_INFERENCE = (
    keras.layers.InputLayer,
    keras.layers.Masking,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.Reshape,
)


class StreamingNetwork:
    """Run a network over sound that is still coming in, as if it had the whole clip.

    What it needs of the past is kept here: the samples that the next window still sees, the frames
    that the convolution still sees, and the states of the recurrent layers.

    The model is a `keras.Sequential` from log-mel frames: an optional `ZeroPadding1D` before the
    beginning, a `Conv1D` with strides, recurrent layers with a `cell`, and layers that treat every
    step alone. Layers that act in training alone, or on padding, are passed over, and so are those
    of the classes `training_only`.

    Example:
        >>> model = keras.Sequential([
        ...     keras.Input((None, 40)), keras.layers.ZeroPadding1D((1, 0)),
        ...     keras.layers.Conv1D(8, 5, strides=4), keras.layers.Dense(3)])
        >>> stream = StreamingNetwork(model)
        >>> [stream.feed(np.zeros(800)).shape for _ in range(4)]
        [(1, 3), (1, 3), (1, 3), (2, 3)]
    """

    def __init__(self, model, training_only=()):
        self._layers, self._convolution, padding = [], None, 0
        self._front = LogMel(bands=model.inputs[0].shape[-1])
        for layer in model.layers:
            if isinstance(layer, (*NO_OP_AT_INFERENCE, *training_only)):
                continue
            if isinstance(layer, keras.layers.ZeroPadding1D) and self._convolution is None:
                padding = layer.padding[0]
            elif isinstance(layer, keras.layers.Conv1D) and self._convolution is None:
                self._convolution = layer
                self._layers.append(layer)
            elif isinstance(layer, PER_STEP) or getattr(layer, "cell", None) is not None:
                self._layers.append(layer)
            else:
                raise AudioError(
                    f"{type(layer).__name__} `{layer.name}` cannot be run step by step: it may see "
                    "the future. Allowed: one Conv1D, recurrent layers and layers of single steps."
                )
        self._check_convolution(padding)
        self._no_outputs = np.zeros((0, *model.outputs[0].shape[2:]), "float32")  # of no steps
        self.block = HOP * self._stride  # samples a step
        self._programs = {count: BACKEND.compile(self._program(count)) for count in BLOCKS}
        self.reset()

    @property
    def step(self):
        """Seconds a step."""
        return self.block / RATE

    def reset(self):
        """Forget everything: what comes next is the beginning."""
        self._waiting = np.zeros(0, "float32")
        self._tail = np.zeros(LogMel.overlap, "float32")
        bands = self._front.bands
        self._frames = ops.zeros((1, self._context, bands))
        self._states = [
            layer.cell.get_initial_state(batch_size=1)
            for layer in self._layers
            if getattr(layer, "cell", None) is not None
        ]

    def feed(self, chunk):
        """Listen to the next chunk, of any length: the outputs of the steps that it completed.

        It is (samples,) or (samples, channels) at 16,000 samples a second: floats between -1 and 1,
        or integers of 8, 16 or 32 bits.
        """
        samples = np.asarray(chunk)
        samples = to_mono(samples) if samples.size else np.zeros(0, "float32")
        self._waiting = np.concatenate([self._waiting, samples])
        found = [self._no_outputs]
        while len(self._waiting) >= self.block:
            count = max(n for n in BLOCKS if n * self.block <= len(self._waiting))
            found.append(self._advance(count))
        return np.concatenate(found)

    def listen(self, samples, chunk=1280):
        """Return the outputs for a whole clip, heard in chunks of so many samples."""
        self.reset()
        heard = [self.feed(samples[at : at + chunk]) for at in range(0, len(samples), chunk)]
        return np.concatenate([self._no_outputs, *heard])

    def _advance(self, count):
        """Compute some steps of the samples that wait."""
        cut = count * self.block
        samples = np.concatenate([self._tail, self._waiting[:cut]])
        self._waiting, self._tail = self._waiting[cut:], samples[-LogMel.overlap :]
        result, self._frames, self._states = self._programs[count](
            ops.convert_to_tensor(samples[None]), self._frames, self._states
        )
        return ops.convert_to_numpy(result)

    def _program(self, count):
        """Return the function that computes some steps from the states before them."""

        def program(samples, frames, states):
            x = self._front(samples, padded=False)  # (1, count * stride, bands)
            frames = ops.concatenate([frames, x], axis=1)
            x, left, new_states = frames, list(states), []
            for layer in self._layers:
                if getattr(layer, "cell", None) is not None:
                    x, state = _steps(layer.cell, x, left.pop(0), count)
                    new_states.append(state)
                else:
                    x = layer(x)
            context = frames[:, frames.shape[1] - self._context :]
            return ops.reshape(x, (count, *self._no_outputs.shape[1:])), context, new_states

        return program

    def _check_convolution(self, padding):
        """Refuse a convolution that does not come first or does not see the past alone."""
        layer = self._convolution
        if layer is None or self._layers[0] is not layer:
            raise AudioError("The first layer that computes must be a Conv1D over the frames.")
        kernel, self._stride = layer.kernel_size[0], layer.strides[0]
        self._context = kernel - self._stride
        if layer.padding != "valid" or layer.dilation_rate != (1,) or padding != self._context:
            raise AudioError(
                f"Conv1D `{layer.name}` must have padding='valid' behind a ZeroPadding1D of "
                f"({self._context}, 0), so that it sees the past alone; its padding is "
                f"{layer.padding!r} behind ({padding}, ...)."
            )


def _steps(cell, x, state, count):
    """Run a cell over the steps of a block, written out."""
    outputs = []
    for step in range(count):
        output, state = cell(x[:, step], state)
        outputs.append(output)
    return ops.stack(outputs, axis=1), state
