"""The kernels on TensorFlow: compiled by XLA, one shard of the batch a core, with their gradient.

XLA computes small products on one core. So the batch is cut into as many shards as there are cores:
one XLA program each, in an ordinary graph, which runs them side by side. The gradients of the
weights add up. A program is traced once for each width of input and state, with the sizes of batch
and time left open; XLA compiles it anew for each (batch, time) that it meets.
"""

import functools

import tensorflow as tf

from seqlib.layers.backend import cores, native_stderr_muted
from seqlib.layers.fused.steps import input_gradient, over_time

ROWS = 8  # of a shard at least: each shard packs the weights anew at every step
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
    steps, (x, mask) = tf.shape(x)[1], _rounded(x, mask)
    mask = NOTHING if mask is None else mask[:, :, None]
    dropout = tuple(NOTHING if masks is None else masks for masks in dropout)
    mask, dropout = tf.nest.map_structure(tf.stop_gradient, (mask, dropout))
    shards = _shards(batch)

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
                return gradient(*upstream), _refuse_second_derivative

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


@functools.cache
def compiles():
    """Return whether this TensorFlow compiles with XLA; some builds cannot."""
    with tf.init_scope(), native_stderr_muted():  # XLA introduces itself when it first compiles
        try:
            tf.function(lambda x: x + 1, jit_compile=True)(tf.zeros(()))
        except (tf.errors.OpError, ValueError):
            return False
    return True


def _refuse_second_derivative(*_):
    raise NotImplementedError(
        "The kernel for whole sequences has first derivatives alone. For second ones make the "
        "layer with implementation='reference'."
    )


def _shards(batch):
    """Return into how many parts to cut a batch, whose size may be unknown."""
    if _inside_xla():  # one program, which runs its parts one after the other
        return 1
    side_by_side = tf.config.threading.get_inter_op_parallelism_threads() or cores()
    return side_by_side if batch is None else max(1, min(side_by_side, batch // ROWS))


def _inside_xla():
    """Return whether the graph being traced is to be compiled as a whole."""
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()  # no public way to ask
        if context is not None and context.IsXLAContext():
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _rounded(x, mask):
    """Lengthen a sequence of unknown length a little, so that XLA meets few different lengths."""
    if x.shape[1] is not None:
        return x, mask
    time = tf.shape(x)[1]
    unit = tf.where(time <= 64, 8, tf.where(time <= 256, 32, 128))
    more = -time % unit
    mask = None if mask is None else tf.pad(mask, [[0, 0], [0, more]])
    return tf.pad(x, [[0, 0], [0, more], [0, 0]]), mask


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
            tf.nest.map_structure(_open, by_row),
            tf.nest.map_structure(_open, kept),
        )
        return build(*what, signature)(shared, by_row, kept)

    return call


def _open(tensor):
    """Describe a tensor with all sizes left open but that of its last axis."""
    return tf.TensorSpec([None] * (len(tensor.shape) - 1) + [tensor.shape[-1]], tensor.dtype)


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

    compiled = _trace(compute, signature[:2], jit_compile=True)

    def run(shared, by_row, _):
        parts = [compiled(shared, part) for part in _cut(by_row, shards)]
        hs, last, kept = zip(*parts, strict=True)
        return _join(hs), _join(last), kept  # what is kept stays in shards

    return _trace(run, signature)


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

    compiled = _trace(compute, (*signature[:2], signature[2][0]), jit_compile=True)

    def run(shared, by_row, kept):
        pairs = zip(_cut(by_row, shards), kept, strict=True)
        parts = [compiled(shared, *pair) for pair in pairs]
        d_products, d_weights, d_states = zip(*parts, strict=True)
        summed = tf.nest.map_structure(lambda *a: tf.add_n(a), *d_weights)
        return d_products, summed, _join(d_states)  # the products stay in shards

    return _trace(run, signature)


@functools.cache
def _of_input(shards, signature):
    """Build the graph that makes the input's gradient from that of its product."""

    def compute(shared, by_row, d_product):
        (weight,), (masks,) = shared, by_row
        return input_gradient(d_product, tf.transpose(weight), over_time(_or_none(masks)))

    compiled = _trace(compute, (*signature[:2], signature[2][0]), jit_compile=True)

    def run(shared, by_row, d_products):
        pairs = zip(_cut(by_row, shards), d_products, strict=True)
        return _join([compiled(shared, *pair) for pair in pairs])

    return _trace(run, signature)


def _trace(function, signature, *, jit_compile=False):
    """Make a graph of a function now.

    Tracing at the first call would be counted, over all programs together, as one function that is
    traced again and again, and TensorFlow would warn.
    """
    function = tf.function(
        function, input_signature=signature, jit_compile=jit_compile, autograph=False
    )
    return function.get_concrete_function()


def _cut(by_row, shards):
    """Cut every tensor of a structure along its first axis; return one structure a shard."""
    flat = tf.nest.flatten(by_row)
    if not flat:
        return [by_row] * shards
    batch = tf.shape(flat[0])[0]
    sizes = [(batch + shard) // shards for shard in range(shards)]
    parts = [tf.split(tensor, sizes, num=shards) for tensor in flat]
    return [tf.nest.pack_sequence_as(by_row, part) for part in zip(*parts, strict=True)]


def _join(parts):
    return tf.nest.map_structure(lambda *a: tf.concat(a, 0), *parts)
