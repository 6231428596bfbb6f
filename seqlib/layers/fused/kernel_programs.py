"""A kernel over a whole sequence: compiled, split into shards, with its own gradient."""

import functools

from keras import ops

from seqlib.compiled import (
    BACKEND,
    ShardedProgram,
    add_shards,
    concat_shards,
    keep_shards,
    pad_time_to_bucket,
    shard_count,
    with_gradient,
)
from seqlib.layers.fused.steps import add_time_axis, grad_wrt_input
from seqlib.layers.keras_internals import inside_xla


def whole_sequence(kernel, x, weights, states, mask, dropout, *, return_sequences, training):
    """Run a kernel, differentiably: every h, (batch, time, units), or None, and the last states."""
    batch, time = x.shape[:2]
    steps = None if time is not None else ops.shape(x)[1]
    x, mask = pad_time_to_bucket(x, mask)
    inputs, fixed = (x, weights, states), (steps, mask, dropout)
    outputs = with_gradient(
        _programs(kernel, return_sequences), inputs, fixed, expected=bool(training)
    )
    hidden_states, last = (outputs[0], outputs[1:]) if return_sequences else (None, outputs)
    if return_sequences:
        hidden_states = BACKEND.ensure_shape(
            hidden_states[:, :steps], (batch, time, hidden_states.shape[-1])
        )
    return hidden_states, tuple(
        BACKEND.ensure_shape(state, (batch, state.shape[-1])) for state in last
    )


class KernelPrograms:
    """The compiled programs of a kernel; they hold no weights, so all layers share them."""

    def __init__(self, kernel, return_sequences):
        self.kernel, self.return_sequences = kernel, return_sequences
        combine = concat_shards, keep_shards  # what a gradient needs stays in shards
        self.forward_programs = {
            for_gradient: ShardedProgram(functools.partial(self._forward, for_gradient), combine)
            for for_gradient in (False, True)
        }
        combine = keep_shards, add_shards, concat_shards
        self.backward_program = ShardedProgram(self._backward, combine)
        self.input_program = ShardedProgram(self._input_gradient, (concat_shards,))

    def forward(self, inputs, fixed, for_gradient):
        """Return the outputs, and what `backward` needs of them in shards."""
        (x, weights, states), (steps, mask, dropout) = inputs, fixed
        shards = 1 if inside_xla() else shard_count(x.shape[0])
        program = self.forward_programs[for_gradient]
        return program(shards, (weights, steps), (x, states, mask, dropout))

    def backward(self, inputs, fixed, residuals, d_outputs):
        """Return the gradients of the input's product (in shards), the weights and the states."""
        (x, weights, states), (steps, mask, dropout) = inputs, fixed
        by_row = x, states, mask, dropout, d_outputs
        return self.backward_program(len(residuals), (weights, steps), by_row, residuals)

    def finish(self, inputs, fixed, d):
        """Return the gradients of the inputs."""
        d_products, d_weights, d_states = d
        weights, dropout = inputs[1], fixed[2]
        (d_x,) = self.input_program(len(d_products), weights[0], dropout[0], d_products)
        return d_x, d_weights, d_states

    def _forward(self, for_gradient, shared, by_row, _):
        (weights, steps), (x, states, mask, dropout) = shared, by_row
        steps, mask = _steps(steps, x), _columns(mask)
        hidden_states, last, residuals = self.kernel.forward(
            x,
            weights,
            states,
            steps,
            mask,
            dropout,
            return_sequences=self.return_sequences,
            for_gradient=for_gradient,
        )
        return ((hidden_states, *last) if self.return_sequences else last), residuals

    def _backward(self, shared, by_row, residuals):
        (weights, steps), (x, states, mask, dropout, d_outputs) = shared, by_row
        steps, mask = _steps(steps, x), _columns(mask)
        d_sequence, d_last = (
            (d_outputs[0], d_outputs[1:]) if self.return_sequences else (None, d_outputs)
        )
        return self.kernel.backward(
            x, weights, states, steps, mask, dropout, residuals, d_sequence, d_last
        )

    def _input_gradient(self, kernel, masks, d_product):
        return (grad_wrt_input(d_product, ops.transpose(kernel), add_time_axis(masks)),)


_programs = functools.cache(KernelPrograms)


def _steps(steps, x):
    """Return the number of steps to take: fewer than there are where a sequence was padded."""
    return ops.shape(x)[1] if steps is None else steps


def _columns(mask):
    return None if mask is None else mask[:, :, None]
