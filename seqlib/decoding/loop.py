"""Compile a loop once for each step function, with what the backend has for it.

A *builder* makes the loop: ``build(step, structure, **options) -> loop``, and
``loop(rows, leaves, shared)`` takes three lists of tensors and returns a tuple of tensors. `rows`
and what comes back have the batch as their first axis, `leaves` are the states, and `shared` holds
one vector of the numbers that all rows share, if there are any. Options are constants of the
compiled loop, numbers may change from call to call.
"""

import functools
import math

import keras
import numpy as np
from keras import ops

from seqlib.compiled.backend import cores

ROWS_A_SHARD = 4  # fewer rows are not worth a thread of their own


def run(build, step, states, rows, numbers=(), *, leaves, jit_compile, **options):
    """Run the loop of a step function, compiled before if the signature was met before.

    Args:
        build: The builder; see above.
        step: Function (tokens, states) -> (logits, states).
        states: The states' structure.
        rows: List of tensors, (batch, ...).
        numbers: Numbers that all rows share.
        leaves: The states as a list of tensors.
        jit_compile: "auto", True or False; see `check_jit_compile`.
        **options: Hashable constants for the builder.

    Returns:
        What the loop returns.
    """
    shared = [ops.convert_to_tensor(np.asarray(numbers, "float32"))] if numbers else []
    name = keras.backend.backend()
    if name == "torch":
        import torch

        with torch.no_grad():  # choices have no gradient; a graph would only fill the memory
            return build(step, states, **options)(rows, leaves, shared)
    if name not in COMPILERS or (name == "jax" and jit_compile is False):
        return build(step, states, **options)(rows, leaves, shared)
    program = _program(build, step, tuple(options.items()))
    return program(states, (rows, leaves, shared), jit_compile)


def check_jit_compile(jit_compile):
    """Refuse a value of `jit_compile` that is unknown, or that the backend cannot keep."""
    if not any(jit_compile is known for known in (True, False)) and jit_compile != "auto":
        raise ValueError(
            f'`jit_compile` got {jit_compile!r}. Allowed: "auto" for XLA wherever it can compile '
            "the step function, True to insist, False for never."
        )
    backend = keras.backend.backend()
    if jit_compile is True and backend not in COMPILERS:
        raise ValueError(
            f"`jit_compile` got True on the {backend} backend, which has no XLA. Allowed there: "
            '"auto" or False.'
        )


def _program(build, step, options):
    try:
        return _kept_program(build, step, options)
    except TypeError:  # a step function that cannot be hashed cannot be recognised either
        return Program(build, step, options)


@functools.lru_cache(maxsize=16)
def _kept_program(build, step, options):
    return Program(build, step, options)


class Program:
    """The loop of one step function and one set of options, compiled for each signature it meets.

    Args:
        build: The builder.
        step: The step function.
        options: Pairs of name and constant.
    """

    def __init__(self, build, step, options):
        self.build = build
        self.step = step
        self.options = dict(options)
        self.ready = {}  # signature -> function of flat arguments
        self.refused = False  # whether XLA has turned the step function down

    def __call__(self, states, arguments, jit_compile):
        """Run the loop; compile it first if the signature is new."""
        counts = tuple(map(len, arguments))
        shapes = [(tuple(x.shape), x.dtype) for part in arguments[:2] for x in part]
        structure = keras.tree.map_structure(lambda _: 0, states)
        xla = jit_compile is True or (jit_compile == "auto" and not self.refused)
        signature = (repr(structure), counts, *shapes)
        flat = [x for part in arguments for x in part]
        if (xla, *signature) in self.ready:
            return self.ready[xla, *signature](*flat)
        loop = self.build(self.step, structure, **self.options)
        compiler = COMPILERS[keras.backend.backend()]
        try:
            function, result = compiler(loop, counts, flat, xla, insist=jit_compile is True)
        except CannotCompile:
            # The ordinary graph says whether it was XLA's fault; if so, XLA is not asked again.
            function, result = compiler(loop, counts, flat, xla=False, insist=False)
            xla, self.refused = False, True
        self.ready[xla, *signature] = function
        return result


class CannotCompile(Exception):
    """XLA did not take the loop; nothing of it was run."""


def unflatten(flat, counts):
    """Cut a flat list into three: rows, leaves and what they share.

    Example:
        >>> unflatten([1, 2, 3, 4], (1, 2, 1))
        [[1], [2, 3], [4]]
    """
    flat = iter(flat)
    return [[next(flat) for _ in range(count)] for count in counts]


