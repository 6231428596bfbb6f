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
backwards has one product a step.
"""

from keras import ops

from seqlib.layers.fused.steps import (
    grad_wrt_input,
    loop,
    one_mask_per_gate,
    shift_right,
    write_step,
    zeros_over_time,
)
from seqlib.layers.recurrent_cell import masked_product


def forward(projected, weights, states, steps, mask, dropout_masks, *, for_gradient):
    """Run a GRU over a sequence: every h, the last h alone, and what `backward` needs."""
    # projected: the input's product (batch, time, 3 * units); states (batch, units) each; steps at
    # most time; mask None or (batch, time, 1); dropout_masks those of the state.
    recurrent_kernel, bias = weights  # (units, 3 * units), (2, 3 * units)
    units = recurrent_kernel.shape[0]
    of_z, of_r, of_v = ops.split(recurrent_kernel, 3, axis=-1)
    of_z, of_r = of_z / 2, of_r / 2
    b_z, b_r, _ = ops.split(bias[0] + bias[1], 3)
    (*_, b_a), (*_, b_v) = ops.split(bias[0], 3), ops.split(bias[1], 3)
    masks_z, masks_r, masks_v = one_mask_per_gate(dropout_masks, 3)
    # XLA is nearly twice as fast on an array a gate as on slices of one array for all.
    x_z, x_r, x_a = ops.split(projected, 3, axis=-1)
    x_z, x_r, x_a = (x_z + b_z) / 2, (x_r + b_r) / 2, x_a + b_a

    def step(t, h, hidden_states, zs=x_z, rs=x_r, candidates=x_a, vs=None):
        v = masked_product(h, of_v, masks_v) + b_v
        z = ops.tanh(zs[:, t] + masked_product(h, of_z, masks_z)) / 2 + 0.5
        r = ops.tanh(rs[:, t] + masked_product(h, of_r, masks_r)) / 2 + 0.5
        candidate = ops.tanh(candidates[:, t] + r * v)
        new_h = candidate + z * (h - candidate)
        if mask is not None:
            new_h = ops.where(mask[:, t], new_h, h)
        written = (write_step(hidden_states, new_h, t),)
        if for_gradient:  # gates take the place of their projections
            written += (
                write_step(zs, z, t),
                write_step(rs, r, t),
                write_step(candidates, candidate, t),
                write_step(vs, v, t),
            )
        return new_h, *written

    every = zeros_over_time(projected, units)
    kept = (x_z, x_r, x_a, zeros_over_time(projected, units)) if for_gradient else ()
    h, hidden_states, *kept = loop(steps, step, (*states, every, *kept))
    return hidden_states, (h,), tuple(kept)


def backward(
    weights, states, steps, mask, dropout_masks, hidden_states, kept, d_sequence, *d_states
):
    """Return the gradients of both products, (batch, time, 3 * units) each, and of the states."""
    # hidden_states, kept: from `forward`; d_sequence, d_states: the gradients of its outputs.
    recurrent_kernel, _ = weights
    units = recurrent_kernel.shape[0]
    z, r, candidate, v = kept  # (batch, time, units)
    of_z = (shift_right(states[0], hidden_states) - candidate) * z * (1 - z)
    of_a = (1 - z) * (1 - candidate**2)
    if mask is not None:  # a masked step hands the gradient on as it is
        of_z, of_a, z = ops.where(mask, of_z, 0), ops.where(mask, of_a, 0), ops.where(mask, z, 1)
    factors = [of_z, of_a * v * r * (1 - r), of_a * r]
    transposed = ops.transpose(recurrent_kernel)

    def step(t, d_h, d_a, d_u):
        d_h = d_h + d_sequence[:, t]
        for gate, factor in enumerate(factors):
            d_u = write_step(d_u, factor[:, t] * d_h, t, first_column=gate * units)
        d_a = write_step(d_a, of_a[:, t] * d_h, t)
        d_before = d_h * z[:, t] + grad_wrt_input(d_u[:, t], transposed, dropout_masks)
        return d_before, d_a, d_u

    start = (*d_states, zeros_over_time(z, units), zeros_over_time(z, 3 * units))
    d_h, d_a, d_u = loop(steps, step, start, reverse=True)
    return (ops.concatenate([d_u[:, :, : 2 * units], d_a], axis=-1), d_u), (d_h,)
