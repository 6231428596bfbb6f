"""Any step over a whole sequence on TensorFlow: two programs of XLA, forward and backward.

TensorFlow's own gradient of a loop keeps every intermediate result of every step in a list that
grows, outside XLA. Here the forward loop keeps the states alone, in arrays. The backward loop takes
each step again from its states and asks for that step's gradient: one more forward pass, and faster
all the same, since all of it is compiled and nothing is kept.
"""

import functools
import weakref

import keras
import tensorflow as tf

from seqlib.layers.fused.programs import (
    cut,
    join,
    open_sizes,
    refuse_second_derivative,
    shards_of,
    trace,
)
from seqlib.layers.fused.scan import masked_step
from seqlib.layers.fused.steps import loop

PROGRAMS = weakref.WeakKeyDictionary()  # layer -> what it was traced for -> graph


def scan(owner, step, states, sequences, constants, mask, training):
    """Run a step over sequences, differentiably; see `seqlib.layers.fused.scan.scan`."""
    states, sequences, constants = (
        tuple(map(tf.convert_to_tensor, tensors)) for tensors in (states, sequences, constants)
    )
    batch, time = sequences[0].shape[:2]
    shards = shards_of(batch)
    variables = list(owner.weights)
    weights = tuple(tf.convert_to_tensor(variable) for variable in variables)
    settled = (() if mask is None else mask, tuple(x for x in constants if not _floats(x)))
    settled = tf.nest.map_structure(tf.stop_gradient, settled)
    places = tuple(_floats(x) for x in constants)
    constants = tuple(x for x in constants if _floats(x))
    how = step, shards, places
    known = weakref.ref(owner)  # TensorFlow keeps the functions below for good

    @tf.custom_gradient
    def run(*differentiable):
        # No tape may look inside: the gradient is the one given below.
        weights, states, sequences, constants = tf.nest.map_structure(
            tf.stop_gradient, differentiable
        )
        by_row = states, sequences, constants, settled
        outputs, last, kept = _program(_forward, known, how, (weights,), by_row, keep=training)

        def gradients(*upstream):
            @tf.custom_gradient
            def once(*_):
                needed = kept
                if not training:
                    needed = _program(_forward, known, how, (weights,), by_row, keep=True)[2]
                upstream_ = tf.nest.map_structure(tf.stop_gradient, tuple(upstream))
                d_outputs, d_last = upstream_[: len(outputs)], upstream_[len(outputs) :]
                rows = (*by_row, needed, d_outputs, d_last)
                d_weights, d_rows = _program(_backward, known, how, (weights,), rows)
                flat = [*d_weights, *tf.nest.flatten(d_rows)]
                return flat, refuse_second_derivative

            return once(*tf.nest.flatten(differentiable), *upstream)

        return (*outputs, *last), gradients

    results = run(weights, states, sequences, constants)
    results = [tf.ensure_shape(x, (batch, *x.shape[1:])) for x in results]
    outputs = results[: len(results) - len(states)]
    outputs = [tf.ensure_shape(x, (batch, time, *x.shape[2:])) for x in outputs]
    return tuple(outputs), tuple(results[len(outputs) :])


def _floats(tensor):
    return tensor.dtype.is_floating


def _describe(tensor):
    """Describe a tensor with its sizes left open; a mask's last axis is time as well."""
    if _floats(tensor):
        return open_sizes(tensor)
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)


def _program(build, owner, how, shared, by_row, **options):
    """Call the program for these arguments: look it up, or make it; `owner` is a weak reference."""
    signature = (
        tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), shared),
        tf.nest.map_structure(_describe, by_row),
    )
    programs = PROGRAMS.setdefault(owner(), {})
    key = (build, how, signature[0], signature[1], *options.items())
    if key not in programs:
        with tf.init_scope():  # apart from the graph that asks first, which may then be let go
            programs[key] = build(owner, how, signature, **options)
    return programs[key](shared, by_row)


