"""Gradients by automatic differentiation on any backend, and by finite differences."""

import keras
import numpy as np


def value_and_gradients(loss, variables):
    """Return loss() and its gradients with respect to Keras variables, as NumPy arrays."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, [variable.value for variable in variables])
    elif backend == "jax":
        import jax

        def stateless(values):
            with keras.StatelessScope(state_mapping=zip(variables, values, strict=True)):
                return loss()

        value, gradients = jax.value_and_grad(stateless)([v.value for v in variables])
    else:
        import torch

        value = loss()
        gradients = torch.autograd.grad(value, [variable.value for variable in variables])
    return to_numpy(value), [to_numpy(gradient) for gradient in gradients]


def slopes(loss, variables, gradients, rng, step=1e-5):
    """Return slopes of loss() along four directions, by gradients and by differences: (4,) each.

    A wrong entry of a gradient shows in almost every direction: a few stand for all of them.
    """
    starts = [to_numpy(variable) for variable in variables]
    told, found = [], []
    for _ in range(4):
        directions = [rng.normal(size=start.shape) for start in starts]
        ends = []
        for sign in (1, -1):
            for variable, start, direction in zip(variables, starts, directions, strict=True):
                variable.assign(start + sign * step * direction)
            ends.append(float(to_numpy(loss())))
        found.append((ends[0] - ends[1]) / (2 * step))
        told.append(sum(np.vdot(*pair) for pair in zip(directions, gradients, strict=True)))
    for variable, start in zip(variables, starts, strict=True):
        variable.assign(start)
    return np.array(told), np.array(found)


def relative_error(a, b):
    """Return ||a - b|| / (||a|| + ||b||)."""
    return np.linalg.norm(a - b) / max(np.linalg.norm(a) + np.linalg.norm(b), 1e-300)


def to_numpy(x):
    """Return a tensor or a variable of any backend as a NumPy array."""
    return np.array(keras.ops.convert_to_numpy(getattr(x, "value", x)))
