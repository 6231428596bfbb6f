"""Any step over a whole sequence: the loop of layers that are more than one cell.

What combines several layers in each step, such as attention inside a recurrent decoder, gives its
step to `Scan`, which takes the fastest loop that the backend has for it, gradient included.

On TensorFlow these are two programs of XLA. Its own gradient of a loop keeps every intermediate
result of every step in a list that grows, outside XLA. Here the forward loop keeps the states
alone; the backward loop takes each step again from them and asks for that step's gradient: one more
forward pass, and faster all the same.
"""

import functools

import keras
from keras import ops

from seqlib.compiled import (
    BACKEND,
    ShardedProgram,
    add_shards,
    concat_shards,
    shard_count,
    with_gradient,
    xla_available,
)
from seqlib.layers.fused.steps import loop
from seqlib.layers.keras_internals import being_exported, inside_xla


class Scan:
    """A step as a function over a whole sequence: ``scan(states, sequences, constants)``."""

    def __init__(self, step, layer=None):
        # (states, slices, constants) -> (outputs, states), all tuples of (batch, ...) tensors; it
        # takes each row of the batch by itself and draws nothing.
        self.step = step
        self.layer = layer  # whose weights the step reads, or None; it keeps the `Scan`
        self.programs = {}  # structure of the constants -> _Programs

    def __call__(self, states, sequences, constants=(), mask=None, training=False, compiles=True):
        """Go over time; return tuples of outputs, (batch, time, ...), and of the last states."""
        # A masked step leaves the states as they are and has outputs of zero. compiles: False for
        # plain operations, which have second derivatives too.
        states, sequences, constants = keras.tree.map_structure(
            lambda x: getattr(x, "value", x),  # of a Keras variable
            (tuple(states), tuple(sequences), constants),
        )
        mask = None if mask is None else ops.cast(mask, "bool")
        if BACKEND.name == "jax":
            return _on_jax(self.step, states, sequences, constants, mask)
        if BACKEND.name == "tensorflow" and not BACKEND.is_eager():
            if compiles and xla_available() and not being_exported():
                return self._compiled(states, sequences, constants, mask, training)
            return _in_graph(self.step, states, sequences, constants, mask)
        return _step_by_step(self.step, states, sequences, constants, mask)

    def _compiled(self, states, sequences, constants, mask, training):
        tf = BACKEND.tf
        states, sequences, constants = keras.tree.map_structure(
            tf.convert_to_tensor, (states, sequences, constants)
        )
        batch, time = sequences[0].shape[:2]
        weights = [] if self.layer is None else self.layer.weights
        weights = tuple(map(tf.convert_to_tensor, weights))
        structure = keras.tree.map_structure(lambda x: x.dtype.is_floating, constants)
        if repr(structure) not in self.programs:
            self.programs[repr(structure)] = _Programs(self.step, self.layer, structure)
        programs = self.programs[repr(structure)]
        floats, others = programs.split(constants)
        inputs = weights, states, sequences, floats
        outputs, last = with_gradient(programs, inputs, (mask, others), expected=training)
        outputs = [BACKEND.ensure_shape(x, (batch, time, *x.shape[2:])) for x in outputs]
        return tuple(outputs), tuple(BACKEND.ensure_shape(x, (batch, *x.shape[1:])) for x in last)


