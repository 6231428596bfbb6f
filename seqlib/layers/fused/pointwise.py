"""Activations that are many operations, in one pass through memory.

TensorFlow takes some ten operations for GELU and more for its gradient; each reads and writes the
whole tensor, and in half precision rounds. XLA makes a single pass of them, in full precision.
"""

import functools

import keras
from keras import ops

from seqlib.layers import fused


def quickest(activation):
    """Return what computes an activation soonest: `gelu` for that of Keras, else the same."""
    return gelu if activation is keras.activations.gelu else activation


@keras.saving.register_keras_serializable("seqlib")
def gelu(x):
    r"""Return the Gaussian error linear unit of each number.

    $$\mathrm{GELU}(x) = x \, \Phi(x) = \frac{x}{2} \Big(1 + \mathrm{erf} \frac{x}{\sqrt 2}\Big)$$

    Args:
        x: Tensor. Half precision is computed in full, and rounded once.

    Returns:
        Tensor of the shape and type of `x`.

    Example:
        >>> hidden = keras.ops.convert_to_tensor([[-1.0, 0.0, 1.0]])
        >>> [round(float(number), 3) for number in gelu(hidden)[0]]
        [-0.159, 0.0, 0.841]

    Source:
        Hendrycks & Gimpel, Gaussian error linear units (2016).
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    if _is_compiled():
        result = _program(dtype, len(x.shape), x.shape[-1])(x)
        result.set_shape(x.shape)
        return result
    return _gelu(x, dtype)


def _gelu(x, dtype):
    full = ops.cast(x, "float32") if dtype in ("float16", "bfloat16") else x
    return ops.cast(ops.gelu(full, approximate=False), dtype)


def _is_compiled():
    """Return whether a graph of TensorFlow is being made that a program of XLA can be part of."""
    if (
        keras.backend.backend() != "tensorflow"
        or fused.called_eagerly()
        or fused.being_exported()
        or fused.on_gpu()
    ):
        return False
    from seqlib.layers.fused import programs

    return programs.compiles() and not programs.inside_xla()


@functools.cache
def _program(dtype, rank, size):
    import tensorflow as tf

    from seqlib.layers.fused import programs

    signature = [tf.TensorSpec([None] * (rank - 1) + [size], dtype)]
    return programs.trace(lambda x: _gelu(x, dtype), signature, jit_compile=True)