def _taker(owner, how, weights, constants, settled):
    """Return a function that takes one step with given tensors in place of the layer's weights."""
    (name, plan), _, places = how
    mask, others = settled
    owner = owner()
    method = functools.partial(getattr(owner, name), plan)
    floats, rest = iter(constants), iter(others)
    constants = tuple(next(floats) if place else next(rest) for place in places)

    def take(t, weights, states, slices, constants=constants):
        real = None if isinstance(mask, tuple) else mask[:, t]
        pairs = list(zip(owner.weights, weights, strict=True))
        with keras.StatelessScope(state_mapping=pairs):
            return masked_step(method, states, slices, constants, real)

    return take, constants


def _forward(owner, how, signature, *, keep):
    def compute(shared, by_row):
        (weights,) = shared
        states, sequences, constants, settled = by_row
        take, _ = _taker(owner, how, weights, constants, settled)
        first, _ = take(0, weights, states, _at(sequences, 0))  # for its shapes alone
        outputs = tuple(_room(output, sequences[0]) for output in first)
        kept = tuple(_room(state, sequences[0]) for state in states) if keep else ()

        def body(t, states, outputs, kept):
            now, after = take(t, weights, states, _at(sequences, t))
            kept = tuple(_put(room, state, t) for room, state in zip(kept, states, strict=keep))
            outputs = tuple(_put(room, x, t) for room, x in zip(outputs, now, strict=True))
            return after, outputs, kept

        steps = tf.shape(sequences[0])[1]
        last, outputs, kept = loop(steps, body, (states, outputs, kept))
        return outputs, last, kept

    compiled = trace(compute, signature, jit_compile=True)

    def run(shared, by_row):
        return join([compiled(shared, part) for part in cut(by_row, how[1])])

    return trace(run, signature)


def _backward(owner, how, signature):
    places = how[2]

    def compute(shared, by_row):
        (weights,) = shared
        _, sequences, constants, settled, kept, d_outputs, d_last = by_row
        take, everything = _taker(owner, how, weights, constants, settled)
        steps = tf.shape(sequences[0])[1]

        def body(k, d_states, d_weights, d_constants, d_sequences):
            t = steps - 1 - k
            # Copies inside the loop, whose gradient can be asked for there.
            known = tf.nest.map_structure(
                tf.identity, (weights, _at(kept, t), _at(sequences, t), constants)
            )
            floats = iter(known[3])
            mixed = tuple(
                next(floats) if place else x for place, x in zip(places, everything, strict=True)
            )
            results = take(t, *known[:3], mixed)
            now = tf.gradients(
                tf.nest.flatten(results),
                tf.nest.flatten(known),
                [*_at(d_outputs, t), *d_states],
                unconnected_gradients="zero",
            )
            now = tf.nest.pack_sequence_as(known, now)
            d_weights = tf.nest.map_structure(tf.add, d_weights, now[0])
            d_constants = tf.nest.map_structure(tf.add, d_constants, now[3])
            d_sequences = tuple(_put(d, x, t) for d, x in zip(d_sequences, now[2], strict=True))
            return now[1], d_weights, d_constants, d_sequences

        zeros = tf.nest.map_structure(tf.zeros_like, (weights, constants, sequences))
        d_states, d_weights, d_constants, d_sequences = loop(steps, body, (d_last, *zeros))
        return d_weights, (d_states, d_sequences, d_constants)

    compiled = trace(compute, signature, jit_compile=True)

    def run(shared, by_row):
        parts = [compiled(shared, part) for part in cut(by_row, how[1])]
        d_weights, d_rows = zip(*parts, strict=True)
        return tf.nest.map_structure(lambda *a: tf.add_n(a), *d_weights), join(d_rows)

    return trace(run, signature)


def _at(sequences, t):
    """Return one time step of each sequence."""
    return tuple(sequence[:, t] for sequence in sequences)


def _room(value, sequence):
    """Return zeros for a value, (batch, ...), at each step of a sequence."""
    shape = tf.shape(value)
    shape = tf.concat([shape[:1], tf.shape(sequence)[1:2], shape[1:]], 0)
    room = tf.zeros(shape, value.dtype)
    return tf.ensure_shape(room, [None, None, *value.shape[1:]])


def _put(room, value, t):
    """Return what is in a room, with a value in the place of one time step."""
    start = [0, t] + [0] * (len(value.shape) - 1)
    return keras.ops.slice_update(room, start, value[:, None])
