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
    before,
    blank,
    by_gate,
    input_gradient,
    kernel_gradient,
    loop,
    over_time,
    per_column,
    put,
    rows,
)
from seqlib.layers.recurrent_cell import masked_product

GATES = 3
HALVES = (0.5, 0.5, 1.0)  # update, reset, candidate


def forward(x, weights, states, steps, mask, dropout, *, every, keep):
    """Run a GRU over a sequence.

    Args:
        x: (batch, time, features).
        weights: Kernel (features, 3 * units), recurrent kernel (units, 3 * units), bias
            (2, 3 * units).
        states: The first h, (batch, units), alone in a tuple.
        steps: Number of steps to take, at most `time`.
        mask: (batch, time, 1) of booleans, True = real step, or None.
        dropout: Masks of the input and of the state: each None, one of (batch, columns), or a
            list of three.
        every: Whether every h is asked for.
        keep: Whether to return what `backward` needs.

    Returns:
        Every h, (batch, time, units), or None; the last h, in a tuple; and what `backward` needs.
    """
    kernel, recurrent_kernel, bias = weights
    units = recurrent_kernel.shape[0]
    halves = per_column(HALVES, units, like=kernel)
    on_input, on_state = (by_gate(masks, GATES) for masks in dropout)
    kernels = ops.split(kernel * halves, GATES, axis=-1)
    of_z, of_r, of_v = ops.split(recurrent_kernel * halves, GATES, axis=-1)
    (x_z, x_r, x_v), (h_z, h_r, h_v) = (ops.split(bias[row] * halves, GATES) for row in (0, 1))
    # XLA is nearly twice as fast on an array a gate as on slices of one array for all.
    projected = [
        masked_product(x, kernel, over_time(mask))  # (batch, time, units)
        for kernel, mask in zip(kernels, on_input, strict=True)
    ]

    def step(t, h, hs=None, zs=projected[0], rs=projected[1], candidates=projected[2], vs=None):
        v = masked_product(h, of_v, on_state[2]) + h_v
        z = ops.tanh(zs[:, t] + masked_product(h, of_z, on_state[0]) + (x_z + h_z)) / 2 + 0.5
        r = ops.tanh(rs[:, t] + masked_product(h, of_r, on_state[1]) + (x_r + h_r)) / 2 + 0.5
        candidate = ops.tanh(candidates[:, t] + x_v + r * v)
        new_h = candidate + z * (h - candidate)
        if mask is not None:
            new_h = ops.where(mask[:, t], new_h, h)
        kept = (put(hs, new_h, t),) if every or keep else ()
        if keep:  # gates take the place of their projections
            kept += put(zs, z, t), put(rs, r, t), put(candidates, candidate, t), put(vs, v, t)
        return new_h, *kept

    state = states
    if every or keep:
        state += (blank(x, units),)
    if keep:
        state += *projected, blank(x, units)
    h, *kept = loop(steps, step, state)
    return (kept[0] if every else None), (h,), tuple(kept) if keep else ()


def backward(x, weights, states, steps, mask, dropout, kept, d_every, d_states):
    """Return the gradient of a loss with respect to what `forward` was given.

    Args:
        x: As given to `forward`, like the next five.
        weights: Likewise.
        states: Likewise.
        steps: Likewise.
        mask: Likewise.
        dropout: Likewise.
        kept: What `forward` kept.
        d_every: Gradient of every h, (batch, time, units), or None.
        d_states: Gradient of the last h, alone in a tuple.

    Returns:
        Gradients of the input's product, (batch, time, 3 * units), of which `input_gradient` makes
        that of x, of the weights and of the first state.
    """
    recurrent_kernel = weights[1]
    units = recurrent_kernel.shape[0]
    hs, z, r, candidate, v = kept  # (batch, time, units)
    on_input, on_state = dropout
    before_h = before(states[0], hs)
    of_z = (before_h - candidate) * z * (1 - z)
    of_a = (1 - z) * (1 - candidate**2)
    if mask is not None:  # a masked step hands the gradient on as it is
        of_z, of_a, z = ops.where(mask, of_z, 0), ops.where(mask, of_a, 0), ops.where(mask, z, 1)
    factors = [of_z, of_a * v * r * (1 - r), of_a * r]
    transposed = ops.transpose(recurrent_kernel)

    def step(k, d_h, d_a, d_u):
        t = steps - 1 - k
        if d_every is not None:
            d_h = d_h + d_every[:, t]
        for gate, factor in enumerate(factors):
            d_u = put(d_u, factor[:, t] * d_h, t, first=gate * units)
        d_a = put(d_a, of_a[:, t] * d_h, t)
        d_before = d_h * z[:, t] + input_gradient(d_u[:, t], transposed, on_state)
        return d_before, d_a, d_u

    d_h, d_a, d_u = loop(steps, step, (*d_states, blank(x, units), blank(x, 3 * units)))
    d_x = ops.concatenate([d_u[:, :, : 2 * units], d_a], axis=-1)  # of the input's product
    d_weights = (
        kernel_gradient(x, d_x, over_time(on_input)),
        kernel_gradient(before_h, d_u, over_time(on_state)),
        ops.stack([ops.sum(rows(d_x), axis=0), ops.sum(rows(d_u), axis=0)]),
    )
    return d_x, d_weights, (d_h,)
