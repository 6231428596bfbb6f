"""Recurrent layers: a training step, inference, and `model.fit`, beside other libraries.

All sides get the same arrays and the same weights, and have to agree on what they compute before
they are timed. A training step is the layer alone with all its outputs, the mean of their squares
as the loss, and the gradients of that by the input and by all weights; no optimizer. Inference is
the outputs alone. On TensorFlow each is one `tf.function`.
"""

import dataclasses

import keras
import numpy as np

from benchmarks import keras_layers, products, torch_layers
from benchmarks.agreement import check_agreement
from benchmarks.turns import Contestant, Effort, compare, fastest, row
from seqlib import layers

SHAPES = [  # (batch, time, in, hidden)
    (32, 20, 100, 128),
    (64, 100, 64, 256),
    (128, 40, 27, 64),
    (16, 512, 101, 128),
]
STEP = (1, 1, 27, 128)  # one step at batch 1, as when generating
LAYERS = ("LSTM", "GRU", "SimpleRNN")

_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_INPUTS = 4  # arrays that are taken in turn
_FIT_SECONDS = 0.4  # about what a call of `fit` should last, beside what it does but once


def rows(effort, names=LAYERS, shapes=(*SHAPES, STEP)):
    """Measure layer by layer and shape by shape."""
    for name in names:
        for shape in shapes:
            if name == "SimpleRNN" and shape[1] == 1:
                continue
            for what, contestants, notes in _pairings(name, shape):
                measured = compare(contestants, effort, check=check_agreement)
                floors = _floors(name, what, shape) if name != "SimpleRNN" else {}
                yield _row(name, what, shape, measured, notes, floors)
            if shape[1] > 1 and name != "SimpleRNN":
                few = dataclasses.replace(effort, rounds=min(effort.rounds, 3))
                yield _row(name, "fit", shape, compare(_fits(name, shape), few), {}, {})


def _pairings(name, shape):
    """Yield what is done, the contestants, and notes on how, for one layer at one shape."""
    batch, length, features, units = shape
    draw = np.random.default_rng(0).standard_normal
    inputs = [draw((batch, length, features), dtype="float32") for _ in range(_INPUTS)]
    sides = {}
    for side, package, jit in (
        ("seqlib", layers, False),
        ("keras", keras.layers, False),
        ("keras jit", keras.layers, True),
    ):
        layer = getattr(package, name)(units, return_sequences=True)
        layer.build((None, None, features))
        arrays = [(x,) for x in inputs]
        sides[side] = layer, keras_layers.timed(layer, arrays, layer.trainable_variables, jit)
    weights = sides["seqlib"][0].get_weights()
    for layer, _ in sides.values():
        layer.set_weights(weights)
    if name == "SimpleRNN":
        del sides["keras jit"]
    with_torch = torch_layers.torch and name != "SimpleRNN"
    by_torch = torch_layers.actions(name, inputs, weights) if with_torch else None

    for what in ("training step", "inference"):
        contestants = [Contestant(side, does[what]) for side, (_, does) in sides.items()]
        notes = {"path": sides["seqlib"][0].execution(length).name}
        if by_torch:
            ways = [Contestant(layout, call) for layout, call in by_torch[what].items()]
            best = fastest(ways)
            notes["torch layout"] = best.name
            contestants.append(Contestant("torch", best.call))
        yield what, contestants, notes


def _floors(name, what, shape):
    """Return who multiplies fastest, and the milliseconds, for the products alone."""
    floors = {}
    for floor, kind in products.KINDS.items():
        ways = kind(shape, _GATES[name], what == "training step")
        trials = [(compare([way], Effort(0, 15, attempts=1)), way.name) for way in ways]
        times = [(trial["milliseconds"][way], way) for trial, way in trials]
        milliseconds, by = min(times)
        floors[floor] = {"by": by, "milliseconds": milliseconds}
    return floors


def _fits(name, shape):
    """Return contestants that train a small model by `model.fit`; the work is a batch."""
    batch, length, features, units = shape
    draw = np.random.default_rng(0).standard_normal
    contestants, batches = [], 1
    for side, package in (("seqlib", layers), ("keras", keras.layers)):
        recurrent = getattr(package, name)(units)
        model = keras.Sequential(
            [keras.Input((length, features)), recurrent, keras.layers.Dense(1)]
        )
        model.compile("adam", "mse")

        def fit(k, model=model):
            model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0)

        contestants.append(Contestant(side, fit))
    batches = max(5, min(100, round(_FIT_SECONDS / _estimate(shape, _GATES[name]))))
    x = draw((batches * batch, length, features), dtype="float32")
    y = draw((batches * batch, 1), dtype="float32")
    for one in contestants:
        one.work = batches
    return contestants


def _estimate(shape, gates):
    """Return about how many seconds a training step takes: from its multiplications."""
    batch, length, features, units = shape
    return 1e-3 + 6 * batch * length * (features + units) * gates * units / 30e9


def _row(name, what, shape, measured, notes, floors):
    ours = measured["milliseconds"]["seqlib"]
    shares = {
        floor: {**found, "share": found["milliseconds"] / ours} for floor, found in floors.items()
    }
    sizes = dict(zip(("batch", "time", "in", "hidden"), shape, strict=True))
    return row("recurrent", name, what, sizes, "batch", measured, **notes, floors=shares)
