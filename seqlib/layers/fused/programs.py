"""Programs of XLA on TensorFlow: traced once for open sizes, run one shard of the batch a core.

XLA computes small products on one core. So a batch is cut into as many shards as there are cores:
one XLA program each, in an ordinary graph, which runs them side by side.
"""

import functools

import tensorflow as tf

from seqlib.compiled.backend import cores

ROWS = 8  # of a shard at least: each shard packs the weights anew at every step


@functools.cache
def compiles():
    """Return whether this TensorFlow compiles with XLA; some builds cannot."""
    with tf.init_scope():
        try:
            tf.function(lambda x: x + 1, jit_compile=True)(tf.zeros(()))
        except (tf.errors.OpError, ValueError):
            return False
    return True


def refuse_second_derivative(*_):
    """Stand where a second derivative would be taken, instead of one that is silently zero."""
    raise NotImplementedError(
        "The kernel for whole sequences has first derivatives alone. For second ones make the "
        "layer with implementation='reference'."
    )


def shards_of(batch):
    """Return into how many parts to cut a batch, whose size may be unknown."""
    if inside_xla():  # one program, which runs its parts one after the other
        return 1
    side_by_side = tf.config.threading.get_inter_op_parallelism_threads() or cores()
    return side_by_side if batch is None else max(1, min(side_by_side, batch // ROWS))


def inside_xla():
    """Return whether the graph being traced is to be compiled as a whole."""
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()  # no public way to ask
        if context is not None and context.IsXLAContext():
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def rounded(x, mask):
    """Lengthen a sequence of unknown length a little, so that XLA meets few different lengths."""
    if x.shape[1] is not None:
        return x, mask
    time = tf.shape(x)[1]
    unit = tf.where(time <= 64, 8, tf.where(time <= 256, 32, 128))
    more = -time % unit
    mask = None if mask is None else tf.pad(mask, [[0, 0], [0, more]])
    return tf.pad(x, [[0, 0], [0, more], [0, 0]]), mask


def open_sizes(tensor):
    """Describe a tensor with all sizes left open but that of its last axis."""
    return tf.TensorSpec([None] * (len(tensor.shape) - 1) + [tensor.shape[-1]], tensor.dtype)


def trace(function, signature, *, jit_compile=False):
    """Make a graph of a function now.

    Tracing at the first call would be counted, over all programs together, as one function that is
    traced again and again, and TensorFlow would warn.
    """
    function = tf.function(
        function, input_signature=signature, jit_compile=jit_compile, autograph=False
    )
    return function.get_concrete_function()


def cut(by_row, shards):
    """Cut every tensor of a structure along its first axis; return one structure a shard."""
    flat = tf.nest.flatten(by_row)
    if not flat:
        return [by_row] * shards
    batch = tf.shape(flat[0])[0]
    sizes = [(batch + shard) // shards for shard in range(shards)]
    parts = [tf.split(tensor, sizes, num=shards) for tensor in flat]
    return [tf.nest.pack_sequence_as(by_row, part) for part in zip(*parts, strict=True)]


def join(parts):
    """Put the shards' tensors together again along their first axis."""
    return tf.nest.map_structure(lambda *a: tf.concat(a, 0), *parts)
