"""Any step over a whole sequence: the loop of layers that are more than one cell.

A kernel of this package is written for one cell. What combines several layers in each step, such as
attention inside a recurrent decoder, gives its step to `scan`, which takes the fastest loop that
the backend has for it, gradient included.
"""

import functools

import keras
from keras import ops

from seqlib.layers import fused


def scan(owner, step, plan, states, sequences, constants, mask=None, training=False):
    """Run `outputs, states = step(plan, states, slices, constants)` over time.

    Args:
        owner: The layer whose method `step` is and whose weights it uses. A step is made of these
            and of its arguments alone, takes each row of the batch by itself, and draws nothing.
        step: Name of the method: from the plan, the states, a tuple of (batch, ...), one slice
            (batch, ...) of each sequence, and the constants, to a tuple of outputs, (batch, ...)
            each, and a tuple of new states of the old shapes.
        plan: What the step must know that is no tensor; hashable.
        states: Tuple of (batch, ...) tensors, before the first step.
        sequences: Tuple of (batch, time, ...) tensors.
        constants: Tuple of (batch, ...) tensors that every step sees.
        mask: (batch, time), True = real step, or None. A masked step leaves the states as they are
            and has outputs of zero.
        training: Whether a gradient is likely to follow.

    Returns:
        Tuple of outputs, (batch, time, ...) each, and tuple of the last states.
    """
    states, sequences, constants = (
        tuple(getattr(tensor, "value", tensor) for tensor in tensors)  # of a Keras variable
        for tensors in (states, sequences, constants)
    )
    if mask is not None:
        mask = ops.cast(mask, "bool")
    method = functools.partial(getattr(owner, step), plan)
    if fused.called_eagerly() or keras.backend.backend() == "torch" or fused.being_exported():
        return _step_by_step(method, states, sequences, constants, mask)
    if keras.backend.backend() == "jax":
        return _on_jax(method, states, sequences, constants, mask)
    from seqlib.layers.fused import programs, scan_on_tensorflow

    if not programs.compiles():
        return _step_by_step(method, states, sequences, constants, mask)
    return scan_on_tensorflow.scan(
        owner, (step, plan), states, sequences, constants, mask, training
    )


def masked_step(step, states, slices, constants, real):
    """Take a step where a row is real; elsewhere keep the states and return outputs of zero.

    Args:
        step: The function of `scan`.
        states: Its arguments.
        slices: Likewise.
        constants: Likewise.
        real: (batch,) of booleans, or None for all.

    Returns:
        Tuple of outputs and tuple of states.
    """
    outputs, after = step(states, slices, constants)
    if real is None:
        return tuple(outputs), tuple(after)
    outputs = tuple(ops.where(_beside(real, output), output, 0) for output in outputs)
    pairs = zip(after, states, strict=True)
    return outputs, tuple(ops.where(_beside(real, new), new, old) for new, old in pairs)


def _beside(real, tensor):
    return ops.reshape(real, (-1, *[1] * (len(tensor.shape) - 1)))


def _step_by_step(step, states, sequences, constants, mask):
    """Run the loop in Python, where there is a length: plain operations that run everywhere."""
    time = sequences[0].shape[1]
    if time is None:
        raise ValueError(
            "A sequence of unknown length cannot be exported. Give the input a fixed length, "
            "keras.Input((length, ...))."
        )
    steps = []
    for t in range(time):
        real = None if mask is None else mask[:, t]
        slices = tuple(sequence[:, t] for sequence in sequences)
        outputs, states = masked_step(step, states, slices, constants, real)
        steps.append(outputs)
    return tuple(ops.stack(output, axis=1) for output in zip(*steps, strict=True)), states


def _on_jax(step, states, sequences, constants, mask):
    import jax

    def body(states, slices):
        *slices, real = slices
        outputs, states = masked_step(step, states, tuple(slices), constants, real)
        return states, outputs

    in_time = [jax.numpy.swapaxes(x, 0, 1) for x in sequences]
    real = None if mask is None else jax.numpy.swapaxes(mask, 0, 1)
    states, outputs = jax.lax.scan(body, states, (*in_time, real))
    return tuple(jax.numpy.swapaxes(output, 0, 1) for output in outputs), states
