"""A kernel over a whole sequence: compiled, split into shards, with its own gradient.

Compiled is the loop alone. The products over all steps, before it and after it, are plain
operations: so the programs serve every layer of as many units, whatever its input, and steps that
were padded are not multiplied.
"""

import functools

from keras import ops

from seqlib.compiled import (
    BACKEND,
    ShardedProgram,
    add_shards,
    concat_shards,
    keep_shards,
    length_to_compile_for,
    pad_time,
    shard_count,
    with_gradient,
)
from seqlib.layers.fused.steps import (
    grad_over_time_wrt_input,
    grad_over_time_wrt_kernel,
    merge_batch_and_time,
    product_over_time,
    shift_right,
)
from seqlib.layers.keras_internals import inside_xla


def whole_sequence(kernel, x, weights, states, mask, dropout, *, return_sequences, training):
    """Run a kernel, differentiably: every h, (batch, time, units), or None, and the last states."""
    batch, time = x.shape[:2]
    length = length_to_compile_for(x)
    steps = None if length is None else ops.shape(x)[1]
    mask = None if mask is None else pad_time(mask[:, :, None], length)
    inputs, fixed = (x, weights, states), (steps, length, mask, dropout)
    hidden_states, *last = with_gradient(_programs(kernel), inputs, fixed, expected=bool(training))
    units = hidden_states.shape[-1]
    hidden_states = BACKEND.ensure_shape(hidden_states[:, :steps], (batch, time, units))
    last = tuple(BACKEND.ensure_shape(state, (batch, units)) for state in last)
    return (hidden_states if return_sequences else None), last


class KernelPrograms:
    """The programs of a kernel; they hold no weights, so all layers share them."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.product_program = ShardedProgram(_product, (keep_shards,), jit_compile=False)
        combine = concat_shards, concat_shards, keep_shards  # what a gradient needs stays in shards
        self.forward_programs = {
            for_gradient: ShardedProgram(functools.partial(self._forward, for_gradient), combine)
            for for_gradient in (False, True)
        }
        self.backward_program = ShardedProgram(self._backward, (keep_shards, concat_shards))
        combine = concat_shards, add_shards
        self.product_gradient = ShardedProgram(_product_gradient, combine, jit_compile=False)

    def forward(self, inputs, fixed, for_gradient):
        """Return the outputs, and what `backward` needs of them."""
        (x, (kernel, *weights), states), (steps, length, mask, dropout) = inputs, fixed
        shards = 1 if inside_xla() else shard_count(x.shape[0])
        (projected,) = self.product_program(shards, (kernel, length), (x, dropout[0]))
        hidden_states, last, kept = self.forward_programs[for_gradient](
            shards, (weights, steps), (states, mask, dropout[1]), projected
        )
        return (hidden_states, *last), (hidden_states, kept)

    def backward(self, inputs, fixed, residuals, d_outputs):
        """Return the gradients of the products (in shards) and of the states."""
        (_, (_, *weights), states), (steps, _, mask, dropout) = inputs, fixed
        hidden_states, kept = residuals
        by_row = states, mask, dropout[1], hidden_states, d_outputs
        d_products, d_states = self.backward_program(len(kept), (weights, steps), by_row, kept)
        return d_products, d_states, hidden_states

    def finish(self, inputs, fixed, d):
        """Return the gradients of the inputs."""
        d_products, d_states, hidden_states = d
        (x, (kernel, _, bias), states), (*_, dropout) = inputs, fixed
        by_row = x, states[0], hidden_states, dropout
        d_x, d_weights = self.product_gradient(len(d_products), (kernel, bias), by_row, d_products)
        return d_x, d_weights, d_states

    def _forward(self, for_gradient, shared, by_row, projected):
        (weights, steps), (states, mask, dropout) = shared, by_row
        steps = _steps(steps, projected)
        return self.kernel.forward(
            projected, weights, states, steps, mask, dropout, for_gradient=for_gradient
        )

    def _backward(self, shared, by_row, kept):
        (weights, steps), (states, mask, dropout, hidden_states, d_outputs) = shared, by_row
        steps = _steps(steps, hidden_states)
        return self.kernel.backward(
            weights, states, steps, mask, dropout, hidden_states, kept, *d_outputs
        )


_programs = functools.cache(KernelPrograms)


def _product(shared, by_row, _):
    (kernel, length), (x, masks) = shared, by_row
    return (pad_time(product_over_time(x, kernel, masks), length),)


def _product_gradient(shared, by_row, d_products):
    kernel, bias = shared
    x, first, hidden_states, (input_masks, recurrent_masks) = by_row
    steps = ops.shape(x)[1]
    before, *d_products = (
        sequence[:, :steps] for sequence in (shift_right(first, hidden_states), *d_products)
    )
    d_biases = [ops.sum(merge_batch_and_time(d), axis=0) for d in d_products]
    d_weights = (
        grad_over_time_wrt_kernel(x, d_products[0], input_masks),
        grad_over_time_wrt_kernel(before, d_products[-1], recurrent_masks),
        ops.reshape(ops.stack(d_biases), bias.shape),
    )
    return grad_over_time_wrt_input(d_products[0], kernel, input_masks), d_weights


def _steps(steps, sequence):
    """Return the number of steps to take: fewer than there are where a sequence was padded."""
    return ops.shape(sequence)[1] if steps is None else steps
