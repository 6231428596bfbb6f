"""Programs of XLA: traced once for open sizes, and run one shard of the batch a core.

XLA computes small products on one core. So on TensorFlow a batch is split into as many shards as
there are cores: one XLA program each, in an ordinary graph, which runs them side by side. JAX
compiles the function as it is, in one shard.
"""

import functools

import keras

from seqlib.compiled.backend import BACKEND, cores

MIN_ROWS = 8  # of a shard: each shard packs the weights anew at every step
# What sequences of open length are padded to: few, for compiling one takes as long as many batches.
_LENGTHS = [2**n for n in range(5, 31)]


@functools.cache
def xla_available():
    """Return whether the backend compiles with XLA; some builds of TensorFlow cannot."""
    if BACKEND.name != "tensorflow":
        return BACKEND.has_compiler
    tf = BACKEND.tf
    with tf.init_scope():
        try:
            tf.function(lambda x: x + 1, jit_compile=True)(tf.zeros(()))
        except (tf.errors.OpError, ValueError):
            return False
    return True


def shard_count(batch, min_rows=MIN_ROWS):
    """Return into how many shards to split a batch; its size may be None, unknown."""
    if BACKEND.name != "tensorflow" or BACKEND.has_gpu():  # a GPU works on all rows together
        return 1
    threads = BACKEND.tf.config.threading.get_inter_op_parallelism_threads() or cores()
    return threads if batch is None else max(1, min(threads, batch // min_rows))


def length_to_compile_for(x):
    """Return the length to pad (batch, time, ...) to, so that few are compiled for, or None."""
    if x.shape[1] is not None:
        return None
    tf = BACKEND.tf
    doublings = tf.reduce_sum(tf.cast(tf.shape(x)[1] > _LENGTHS, "int32"))
    return tf.bitwise.left_shift(_LENGTHS[0], doublings)


def pad_time(x, length):
    """Lengthen (batch, time, ...) with zeros to `length_to_compile_for`."""
    if x is None or length is None:
        return x
    tf = BACKEND.tf
    batch, time, *others = tf.unstack(tf.shape(x))
    # `tf.pad` would take twice as long.
    return tf.concat([x, tf.zeros([batch, length - time, *others], x.dtype)], 1)


def trace(function, signature, *, jit_compile=False):
    """Make a graph of a function now, apart from the graph that asks for it."""
    # Tracing at the first call would be counted, over all programs together, as one function that
    # is traced again and again, and TensorFlow would warn.
    tf = BACKEND.tf
    with tf.init_scope():
        function = tf.function(function, jit_compile=jit_compile, autograph=False)
        return function.get_concrete_function(*signature)


class ShardedProgram:
    """A function as one XLA program a shard, traced once for each signature that it meets."""

    def __init__(self, function, combine, *, open_sizes=True, jit_compile=True):
        # (shared, by_row, in_shards) -> tuple, each and its items any nest of tensors and None
        self.function = function
        self.combine = combine  # for each item of the tuple, what puts its shards together
        # Whether one trace serves all sizes but that of the last axis. Otherwise each shape is
        # traced, and the shards are of equal size, filled up with copies of the last row.
        self.open_sizes = open_sizes
        self.jit_compile = jit_compile  # without, the shards are plain operations
        self.jitted = BACKEND.jax.jit(function) if BACKEND.name == "jax" else None
        self.traced = {}  # signature -> graph of TensorFlow

    def __call__(self, shards, shared, by_row, in_shards=None):
        """Run the function on shards of `by_row`, and put together what it returns."""
        # in_shards: what an earlier program left in shards, a tuple; None for nothing
        if self.jitted:
            return self._combined([self.jitted(shared, by_row, in_shards and in_shards[0])])
        signature = (
            _map(_exact_spec, shared),
            _map(_open_spec if self.open_sizes else _exact_spec, by_row),
            _map(_open_spec, in_shards),
        )
        key = repr((shards, signature))
        if key not in self.traced:
            self.traced[key] = self._trace(shards, signature)
        return self.traced[key](shared, by_row, in_shards)

    def _trace(self, shards, signature):
        """Build the graph that splits the batch, runs every shard and combines the results."""
        shared, by_row, in_shards = signature
        if shards == 1 and not self.open_sizes:  # a graph around it would cost half a millisecond
            return trace(self.function, signature, jit_compile=self.jit_compile)
        part = by_row
        if not self.open_sizes:
            part = _map(functools.partial(_spec_of_shard, shards=shards), by_row)
        of_shard = shared, part, in_shards and in_shards[0]
        compiled = trace(self.function, of_shard, jit_compile=self.jit_compile)

        def run(shared, by_row, in_shards):
            parts = split_batch(by_row, shards, equal=not self.open_sizes)
            left = in_shards or [None] * shards
            results = [compiled(shared, *both) for both in zip(parts, left, strict=True)]
            whole = self._combined(results)
            if self.open_sizes:
                return whole
            rows = next(x.shape[0] for x in keras.tree.flatten(by_row) if x.shape)
            return _map(lambda x: x[:rows], whole)

        return trace(run, signature)

    def _combined(self, parts):
        items = zip(self.combine, zip(*parts, strict=True), strict=True)
        return tuple(combine(list(of_shards)) for combine, of_shards in items)


def split_batch(by_row, shards, equal=False):
    """Split every tensor of a nest along its first axis; return one nest a shard."""
    tf = BACKEND.tf
    flat = keras.tree.flatten(by_row)
    sized = [x for x in flat if x is not None and len(x.shape)]
    if shards == 1 or not sized:
        return [by_row] * shards
    if equal:
        batch = sized[0].shape[0]
        size = -(-batch // shards)
        fill = tf.minimum(tf.range(size * shards), batch - 1)
    else:
        batch = tf.shape(sized[0])[0]
        sizes = [(batch + shard) // shards for shard in range(shards)]

    def split(x):
        if x is None or not len(x.shape):
            return [x] * shards
        if equal:
            return tf.split(x if size * shards == batch else tf.gather(x, fill), shards)
        return tf.split(x, sizes, num=shards)

    parts = zip(*map(split, flat), strict=True)
    return [keras.tree.pack_sequence_as(by_row, part) for part in parts]


def concat_shards(parts):
    """Put the shards' tensors together along their first axis."""
    if len(parts) == 1:
        return parts[0]
    return _map(lambda *x: BACKEND.tf.concat(x, 0), *parts)


def add_shards(parts):
    """Add the shards' tensors up."""
    return parts[0] if len(parts) == 1 else _map(lambda *x: BACKEND.tf.add_n(x), *parts)


def keep_shards(parts):
    """Leave the shards' tensors apart, for a program that takes them `in_shards`."""
    return tuple(parts)


def _map(function, *nests):
    """Map the tensors of nests; None stays None."""
    return keras.tree.map_structure(lambda *x: None if x[0] is None else function(*x), *nests)


def _exact_spec(x):
    return BACKEND.tf.TensorSpec(x.shape, x.dtype)


def _open_spec(x):
    """Leave all sizes open but the number of features; the last axis of a mask is time as well."""
    sizes = [None] * len(x.shape)
    if sizes and x.dtype.is_floating:
        sizes[-1] = x.shape[-1]
    return BACKEND.tf.TensorSpec(sizes, x.dtype)


def _spec_of_shard(spec, shards):
    rows = [-(-size // shards) for size in spec.shape[:1]]
    return BACKEND.tf.TensorSpec([*rows, *spec.shape[1:]], spec.dtype)
