r"""The LSTM over a whole sequence and its gradient, for XLA.

The same equations as in `seqlib.layers.lstm`, in an order that costs less. With
$\sigma(x) = \tanh(x / 2) / 2 + 1/2$ one tanh serves all gates, the halves being folded into the
weights. The gradient is written out: with the total $\delta h_t$ and $\delta c_t$ of a step,

$$\begin{aligned}
\delta c_t &\leftarrow \delta c_t + \delta h_t \odot o (1 - \tanh^2 c_t) \\
\delta z_t &= \big(\delta c_t \odot g\, i (1 - i),\; \delta c_t \odot c_{t-1} f (1 - f),\;
              \delta c_t \odot i (1 - g^2),\; \delta h_t \odot \tanh c_t\, o (1 - o)\big) \\
\delta h_{t-1} &= \delta z_t U^\top, \qquad \delta c_{t-1} = \delta c_t \odot f
\end{aligned}$$

Every factor beside $\delta h_t$ and $\delta c_t$ is known before the loop, for all steps at once;
so the loop backwards has one product a step.
"""

from keras import ops

from seqlib.layers.fused.steps import (
    grad_wrt_input,
    loop,
    repeat_per_gate,
    shift_right,
    write_step,
    zeros_over_time,
)
from seqlib.layers.recurrent_cell import masked_product

HALVES = (0.5, 0.5, 1.0, 0.5)  # input, forget, candidate, output


def forward(projected, weights, states, steps, mask, dropout_masks, *, for_gradient):
    """Run an LSTM over a sequence: every h, the last h and c, and what `backward` needs."""
    # projected: the input's product (batch, time, 4 * units); states (batch, units) each; steps at
    # most time; mask None or (batch, time, 1); dropout_masks those of the state.
    recurrent_kernel, bias = weights  # (units, 4 * units), (4 * units,)
    units = recurrent_kernel.shape[0]
    halves = repeat_per_gate(HALVES, units, like=recurrent_kernel)
    recurrent_kernel, bias = recurrent_kernel * halves, bias * halves

    def step(t, h, c, hidden_states, gates=projected, cs=None):
        z = gates[:, t] * halves
        a = ops.tanh(z + masked_product(h, recurrent_kernel, dropout_masks) + bias)
        i, f, g, o = ops.split(a, 4, axis=-1)
        new_c = (f / 2 + 0.5) * c + (i / 2 + 0.5) * g
        new_h = (o / 2 + 0.5) * ops.tanh(new_c)
        if mask is not None:
            new_h, new_c = ops.where(mask[:, t], new_h, h), ops.where(mask[:, t], new_c, c)
        written = (write_step(hidden_states, new_h, t),)
        if for_gradient:  # the activated gates take the place of their projections
            written += write_step(gates, a, t), write_step(cs, new_c, t)
        return new_h, new_c, *written

    every = zeros_over_time(projected, units)
    kept = (projected, zeros_over_time(projected, units)) if for_gradient else ()
    h, c, hidden_states, *kept = loop(steps, step, (*states, every, *kept))
    return hidden_states, (h, c), tuple(kept)


def backward(
    weights, states, steps, mask, dropout_masks, hidden_states, kept, d_sequence, *d_states
):
    """Return the gradient of both products, (batch, time, 4 * units), and those of the states."""
    # hidden_states, kept: from `forward`; d_sequence, d_states: the gradients of its outputs.
    recurrent_kernel, _ = weights
    units = recurrent_kernel.shape[0]
    gates, cs = kept
    i, f, g, o = ops.split(gates, 4, axis=-1)  # (batch, time, units)
    i, f, o = i / 2 + 0.5, f / 2 + 0.5, o / 2 + 0.5
    squashed = ops.tanh(cs)
    c_from_h = o * (1 - squashed**2)
    factors = [
        g * i * (1 - i),
        shift_right(states[1], cs) * f * (1 - f),
        i * (1 - g**2),
        squashed * o * (1 - o),
    ]
    if mask is not None:  # a masked step hands both gradients on as they are
        factors = [ops.where(mask, factor, 0) for factor in factors]
        c_from_h, f = ops.where(mask, c_from_h, 0), ops.where(mask, f, 1)
    transposed = ops.transpose(recurrent_kernel)

    def step(t, d_h, d_c, d_z):
        d_h = d_h + d_sequence[:, t]
        d_c = d_c + d_h * c_from_h[:, t]
        for gate, of in enumerate((d_c, d_c, d_c, d_h)):
            d_z = write_step(d_z, factors[gate][:, t] * of, t, first_column=gate * units)
        d_before = grad_wrt_input(d_z[:, t], transposed, dropout_masks)
        if mask is not None:
            d_before = d_before + ops.where(mask[:, t], 0, d_h)
        return d_before, d_c * f[:, t], d_z

    start = (*d_states, zeros_over_time(cs, 4 * units))
    d_h, d_c, d_z = loop(steps, step, start, reverse=True)
    return (d_z,), (d_h, d_c)
