"""Compile a loop once for each step function, with what the backend has for it.

A *builder* makes the loop: ``build(step, **options) -> loop``, and ``loop(rows, states, shared)``
returns a tuple of tensors. `rows` is a list of tensors that have, like what comes back, the batch
as their first axis; `shared` is a list with one vector of the numbers that all rows share, or
nothing. Options are constants of the compiled loop, numbers may change from call to call.
"""

import keras
import numpy as np
from keras import ops

from seqlib.compiled.backend import BACKEND
from seqlib.compiled.kept import compiled_once
from seqlib.compiled.xla import ShardedProgram, concat_shards, shard_count, trace
from seqlib.layers.arguments import refusal

ROWS_A_SHARD = 4  # fewer rows are not worth a thread of their own


def run(build, step, states, rows, numbers=(), *, jit_compile, **options):
    """Run the loop of a step function, compiled before if the signature was met before."""
    shared = [ops.convert_to_tensor(np.asarray(numbers, "float32"))] if numbers else []
    if not BACKEND.has_compiler or (BACKEND.name == "jax" and jit_compile is False):
        with BACKEND.without_gradient():  # choices have none; it would only fill the memory
            return build(step, **options)(rows, states, shared)
    compiled = _compiled(build, step, tuple(options.items()))
    if BACKEND.name == "jax":
        return compiled(rows, states, shared)
    return compiled(rows, states, shared, jit_compile)


def check_jit_compile(jit_compile):
    """Refuse a value of `jit_compile` that is unknown, or that the backend cannot keep."""
    if not any(jit_compile is known for known in (True, False)) and jit_compile != "auto":
        allowed = (
            '"auto" for XLA wherever it can compile the step function, True to insist, False for '
            "never"
        )
        raise refusal(None, "jit_compile", jit_compile, allowed)
    if jit_compile is True and not BACKEND.has_compiler:
        allowed = f'"auto" or False on the {BACKEND.name} backend, which has no XLA'
        raise refusal(None, "jit_compile", jit_compile, allowed)


def _compiled(build, step, options):
    def make():
        loop = build(step, **dict(options))
        return BACKEND.compile(loop) if BACKEND.name == "jax" else TensorFlowLoop(loop)

    return compiled_once(step, (build, options), make)


class TensorFlowLoop:
    """A loop as a program of XLA, or as an ordinary graph where XLA cannot compile it."""

    def __init__(self, loop):
        self.loop = loop
        self.with_xla = ShardedProgram(self._loop_of_shard, [concat_shards] * 2, open_sizes=False)
        self.graphs = {}  # signature -> ordinary graph
        self.xla_refused = False  # whether XLA has turned the step function down
        self.needs_whole_batch = False  # whether the step function fails on some of the rows

    def __call__(self, rows, states, shared, jit_compile):
        """Run the loop; compile it first if the signature is new."""
        if jit_compile is False or (jit_compile == "auto" and self.xla_refused):
            return self._as_graph(rows, states, shared)
        errors = BACKEND.tf.errors
        try:
            return self._with_xla(rows, states, shared)
        # What the compiler says; nothing of the loop has run then.
        except (errors.InvalidArgumentError, errors.UnimplementedError, errors.InternalError) as e:
            if jit_compile is True:
                raise ValueError(
                    "`jit_compile` got True, but XLA cannot compile this step function: "
                    f"{e.message.splitlines()[0]} Allowed: a step function of plain tensor "
                    'operations; or "auto", which falls back to the ordinary graph, or False.'
                ) from e
        result = self._as_graph(rows, states, shared)
        self.xla_refused = True  # the ordinary graph can do it, so XLA is not asked again
        return result

    def _loop_of_shard(self, shared, by_row, _):
        return tuple(self.loop(*by_row, shared))

    def _with_xla(self, rows, states, shared):
        shards = 1 if self.needs_whole_batch else _shard_count(rows, states)
        if shards > 1:
            try:
                return self.with_xla(shards, shared, (rows, states))
            except ValueError:  # shapes that do not go together, or a fault of the step function
                self.needs_whole_batch = True
        return self.with_xla(1, shared, (rows, states))

    def _as_graph(self, *arguments):
        specs = keras.tree.map_structure(
            lambda x: BACKEND.tf.TensorSpec(x.shape, x.dtype), arguments
        )
        key = repr(specs)
        if key not in self.graphs:
            self.graphs[key] = trace(self.loop, specs)
        return self.graphs[key](*arguments)


def _shard_count(rows, states):
    """Return into how many shards to split the batch: one, if a state has not a row for each."""
    batch = rows[0].shape[0]
    if any(len(x.shape) and x.shape[0] != batch for x in keras.tree.flatten(states)):
        return 1
    return shard_count(batch, ROWS_A_SHARD)