def compile_for_tensorflow(loop, counts, flat, xla, insist):
    """Trace the loop, with XLA as several equal shards of the rows, one a core; run it once."""
    import tensorflow as tf

    def traced(shards):
        def whole(*flat):
            return tuple(loop(*unflatten(flat, counts)))

        def sharded(*flat):
            return _in_shards(part, unflatten(flat, counts), shards)

        if shards == 1:
            return _trace(whole, flat, jit_compile=xla)
        rows, leaves, shared = unflatten(flat, counts)
        size = -(-rows[0].shape[0] // shards)
        part = _trace(
            whole,
            [_spec(x, size) for x in (*rows, *leaves)] + shared,
            jit_compile=True,
        )
        return _trace(sharded, flat, jit_compile=False)

    rows, leaves, _ = unflatten(flat, counts)
    shards = _shards(rows, leaves) if xla else 1
    try:
        function = traced(shards)
    except Exception:
        if shards == 1:
            raise
        function = traced(1)  # the step function wants all rows at once
    if not xla:
        return function, function(*flat)
    try:
        return function, function(*flat)
    except tf.errors.OpError as error:
        if not insist:
            raise CannotCompile from error
        raise ValueError(
            "`jit_compile` got True, but XLA cannot compile or run this step function: "
            f"{error.message.splitlines()[0]} Allowed: a step function of plain tensor operations; "
            'or "auto", which falls back to the ordinary graph, or False.'
        ) from error


def _trace(function, arguments, jit_compile):
    """Return the function for one signature.

    Taken by its signature and then called: calling the `tf.function` itself would count the loops
    of all step functions as one, and warn that it is traced too often.
    """
    import tensorflow as tf

    traced = tf.function(function, jit_compile=jit_compile, autograph=False)
    return traced.get_concrete_function(*(_spec(x) for x in arguments))


def _spec(x, rows=None):
    import tensorflow as tf

    shape = tuple(x.shape)
    if rows is not None and shape:
        shape = (rows, *shape[1:])
    return tf.TensorSpec(shape, x.dtype)


def _shards(rows, leaves):
    """Return how many parts the batch is cut into: one a core, each worth its thread."""
    import tensorflow as tf

    batch = rows[0].shape[0]
    by_rows = all(len(x.shape) == 0 or x.shape[0] == batch for x in (*rows, *leaves))
    if not by_rows or tf.config.list_logical_devices("GPU"):
        return 1  # a GPU works on all rows together
    return max(1, min(cores(), batch // ROWS_A_SHARD))


def _in_shards(part, arguments, shards):
    """Run one compiled loop on every shard; an ordinary graph runs them side by side.

    A batch that cannot be cut into equal parts is filled up with copies of its last row.
    """
    rows, leaves, shared = arguments
    batch = rows[0].shape[0]
    size = math.ceil(batch / shards)
    fill = ops.minimum(ops.arange(size * shards), batch - 1)

    def cut(x):
        if len(x.shape) == 0:
            return [x] * shards
        return ops.split(x if size * shards == batch else ops.take(x, fill, axis=0), shards)

    parts = zip(*map(cut, (*rows, *leaves)), strict=True)
    results = [part(*cuts, *shared) for cuts in parts]
    return tuple(ops.concatenate(pieces)[:batch] for pieces in zip(*results, strict=True))


def compile_for_jax(loop, counts, flat, xla, insist):
    """Put the loop under `jax.jit`, the variables that it reads becoming arguments; run it once.

    To `jax.jit` a variable's value would be a constant, and new weights would go unseen. So the
    loop is traced once to find the variables.
    """
    import jax

    def whole(*flat):
        return tuple(loop(*unflatten(flat, counts)))

    with ReadVariables() as scope:
        jax.eval_shape(whole, *flat)
    variables = list(scope.variables.values())

    @jax.jit
    def compiled(values, *flat):
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            return whole(*flat)

    def function(*flat):
        return compiled([variable.value for variable in variables], *flat)

    return function, function(*flat)


class ReadVariables(keras.StatelessScope):
    """Scope that notes which Keras variables are read in it, and lets none be written."""

    def __init__(self):
        super().__init__()
        self.variables = {}

    def get_current_value(self, variable):
        """Note the variable; its own value is used."""
        self.variables[id(variable)] = variable

    def add_update(self, update):
        """Refuse the update."""
        raise ValueError(
            f"The step function writes the variable {update[0].path}, which a compiled loop on "
            "the JAX backend cannot keep. Allowed: reading variables; what changes from step to "
            "step belongs in the states."
        )


COMPILERS = {"tensorflow": compile_for_tensorflow, "jax": compile_for_jax}