class _Programs:
    """The programs of a step: forward, forward for a gradient, and backward."""

    def __init__(self, step, layer, structure):
        self.step, self.layer = step, layer
        self.structure = structure  # nest of the constants: which are floats
        self.forward_programs = {
            keep: ShardedProgram(functools.partial(self._forward, keep), [concat_shards] * 3)
            for keep in (False, True)
        }
        self.backward_program = ShardedProgram(self._backward, (add_shards, concat_shards))

    def split(self, constants):
        """Return the constants that are floats, and the others, as tuples."""
        flags = keras.tree.flatten(self.structure)
        pairs = list(zip(flags, keras.tree.flatten(constants), strict=True))
        return tuple(x for real, x in pairs if real), tuple(x for real, x in pairs if not real)

    def join(self, floats, others):
        """Undo `split`."""
        floats, others = iter(floats), iter(others)
        flags = keras.tree.flatten(self.structure)
        flat = [next(floats) if is_float else next(others) for is_float in flags]
        return keras.tree.pack_sequence_as(self.structure, flat)

    def forward(self, inputs, fixed, keep):
        """Return outputs and last states, and the states before each step for a gradient."""
        weights, *by_row = inputs
        shards = 1 if inside_xla() else shard_count(by_row[1][0].shape[0])
        outputs, last, kept = self.forward_programs[keep](shards, weights, (*by_row, fixed))
        return (outputs, last), kept

    def backward(self, inputs, fixed, kept, d):
        """Return the gradients of the weights, states, sequences and constants."""
        weights, *by_row = inputs
        shards = 1 if inside_xla() else shard_count(by_row[1][0].shape[0])
        d_weights, d_rows = self.backward_program(shards, weights, (*by_row, fixed, kept, d))
        return d_weights, *d_rows

    def finish(self, inputs, fixed, d):
        """Return the gradients as they are."""
        return d

    def _take(self, t, weights, states, slices, floats, fixed):
        """Take one step with given tensors in place of the layer's weights."""
        mask, others = fixed
        real = None if mask is None else mask[:, t]
        variables = [] if self.layer is None else self.layer.weights
        with keras.StatelessScope(state_mapping=list(zip(variables, weights, strict=True))):
            return _masked_step(self.step, states, slices, self.join(floats, others), real)

    def _forward(self, keep, weights, by_row, _):
        states, sequences, floats, fixed = by_row
        first, _ = self._take(0, weights, states, _at(sequences, 0), floats, fixed)  # its shapes
        outputs = tuple(_zeros_over_time(output, sequences[0]) for output in first)
        kept = tuple(_zeros_over_time(state, sequences[0]) for state in states) if keep else ()

        def body(t, states, outputs, kept):
            now, after = self._take(t, weights, states, _at(sequences, t), floats, fixed)
            kept = tuple(_write(all_, x, t) for all_, x in zip(kept, states, strict=keep))
            outputs = tuple(_write(all_, x, t) for all_, x in zip(outputs, now, strict=True))
            return after, outputs, kept

        steps = ops.shape(sequences[0])[1]
        last, outputs, kept = loop(steps, body, (states, outputs, kept))
        return outputs, last, kept

    def _backward(self, weights, by_row, _):
        tf, tree = BACKEND.tf, keras.tree
        _, sequences, floats, fixed, kept, (d_outputs, d_last) = by_row
        steps = ops.shape(sequences[0])[1]

        def body(t, d_states, d_weights, d_floats, d_sequences):
            # Copies inside the loop, whose gradient can be asked for there.
            step_inputs = weights, _at(kept, t), _at(sequences, t), floats
            step_inputs = tree.map_structure(tf.identity, step_inputs)
            results = self._take(t, *step_inputs, fixed)
            d = tf.gradients(
                tree.flatten(results),
                tree.flatten(step_inputs),
                [*_at(d_outputs, t), *d_states],
                unconnected_gradients="zero",
            )
            d = tree.pack_sequence_as(step_inputs, d)
            d_weights = tree.map_structure(tf.add, d_weights, d[0])
            d_floats = tree.map_structure(tf.add, d_floats, d[3])
            d_sequences = tuple(
                _write(all_, x, t) for all_, x in zip(d_sequences, d[2], strict=True)
            )
            return d[1], d_weights, d_floats, d_sequences

        zeros = tree.map_structure(tf.zeros_like, (weights, floats, sequences))
        d_states, d_weights, d_floats, d_sequences = loop(
            steps, body, (d_last, *zeros), reverse=True
        )
        return d_weights, (d_states, d_sequences, d_floats)


def _masked_step(step, states, slices, constants, real):
    """Take a step where a row is real; elsewhere keep the states and return outputs of zero."""
    outputs, after = step(states, slices, constants)
    if real is None:
        return tuple(outputs), tuple(after)
    outputs = tuple(ops.where(_beside(real, output), output, 0) for output in outputs)
    pairs = zip(after, states, strict=True)
    return outputs, tuple(ops.where(_beside(real, new), new, old) for new, old in pairs)


def _beside(real, tensor):
    """Return (batch,) with as many axes as a tensor."""
    return ops.reshape(real, (-1, *[1] * (len(tensor.shape) - 1)))


def _step_by_step(step, states, sequences, constants, mask):
    """Run the loop in Python: plain operations, one after the other."""
    steps = []
    for t in range(sequences[0].shape[1]):
        real = None if mask is None else mask[:, t]
        outputs, states = _masked_step(step, states, _at(sequences, t), constants, real)
        steps.append(outputs)
    return tuple(ops.stack(output, axis=1) for output in zip(*steps, strict=True)), states


def _in_graph(step, states, sequences, constants, mask):
    """Run a loop of TensorFlow: plain operations for any length, which run everywhere."""
    tf = BACKEND.tf

    def body(carry, slices):
        real = None if mask is None else slices[-1]
        return _masked_step(step, carry[1], slices[: len(sequences)], constants, real)

    time_first = sequences if mask is None else (*sequences, mask)
    time_first = tuple(ops.swapaxes(x, 0, 1) for x in time_first)
    # Of the first outputs only shapes and types count. A sum over time has them at any length.
    first, _ = step(states, tuple(ops.sum(x, axis=1) for x in sequences), constants)
    start = keras.tree.map_structure(ops.zeros_like, tuple(first)), states
    outputs, all_states = tf.scan(body, time_first, start)
    last = [tf.concat([start[None], x], 0)[-1] for start, x in zip(states, all_states, strict=True)]
    return tuple(ops.swapaxes(x, 0, 1) for x in outputs), tuple(last)


def _on_jax(step, states, sequences, constants, mask):
    def body(states, slices):
        *slices, real = slices
        outputs, states = _masked_step(step, states, tuple(slices), constants, real)
        return states, outputs

    time_first = [ops.swapaxes(x, 0, 1) for x in sequences]
    real = None if mask is None else ops.swapaxes(mask, 0, 1)
    states, outputs = BACKEND.jax.lax.scan(body, states, (*time_first, real))
    return tuple(ops.swapaxes(output, 0, 1) for output in outputs), states


def _at(sequences, t):
    """Return one time step of each sequence."""
    return tuple(sequence[:, t] for sequence in sequences)


def _zeros_over_time(value, sequence):
    """Return zeros for a value, (batch, ...), at each step of a sequence."""
    batch, time = ops.shape(sequence)[:2]
    zeros = ops.zeros((batch, time, *ops.shape(value)[1:]), value.dtype)
    return BACKEND.ensure_shape(zeros, (None, None, *value.shape[1:]))


def _write(sequence, value, t):
    """Return a sequence with a value written at one time step."""
    start = [0, t] + [0] * (len(value.shape) - 1)
    return ops.slice_update(sequence, start, value[:, None])
