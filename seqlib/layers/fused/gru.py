r"""The GRU over a whole sequence and its gradient, for XLA.

The same equations as in `seqlib.layers.gru` with `reset_after=True`, the halves of
$\sigma(x) = \tanh(x / 2) / 2 + 1/2$ folded into the weights of both gates. With the total
$\delta h_t$ of a step and $v = h_{t-1} U_h + b'_h$, the gradient is

$$\begin{aligned}
\delta z_t &= \delta h_t \odot (h_{t-1} - \tilde h)\, z (1 - z) \\
\delta a_t &= \delta h_t \odot (1 - z)(1 - \tilde h^2) \\
\delta r_t &= \delta a_t \odot v\, r (1 - r) \\
\delta h_{t-1} &= \delta h_t \odot z + (\delta z_t, \delta r_t, \delta a_t \odot r)\, U^\top
\end{aligned}$$

in which every factor beside $\delta h_t$ is known before the loop, for all steps at once. The loop
backwards has one product a step; those for the weights come after it, over all steps.
"""

from keras import ops

from seqlib.layers.fused.steps import (
    add_time_axis,
    grad_wrt_input,
    grad_wrt_kernel,
    loop,
    merge_batch_and_time,
    one_mask_per_gate,
    repeat_per_gate,
    shift_right,
    write_step,
    zeros_over_time,
)
from seqlib.layers.recurrent_cell import masked_product

GATES = 3
HALVES = (0.5, 0.5, 1.0)  # update, reset, candidate


def forward(x, weights, states, steps, mask, dropout, *, return_sequences, for_gradient):
    """Run a GRU over a sequence: every h or None, the last h alone, and what `backward` needs."""
    # x (batch, time, features), states (batch, units) each, steps at most time, mask None or
    # (batch, time, 1), dropout a pair: masks of the input and of the state.
    kernel, recurrent_kernel, bias = weights  # (features | units, 3 * units), (2, 3 * units)
    units = recurrent_kernel.shape[0]
    needs_states = return_sequences or for_gradient
    halves = repeat_per_gate(HALVES, units, like=kernel)
    input_masks, recurrent_masks = (one_mask_per_gate(masks, GATES) for masks in dropout)
    kernels = ops.split(kernel * halves, GATES, axis=-1)
    of_z, of_r, of_v = ops.split(recurrent_kernel * halves, GATES, axis=-1)
    (x_z, x_r, x_v), (h_z, h_r, h_v) = (ops.split(bias[row] * halves, GATES) for row in (0, 1))
    # XLA is nearly twice as fast on an array a gate as on slices of one array for all.
    projected = [
        masked_product(x, kernel, add_time_axis(mask))  # (batch, time, units)
        for kernel, mask in zip(kernels, input_masks, strict=True)
    ]

    def step(
        t, h, hidden_states=None, zs=projected[0], rs=projected[1], candidates=projected[2], vs=None
    ):
        v = masked_product(h, of_v, recurrent_masks[2]) + h_v
        z = ops.tanh(zs[:, t] + masked_product(h, of_z, recurrent_masks[0]) + (x_z + h_z)) / 2 + 0.5
        r = ops.tanh(rs[:, t] + masked_product(h, of_r, recurrent_masks[1]) + (x_r + h_r)) / 2 + 0.5
        candidate = ops.tanh(candidates[:, t] + x_v + r * v)
        new_h = candidate + z * (h - candidate)
        if mask is not None:
            new_h = ops.where(mask[:, t], new_h, h)
        written = (write_step(hidden_states, new_h, t),) if needs_states else ()
        if for_gradient:  # gates take the place of their projections
            written += (
                write_step(zs, z, t),
                write_step(rs, r, t),
                write_step(candidates, candidate, t),
                write_step(vs, v, t),
            )
        return new_h, *written

    state = states
    if needs_states:
        state += (zeros_over_time(x, units),)
    if for_gradient:
        state += *projected, zeros_over_time(x, units)
    h, *residuals = loop(steps, step, state)
    outputs = residuals[0] if return_sequences else None
    return outputs, (h,), tuple(residuals) if for_gradient else ()


def backward(x, weights, states, steps, mask, dropout, residuals, d_sequence, d_states):
    """Return the gradients of the input's product, (batch, time, 3 * units), weights and states."""
    recurrent_kernel = weights[1]
    units = recurrent_kernel.shape[0]
    hidden_states, z, r, candidate, v = residuals  # (batch, time, units)
    input_masks, recurrent_masks = dropout
    before_h = shift_right(states[0], hidden_states)
    of_z = (before_h - candidate) * z * (1 - z)
    of_a = (1 - z) * (1 - candidate**2)
    if mask is not None:  # a masked step hands the gradient on as it is
        of_z, of_a, z = ops.where(mask, of_z, 0), ops.where(mask, of_a, 0), ops.where(mask, z, 1)
    factors = [of_z, of_a * v * r * (1 - r), of_a * r]
    transposed = ops.transpose(recurrent_kernel)

    def step(t, d_h, d_a, d_u):
        if d_sequence is not None:
            d_h = d_h + d_sequence[:, t]
        for gate, factor in enumerate(factors):
            d_u = write_step(d_u, factor[:, t] * d_h, t, first_column=gate * units)
        d_a = write_step(d_a, of_a[:, t] * d_h, t)
        d_before = d_h * z[:, t] + grad_wrt_input(d_u[:, t], transposed, recurrent_masks)
        return d_before, d_a, d_u

    d_h, d_a, d_u = loop(
        steps,
        step,
        (*d_states, zeros_over_time(x, units), zeros_over_time(x, 3 * units)),
        reverse=True,
    )
    d_x = ops.concatenate([d_u[:, :, : 2 * units], d_a], axis=-1)  # of the input's product
    d_weights = (
        grad_wrt_kernel(x, d_x, add_time_axis(input_masks)),
        grad_wrt_kernel(before_h, d_u, add_time_axis(recurrent_masks)),
        ops.stack(
            [ops.sum(merge_batch_and_time(d_x), axis=0), ops.sum(merge_batch_and_time(d_u), axis=0)]
        ),
    )
    return d_x, d_weights, (d_h,)
