"""The kernels on TensorFlow: compiled by XLA, one shard of the batch a core, with their gradient.

The gradients of the weights that the shards return add up (see `programs`). A program is traced
once for each width of input and state, with the sizes of batch and time left open; XLA compiles it
anew for each (batch, time) that it meets.
"""

import functools

import tensorflow as tf

from seqlib.layers.fused.programs import (
    cut,
    join,
    open_sizes,
    refuse_second_derivative,
    rounded,
    shards_of,
    trace,
)
from seqlib.layers.fused.steps import input_gradient, over_time

NOTHING = ()  # stands for None in the arguments of a program


def whole_sequence(kernel, x, weights, states, mask, dropout, *, every, training):
    """Run a kernel over a sequence, differentiably.

    Args:
        kernel: Module with `forward` and `backward`.
        x: (batch, time, features).
        weights: Tuple of tensors.
        states: Tuple of (batch, units) tensors.
        mask: (batch, time) of booleans, or None.
        dropout: See the kernel.
        every: Whether every h is asked for.
        training: Whether a gradient is likely to follow: what it needs is then kept. It is right
            either way; without, a gradient computes the sequence once more.

    Returns:
        Every h, (batch, time, units), or None, and a tuple of the last states.
    """
    batch, time = x.shape[:2]
    steps, (x, mask) = tf.shape(x)[1], rounded(x, mask)
    mask = NOTHING if mask is None else mask[:, :, None]
    dropout = tuple(NOTHING if masks is None else masks for masks in dropout)
    mask, dropout = tf.nest.map_structure(tf.stop_gradient, (mask, dropout))
    shards = shards_of(batch)

    @tf.custom_gradient
    def run(*differentiable):
        # No tape may look inside: the gradient is the one given below.
        x, weights, states = tf.nest.map_structure(tf.stop_gradient, differentiable)
        shared, by_row = (weights, steps), (x, states, mask, dropout)
        hs, last, kept = _call(_forward, kernel, shards, every, training)(shared, by_row)

        def gradient(*upstream):
            d_every, d_last = (upstream[0], upstream[1:]) if every else (NOTHING, upstream)
            d_every, d_last = tf.nest.map_structure(tf.stop_gradient, (d_every, d_last))
            needed = kept
            if not training:
                needed = _call(_forward, kernel, shards, every, True)(shared, by_row)[2]
            backward = _call(_backward, kernel, shards)
            return backward(shared, (*by_row, d_every, d_last), needed)

        def gradients(*upstream):
            @tf.custom_gradient
            def once(*_):
                return gradient(*upstream), refuse_second_derivative

            d_products, d_weights, d_states = once(*tf.nest.flatten(differentiable), *upstream)
            # A program of its own, which is left out where nobody asks for the input's gradient.
            d_x = _call(_of_input, shards)(weights[:1], dropout[:1], d_products)
            return [d_x, *d_weights, *d_states]

        return ((hs, *last) if every else last), gradients

    results = run(x, weights, states)
    hs, last = (results[0], results[1:]) if every else (None, results)
    if every:
        hs = hs if time is not None else hs[:, :steps]
        hs = tf.ensure_shape(hs, (batch, time, hs.shape[-1]))
    return hs, tuple(tf.ensure_shape(state, (batch, state.shape[-1])) for state in last)


def _or_none(structure):
    return None if isinstance(structure, tuple) and not structure else structure


def _call(build, *what):
    """Return a function that looks up, or makes, the program for the arguments it is called with.

    A program of TensorFlow holds the shapes it was traced for; looking it up here, by what is
    fixed alone, keeps the sizes of batch and time open without tracing again and again.
    """

    def call(shared, by_row, kept=NOTHING):
        signature = (
            tf.nest.map_structure(lambda a: tf.TensorSpec(a.shape, a.dtype), shared),
            tf.nest.map_structure(open_sizes, by_row),
            tf.nest.map_structure(open_sizes, kept),
        )
        return build(*what, signature)(shared, by_row, kept)

    return call


@functools.cache
def _forward(kernel, shards, every, keep, signature):
    """Build the graph that cuts the batch, runs a kernel on every shard and joins the results."""

    def compute(shared, by_row):
        weights, steps = shared
        x, states, mask, dropout = by_row
        hs, last, kept = kernel.forward(
            x,
            weights,
            states,
            steps,
            _or_none(mask),
            [_or_none(masks) for masks in dropout],
            every=every,
            keep=keep,
        )
        return NOTHING if hs is None else hs, last, kept

    compiled = trace(compute, signature[:2], jit_compile=True)

    def run(shared, by_row, _):
        parts = [compiled(shared, part) for part in cut(by_row, shards)]
        hs, last, kept = zip(*parts, strict=True)
        return join(hs), join(last), kept  # what is kept stays in shards

    return trace(run, signature)


@functools.cache
def _backward(kernel, shards, signature):
    """Build the graph of the gradient; the shards are those of `_forward`."""

    def compute(shared, by_row, kept):
        weights, steps = shared
        x, states, mask, dropout, d_every, d_last = by_row
        return kernel.backward(
            x,
            weights,
            states,
            steps,
            _or_none(mask),
            [_or_none(masks) for masks in dropout],
            kept,
            _or_none(d_every),
            d_last,
        )

    compiled = trace(compute, (*signature[:2], signature[2][0]), jit_compile=True)

    def run(shared, by_row, kept):
        pairs = zip(cut(by_row, shards), kept, strict=True)
        parts = [compiled(shared, *pair) for pair in pairs]
        d_products, d_weights, d_states = zip(*parts, strict=True)
        summed = tf.nest.map_structure(lambda *a: tf.add_n(a), *d_weights)
        return d_products, summed, join(d_states)  # the products stay in shards

    return trace(run, signature)


@functools.cache
def _of_input(shards, signature):
    """Build the graph that makes the input's gradient from that of its product."""

    def compute(shared, by_row, d_product):
        (weight,), (masks,) = shared, by_row
        return input_gradient(d_product, tf.transpose(weight), over_time(_or_none(masks)))

    compiled = trace(compute, (*signature[:2], signature[2][0]), jit_compile=True)

    def run(shared, by_row, d_products):
        pairs = zip(cut(by_row, shards), d_products, strict=True)
        return join([compiled(shared, *pair) for pair in pairs])

    return trace(run, signature)
