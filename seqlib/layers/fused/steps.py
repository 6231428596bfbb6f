"""What the whole-sequence kernels are written with: the loop over time and products under dropout.

Everything is in `keras.ops` and made to be compiled by XLA: the length of the loop and all
positions are values, so that one program serves every length that fits the arrays. Dropout masks
come as the cells have them: a tuple of none, of one for all gates, or of one for each gate.
"""

import numpy as np
from keras import ops

from seqlib.layers.recurrent_cell import masked_product


def loop(steps, body, state, reverse=False):
    """Run `state = body(t, *state)` for t = 0, 1 ... steps - 1 on a tuple, and return the last.

    `reverse` begins with the last t. Counted otherwise, by ``steps - 1 - t``, the number of steps
    would be a constant to XLA, which would compile anew for each.
    """
    if reverse:
        start = ops.convert_to_tensor(steps - 1, "int32")
        return ops.while_loop(
            lambda t, *state: t >= 0,
            lambda t, *state: (t - 1, *body(t, *state)),
            (start, *state),
        )[1:]
    start = ops.convert_to_tensor(0, "int32")
    return ops.while_loop(
        lambda t, *state: t < steps, lambda t, *state: (t + 1, *body(t, *state)), (start, *state)
    )[1:]


def write_step(sequence, value, t, first_column=0):
    """Return (batch, time, columns) with (batch, some columns) written at a step, in place."""
    start = ops.stack([ops.zeros_like(t), t, ops.full_like(t, first_column)])
    return ops.slice_update(sequence, start, value[:, None])


def zeros_over_time(sequence, columns):
    """Return zeros for every step of a sequence: (batch, time, columns)."""
    batch, time = ops.shape(sequence)[:2]
    return ops.zeros((batch, time, columns), dtype=sequence.dtype)


def shift_right(first, sequence):
    """Return the sequence a step later: `first`, (batch, columns), then all but the last step."""
    return ops.concatenate([first[:, None], sequence[:, :-1]], axis=1)


def repeat_per_gate(values, units, like):
    """Return a row with each number repeated for the columns of its gate, (gates * units,)."""
    return ops.convert_to_tensor(np.repeat(values, units), dtype=like.dtype)


def one_mask_per_gate(masks, gates):
    """Return for each gate its own dropout masks: none, or one."""
    return [masks] * gates if len(masks) < 2 else [(mask,) for mask in masks]


def grad_wrt_input(gradient, transposed_kernel, masks):
    r"""Return $\partial L / \partial x$ of `masked_product(x, kernel, masks)`: (..., features)."""
    if not masks:
        return ops.matmul(gradient, transposed_kernel)
    parts = zip(
        ops.split(gradient, len(masks), axis=-1),
        ops.split(transposed_kernel, len(masks)),
        masks,
        strict=True,
    )
    return sum(ops.matmul(part, kernel) * mask for part, kernel, mask in parts)


def product_over_time(x, kernel, masks):
    """Return `masked_product(x, kernel, masks)` at every step: (batch, time, columns)."""
    batch, time = ops.shape(x)[:2]
    product = masked_product(merge_batch_and_time(x), kernel, _at_every_step(masks, time))
    return ops.reshape(product, (batch, time, kernel.shape[-1]))


def grad_over_time_wrt_input(gradient, kernel, masks):
    r"""Return $\partial L / \partial x$ of `product_over_time`: (batch, time, features)."""
    batch, time = ops.shape(gradient)[:2]
    masks = _at_every_step(masks, time)
    d_x = grad_wrt_input(merge_batch_and_time(gradient), ops.transpose(kernel), masks)
    return ops.reshape(d_x, (batch, time, kernel.shape[0]))


def grad_over_time_wrt_kernel(x, gradient, masks):
    r"""Return $\partial L / \partial W$ of `product_over_time`, summed over all steps."""
    if not masks:
        return ops.matmul(ops.transpose(merge_batch_and_time(x)), merge_batch_and_time(gradient))
    parts = ops.split(gradient, len(masks), axis=-1)
    products = [
        grad_over_time_wrt_kernel(x * mask[:, None], part, ())
        for mask, part in zip(masks, parts, strict=True)
    ]
    return ops.concatenate(products, axis=-1)


def merge_batch_and_time(sequence):
    """Return (batch, time, columns) as (batch * time, columns)."""
    return ops.reshape(sequence, (-1, sequence.shape[-1]))


def _at_every_step(masks, time):
    """Return dropout masks of (batch, columns) as (batch * time, columns)."""
    return tuple(ops.repeat(mask, time, axis=0) for mask in masks)
