"""Activations that are many operations, in one pass through memory.

TensorFlow takes some ten operations for GELU and more for its gradient; each reads and writes the
whole tensor, and in half precision rounds. XLA makes a single pass of them, in full precision.
"""

import functools

import keras
from keras import ops

from seqlib.compiled import BACKEND, trace, xla_available
from seqlib.layers.keras_internals import being_exported, inside_xla


def fast_activation(activation):
    """Return what computes an activation soonest: `gelu` for that of Keras, else the same."""
    return gelu if activation is keras.activations.gelu else activation


@keras.saving.register_keras_serializable("seqlib")
def gelu(x):
    r"""Return $x \Phi(x) = \frac{x}{2} (1 + \mathrm{erf} \frac{x}{\sqrt 2})$ of each number.

    Half precision is computed in full, and rounded once.

    Example:
        >>> hidden = keras.ops.convert_to_tensor([[-1.0, 0.0, 1.0]])
        >>> [round(float(number), 3) for number in gelu(hidden)[0]]
        [-0.159, 0.0, 0.841]

    Source:
        Hendrycks & Gimpel, Gaussian error linear units (2016).
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    if _can_be_compiled():
        return BACKEND.ensure_shape(_program(dtype, len(x.shape), x.shape[-1])(x), x.shape)
    return _gelu(x, dtype)


def _gelu(x, dtype):
    full = ops.cast(x, "float32") if dtype in ("float16", "bfloat16") else x
    return ops.cast(ops.gelu(full, approximate=False), dtype)


def _can_be_compiled():
    """Return whether a graph of TensorFlow is being made that a program of XLA can be part of."""
    if BACKEND.name != "tensorflow" or BACKEND.is_eager() or BACKEND.has_gpu():
        return False
    return xla_available() and not inside_xla() and not being_exported()


@functools.cache
def _program(dtype, rank, size):
    spec = BACKEND.tf.TensorSpec([None] * (rank - 1) + [size], dtype)
    return trace(lambda x: _gelu(x, dtype), [spec], jit_compile=True)
