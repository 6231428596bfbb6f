"""Characters generated a second: `seqlib.decoding.sample` beside the loops that are often written.

One model throughout: one-hot characters, an LSTM, a dense head; temperature 1. The loops differ in
what is called for each character: `model.predict`, as in most courses; the model itself; and a
`torch.nn.LSTMCell`, where what was drawn stays a tensor. All sides have the same weights, and have
to give the same logits before they are timed.
"""

import keras
import numpy as np
from keras import ops

from benchmarks import torch_layers
from benchmarks.turns import Contestant, compare, row
from seqlib import layers
from seqlib.decoding import sample

BATCHES = (1, 64)
UNITS = 128
VOCABULARY = 27
LENGTHS = {"seqlib": 1000, "model.predict": 4, "model(x)": 20, "torch": 1000}  # characters a call


def rows(effort, batches=BATCHES, units=UNITS, lengths=LENGTHS):
    """Measure each batch size."""
    lstm, head = layers.LSTM(units), keras.layers.Dense(VOCABULARY)
    lstm.build((None, None, VOCABULARY))
    head.build((None, units))
    model = step_model(lstm.get_weights(), head.get_weights())
    sides = {
        "seqlib": Compiled(lstm.cell, head),
        "model.predict": ModelLoop(model, lambda inputs: model.predict(inputs, verbose=0)),
        "model(x)": ModelLoop(model, lambda inputs: map(ops.convert_to_numpy, model(inputs))),
    }
    if torch_layers.torch:
        sides["torch"] = TorchLoop(lstm.get_weights(), head.get_weights())
    for batch in batches:
        _check_agreement(sides, batch)
        contestants = []
        for name, side in sides.items():
            call = side.drawer(batch, lengths[name])
            contestants.append(Contestant(name, call, work=batch * lengths[name]))
        shape = {"batch": batch, "hidden": units, "vocabulary": VOCABULARY}
        measured = compare(contestants, effort)
        yield row("generation", "LSTM", "sampling", shape, "character", measured)


class Compiled:
    """A cell and a head in the compiled loop of `seqlib.decoding`."""

    def __init__(self, cell, head):
        self.cell, self.head = cell, head

    def start(self, batch):
        """Return the states before the first character."""
        return self.cell.get_initial_state(batch)

    def step(self, tokens, states):
        """Return logits, (batch, vocabulary), and the new states."""
        h, states = self.cell(ops.one_hot(tokens, VOCABULARY), states)
        return self.head(h), states

    def drawer(self, batch, length):
        """Return a function of a running number that draws (batch, length) characters."""
        states, first, step = self.start(batch), np.zeros(batch, "int32"), self.step

        def call(k):
            tokens, _ = sample(step, states, first, length=length, seed=k)
            return ops.convert_to_numpy(tokens)

        return call


def step_model(lstm_weights, head_weights):
    """Return a model of `keras.layers` for one character: (x, h, c) -> (logits, h, c)."""
    units = lstm_weights[1].shape[0]
    x = keras.Input((1, VOCABULARY))
    states = [keras.Input((units,)), keras.Input((units,))]
    lstm, head = keras.layers.LSTM(units, return_state=True), keras.layers.Dense(VOCABULARY)
    y, h, c = lstm(x, initial_state=states)
    model = keras.Model([x, *states], [head(y), h, c])
    lstm.set_weights(lstm_weights)
    head.set_weights(head_weights)
    return model


class ModelLoop:
    """A loop in Python that runs a Keras model for each character and draws with NumPy."""

    def __init__(self, model, run):
        self.run, self.units = run, model.inputs[1].shape[-1]
        self.one_hot = np.eye(VOCABULARY, dtype="float32")

    def start(self, batch):
        """Return the states before the first character."""
        return [np.zeros((batch, self.units), "float32")] * 2

    def step(self, tokens, states):
        """Return logits, (batch, vocabulary), and the new states."""
        logits, *states = self.run([self.one_hot[tokens][:, None], *states])
        return logits, states

    def drawer(self, batch, length):
        """Return a function of a running number that draws (batch, length) characters."""

        def call(k):
            random = np.random.default_rng(k)
            drawn = np.zeros((batch, length), "int32")
            last, states = np.zeros(batch, "int32"), self.start(batch)
            for t in range(length):
                logits, states = self.step(last, states)
                weights = np.exp(logits - logits.max(axis=-1, keepdims=True)).cumsum(axis=-1)
                threshold = random.random((batch, 1)) * weights[:, -1:]
                last = (weights > threshold).argmax(axis=-1)  # (batch,)
                drawn[:, t] = last
            return drawn

        return call


class TorchLoop:
    """A loop in Python over `torch.nn.LSTMCell` that draws with `torch.multinomial`."""

    def __init__(self, lstm_weights, head_weights):
        torch = self.torch = torch_layers.torch
        kernel, bias = (torch.from_numpy(array.copy()) for array in head_weights)
        units = kernel.shape[0]
        self.cell = torch.nn.LSTMCell(VOCABULARY, units)
        self.head = torch.nn.Linear(units, VOCABULARY)
        self.cell.load_state_dict(torch_layers.weights("LSTM", lstm_weights))
        self.head.load_state_dict({"weight": kernel.T, "bias": bias})
        for module in (self.cell, self.head):
            module.requires_grad_(False)
        self.one_hot = torch.eye(VOCABULARY)

    def start(self, batch):
        """Return the states before the first character."""
        return (self.torch.zeros(batch, self.cell.hidden_size),) * 2

    def step(self, tokens, states):
        """Return logits, (batch, vocabulary), and the new states."""
        states = self.cell(self.one_hot[tokens], states)
        return self.head(states[0]), states

    def drawer(self, batch, length):
        """Return a function of a running number that draws (batch, length) characters."""
        torch, step = self.torch, self.step

        def call(k):
            random = torch.Generator().manual_seed(k)
            with torch.inference_mode():
                drawn = torch.empty((batch, length), dtype=torch.int64)
                last, states = torch.zeros(batch, dtype=torch.int64), self.start(batch)
                for t in range(length):
                    logits, states = step(last, states)
                    odds = torch.softmax(logits, dim=-1)
                    last = torch.multinomial(odds, 1, generator=random)[:, 0]
                    drawn[:, t] = last
                return drawn.numpy()

        return call


def _check_agreement(sides, batch):
    """Raise where two sides do not compute the same logits."""
    tokens = np.arange(batch) % VOCABULARY
    logits = {}
    for name, side in sides.items():
        logits[name] = ops.convert_to_numpy(side.step(tokens, side.start(batch))[0])
        if not np.allclose(logits[name], logits["seqlib"], atol=1e-4):
            raise RuntimeError(f"{name} does not compute the logits that seqlib does.")
