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
so the loop backwards has one product a step, and after it $\partial L / \partial W$ and
$\partial L / \partial U$ are one product each over all steps.
"""

from keras import ops

from seqlib.layers.fused.steps import (
    add_time_axis,
    grad_wrt_input,
    grad_wrt_kernel,
    loop,
    merge_batch_and_time,
    repeat_per_gate,
    shift_right,
    write_step,
    zeros_over_time,
)
from seqlib.layers.recurrent_cell import masked_product

GATES = 4
HALVES = (0.5, 0.5, 1.0, 0.5)  # input, forget, candidate, output


def forward(x, weights, states, steps, mask, dropout, *, return_sequences, for_gradient):
    """Run an LSTM over a sequence: every h or None, the last h and c, and what `backward` needs."""
    # x (batch, time, features), states (batch, units) each, steps at most time, mask None or
    # (batch, time, 1), dropout a pair: masks of the input and of the state.
    kernel, recurrent_kernel, bias = weights  # (features | units, 4 * units), (4 * units,)
    h, c = states
    units = recurrent_kernel.shape[0]
    needs_states = return_sequences or for_gradient
    halves = repeat_per_gate(HALVES, units, like=kernel)
    input_masks, recurrent_masks = dropout
    # (batch, time, 4 * units)
    projected = masked_product(x, kernel * halves, add_time_axis(input_masks))
    recurrent_kernel, bias = recurrent_kernel * halves, bias * halves

    def step(t, h, c, hidden_states=None, gates=None, cs=None):
        z = (gates if for_gradient else projected)[:, t]
        a = ops.tanh(z + masked_product(h, recurrent_kernel, recurrent_masks) + bias)
        i, f, g, o = ops.split(a, 4, axis=-1)
        new_c = (f / 2 + 0.5) * c + (i / 2 + 0.5) * g
        new_h = (o / 2 + 0.5) * ops.tanh(new_c)
        if mask is not None:
            new_h, new_c = ops.where(mask[:, t], new_h, h), ops.where(mask[:, t], new_c, c)
        written = (write_step(hidden_states, new_h, t),) if needs_states else ()
        if for_gradient:  # the activated gates take the place of their projections
            written += write_step(gates, a, t), write_step(cs, new_c, t)
        return new_h, new_c, *written

    state = (h, c)
    if needs_states:
        state += (zeros_over_time(x, units),)
    if for_gradient:
        state += projected, zeros_over_time(x, units)
    h, c, *residuals = loop(steps, step, state)
    outputs = residuals[0] if return_sequences else None
    return outputs, (h, c), tuple(residuals) if for_gradient else ()


def backward(x, weights, states, steps, mask, dropout, residuals, d_sequence, d_states):
    """Return the gradients of the input's product, (batch, time, 4 * units), weights and states."""
    recurrent_kernel = weights[1]
    units = recurrent_kernel.shape[0]
    hidden_states, gates, cs = residuals
    input_masks, recurrent_masks = dropout
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
        if d_sequence is not None:
            d_h = d_h + d_sequence[:, t]
        d_c = d_c + d_h * c_from_h[:, t]
        for gate, of in enumerate((d_c, d_c, d_c, d_h)):
            d_z = write_step(d_z, factors[gate][:, t] * of, t, first_column=gate * units)
        d_before = grad_wrt_input(d_z[:, t], transposed, recurrent_masks)
        if mask is not None:
            d_before = d_before + ops.where(mask[:, t], 0, d_h)
        return d_before, d_c * f[:, t], d_z

    d_h, d_c, d_z = loop(steps, step, (*d_states, zeros_over_time(x, 4 * units)), reverse=True)
    d_weights = (
        grad_wrt_kernel(x, d_z, add_time_axis(input_masks)),
        grad_wrt_kernel(shift_right(states[0], hidden_states), d_z, add_time_axis(recurrent_masks)),
        ops.sum(merge_batch_and_time(d_z), axis=0),
    )
    return d_z, d_weights, (d_h, d_c)
