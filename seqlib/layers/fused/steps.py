"""What the whole-sequence kernels are written with: the loop over time and products under dropout.

Everything is in `keras.ops` and made to be compiled by XLA: the length of the loop and all
positions are values, so that one program serves every length that fits the arrays.
"""

import numpy as np
from keras import ops


def loop(steps, body, state):
    """Run `state = body(t, *state)` for t = 0, 1 ... steps - 1.

    Args:
        steps: Number of steps, an integer or a scalar tensor.
        body: Function from a step and the state to a tuple of the same structure.
        state: Tuple of tensors, or of tuples of them.

    Returns:
        The last state.

    Example:
        >>> total, = loop(4, lambda t, total: (total + t,), (ops.array(0),))
        >>> int(total)
        6
    """
    start = ops.convert_to_tensor(0, "int32")
    return ops.while_loop(
        lambda t, *state: t < steps, lambda t, *state: (t + 1, *body(t, *state)), (start, *state)
    )[1:]


def put(sequence, value, t, first=0):
    """Return a sequence with a value written at one step; XLA does so in place.

    Args:
        sequence: (batch, time, columns).
        value: (batch, part of the columns).
        t: The step.
        first: First of the columns to write to.

    Returns:
        (batch, time, columns).
    """
    start = ops.stack([ops.zeros_like(t), t, ops.full_like(t, first)])
    return ops.slice_update(sequence, start, value[:, None])


def blank(sequence, columns):
    """Return zeros for every step of a sequence: (batch, time, columns)."""
    batch, time = ops.shape(sequence)[:2]
    return ops.zeros((batch, time, columns), dtype=sequence.dtype)


def before(first, sequence):
    """Return what stood before each step: (batch, time, columns), from `first` (batch, columns)."""
    return ops.concatenate([first[:, None], sequence[:, :-1]], axis=1)


def per_column(values, units, like):
    """Return a row with one number for each column of a gate, (len(values) * units,).

    Example:
        >>> ops.convert_to_numpy(per_column([0.5, 1], 2, like=ops.zeros(1))).tolist()
        [0.5, 0.5, 1.0, 1.0]
    """
    return ops.convert_to_tensor(np.repeat(values, units), dtype=like.dtype)


def over_time(masks):
    """Return dropout masks of (batch, columns), one or a list or None, as they act on sequences."""
    if isinstance(masks, (list, tuple)):
        return [mask[:, None] for mask in masks]
    return None if masks is None else masks[:, None]


def by_gate(masks, gates):
    """Return dropout masks as a list with one for each gate, or None for each."""
    return list(masks) if isinstance(masks, (list, tuple)) else [masks] * gates


def input_gradient(gradient, transposed, masks):
    r"""Return $\partial L / \partial x$ of `masked_product(x, kernel, masks)`.

    Args:
        gradient: Gradient of the product, (..., gates * units).
        transposed: The kernel's transpose, (gates * units, features).
        masks: As given to `masked_product`.

    Returns:
        (..., features).
    """
    if not isinstance(masks, (list, tuple)):
        product = ops.matmul(gradient, transposed)
        return product if masks is None else product * masks
    parts = zip(
        ops.split(gradient, len(masks), axis=-1), ops.split(transposed, len(masks)), strict=True
    )
    return sum(
        ops.matmul(part, kernel) * mask for (part, kernel), mask in zip(parts, masks, strict=True)
    )


def kernel_gradient(x, gradient, masks):
    r"""Return $\partial L / \partial W$ of `masked_product(x, W, masks)` over all steps at once.

    Args:
        x: (batch, time, features).
        gradient: Gradient of the product, (batch, time, gates * units).
        masks: As given to `masked_product`, with an axis for time.

    Returns:
        (features, gates * units).
    """
    if isinstance(masks, (list, tuple)):
        parts = ops.split(gradient, len(masks), axis=-1)
        pairs = zip(parts, masks, strict=True)
        return ops.concatenate([kernel_gradient(x, part, mask) for part, mask in pairs], axis=-1)
    x = x if masks is None else x * masks
    return ops.matmul(ops.transpose(rows(x)), rows(gradient))


def rows(sequence):
    """Return (batch, time, columns) as (batch * time, columns)."""
    return ops.reshape(sequence, (-1, sequence.shape[-1]))
