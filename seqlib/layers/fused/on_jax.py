"""The kernels on JAX: compiled by XLA, with their gradient."""

import functools

import jax

from seqlib.layers.fused.steps import input_gradient, over_time


def whole_sequence(kernel, x, weights, states, mask, dropout, *, every, training):
    """Run a kernel over a sequence, differentiably; see `on_tensorflow` for the arguments.

    Returns:
        Every h, (batch, time, units), or None, and a tuple of the last states.
    """
    mask = None if mask is None else mask[:, :, None]

    @jax.custom_vjp
    def run(differentiable, settled):
        hs, last, _ = _forward(kernel, every, False, differentiable, settled)
        return hs, last

    def forward(differentiable, settled):
        hs, last, kept = _forward(kernel, every, True, differentiable, settled)
        return (hs, last), (differentiable, settled, kept)

    def backward(known, upstream):
        return _backward(kernel, *known, *upstream), None

    run.defvjp(forward, backward)
    return run((x, weights, states), (mask, dropout))


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _forward(kernel, every, keep, differentiable, settled):
    x, weights, states = differentiable
    return kernel.forward(x, weights, states, x.shape[1], *settled, every=every, keep=keep)


@functools.partial(jax.jit, static_argnums=0)
def _backward(kernel, differentiable, settled, kept, d_every, d_last):
    x, weights, states = differentiable
    d_product, d_weights, d_states = kernel.backward(
        x, weights, states, x.shape[1], *settled, kept, d_every, d_last
    )
    on_input = over_time(settled[1][0])
    return input_gradient(d_product, weights[0].T, on_input), d_weights, d_states
