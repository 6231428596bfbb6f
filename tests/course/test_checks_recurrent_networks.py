"""The checks of the notebook on recurrent networks: right passes, wrong gets its hint."""

import re

import numpy as np
import pytest

from course.checks import CheckFailed, Unfinished
from course.checks import recurrent_networks as checks

RIGHT = """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def rnn_cell_forward(x, states, weights):
    (h,), (W, U, b) = states, weights
    h_next = np.tanh(x @ W + h @ U + b)
    return (h_next,), (x, h, h_next)

def gru_cell_forward(x, states, weights):
    (h,), (W, U, b) = states, weights
    x_z, x_r, x_g = np.split(x @ W + b[0], 3, axis=-1)
    h_z, h_r, h_g = np.split(h @ U + b[1], 3, axis=-1)
    z = sigmoid(x_z + h_z)
    r = sigmoid(x_r + h_r)
    g = np.tanh(x_g + r * h_g)
    return (z * h + (1 - z) * g,), (x, h, z, r, g, h_g)

def lstm_cell_forward(x, states, weights):
    (h, c), (W, U, b) = states, weights
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c_next = f * c + i * g
    h_next = o * np.tanh(c_next)
    return (h_next, c_next), (x, h, c, i, f, g, o, c_next)

def forward(cell, inputs, states, weights):
    outputs, caches = [], []
    for t in range(inputs.shape[1]):
        states, cache = cell(inputs[:, t], states, weights)
        outputs.append(states[0])
        caches.append(cache)
    return np.stack(outputs, axis=1), states, caches

def rnn_cell_backward(dstates, cache, weights):
    (dh,), (x, h, h_next), (W, U, b) = dstates, cache, weights
    da = dh * (1 - h_next**2)
    return da @ W.T, (da @ U.T,), (x.T @ da, h.T @ da, da.sum(axis=0))

def lstm_cell_backward(dstates, cache, weights):
    (dh, dc), (x, h, c, i, f, g, o, c_next), (W, U, b) = dstates, cache, weights
    shown = np.tanh(c_next)
    dc = dc + dh * o * (1 - shown**2)
    di = dc * g * i * (1 - i)
    df = dc * c * f * (1 - f)
    dg = dc * i * (1 - g**2)
    do = dh * shown * o * (1 - o)
    da = np.concatenate([di, df, dg, do], axis=-1)
    return da @ W.T, (da @ U.T, dc * f), (x.T @ da, h.T @ da, da.sum(axis=0))

def gru_cell_backward(dstates, cache, weights):
    (dh,), (x, h, z, r, g, h_g), (W, U, b) = dstates, cache, weights
    dg = dh * (1 - z) * (1 - g**2)
    dz = dh * (h - g) * z * (1 - z)
    dr = dg * h_g * r * (1 - r)
    of_x = np.concatenate([dz, dr, dg], axis=-1)
    of_h = np.concatenate([dz, dr, dg * r], axis=-1)
    db = np.stack([of_x.sum(axis=0), of_h.sum(axis=0)])
    return of_x @ W.T, (dh * z + of_h @ U.T,), (x.T @ of_x, h.T @ of_h, db)

def backward(cell_backward, doutputs, dstates, caches, weights):
    dinputs, dweights = [], [0 * weight for weight in weights]
    for t in reversed(range(len(caches))):
        dstates = (dstates[0] + doutputs[:, t], *dstates[1:])
        dx, dstates, parts = cell_backward(dstates, caches[t], weights)
        dinputs.append(dx)
        dweights = [total + part for total, part in zip(dweights, parts)]
    return np.stack(dinputs[::-1], axis=1), dstates, tuple(dweights)

def bidirectional(cell, inputs, states, forward_weights, backward_weights):
    onwards, _, _ = forward(cell, inputs, states, forward_weights)
    back, _, _ = forward(cell, inputs[:, ::-1], states, backward_weights)
    return np.concatenate([onwards, back[:, ::-1]], axis=-1)
"""

EXERCISES = re.findall(r"def (?!sigmoid)(\w+)\(", RIGHT)

# Exercise, what a learner writes in place of what, and what the hint has to speak of.
MISTAKES = [
    ("rnn_cell_forward", "h @ U + b", "h @ U", "bias is missing"),
    ("rnn_cell_forward", "np.tanh(x @ W", "sigmoid(x @ W", "tanh, not the sigmoid"),
    ("rnn_cell_forward", "np.tanh(x @ W + h @ U + b)", "x @ W + h @ U + b", "tanh is missing"),
    ("rnn_cell_forward", " + h @ U", "", "previous state is missing"),
    ("rnn_cell_forward", "(x, h, h_next)", "(x, h_next, h)", "cache is (x, h, h_next)"),
    ("rnn_cell_forward", "(h_next,), (x", "h_next, (x", "return (h_next,)"),
    ("rnn_cell_forward", "x @ W", "W @ x", "h_next = tanh(x W"),
    ("gru_cell_forward", "x_z, x_r, x_g", "x_r, x_z, x_g", "x W + bias[0]"),
    ("gru_cell_forward", "z * h + (1 - z) * g", "(1 - z) * h + z * g", "old state stays"),
    ("gru_cell_forward", "x @ W + b[0]", "x @ W", "bias[0], is missing"),
    ("gru_cell_forward", "h @ U + b[1]", "h @ U", "bias[1], is missing"),
    ("gru_cell_forward", "r * h_g)", "(r * h) @ U[:, 12:] + b[1, 12:])", "after the product"),
    ("gru_cell_forward", "x_g + r * h_g", "x_g + h_g", "reset gate is missing"),
    ("gru_cell_forward", "g, h_g)", "g, r * h_g)", "cache is"),
    ("lstm_cell_forward", "i, f, g, o = np.split", "f, i, g, o = np.split", "order of the four"),
    ("lstm_cell_forward", "i, f, g, o = np.split", "i, f, o, g = np.split", "order of the four"),
    ("lstm_cell_forward", " + b, 4", ", 4", "bias is missing"),
    ("lstm_cell_forward", "h @ U", "c @ U", "the product is with h"),
    ("lstm_cell_forward", "(h_next, c_next), (x", "(c_next, h_next), (x", "h first"),
    ("lstm_cell_forward", "o * np.tanh(c_next)", "o * c_next", "tanh is missing"),
    ("lstm_cell_forward", "o * np.tanh(c_next)", "o * np.tanh(c)", "the new carry"),
    ("lstm_cell_forward", "f * c + i * g", "c + i * g", "forget gate is missing"),
    ("lstm_cell_forward", "sigmoid(f), np.tanh(g)", "sigmoid(f), sigmoid(g)", "by tanh"),
    ("forward", "states, cache = cell", "new, cache = cell", "states[0]"),
    ("forward", "append(states[0])", "append(states[1])", "not the carry"),
    ("forward", "np.stack(outputs, axis=1)", "np.stack(outputs)", "Time is the second axis"),
    ("forward", "inputs[:, t], states", "inputs[:, t], [0 * s for s in states]", "keep states[0]"),
    ("forward", "states, caches\n", "states, cache\n", "cache of every step"),
    ("rnn_cell_backward", " * (1 - h_next**2)", "", "derivative of tanh"),
    ("rnn_cell_backward", "1 - h_next**2", "1 - h**2", "not 1 - h**2"),
    ("rnn_cell_backward", "da @ U.T", "da @ U", "transpose is missing"),
    ("rnn_cell_backward", "da.sum(axis=0)", "da.mean(axis=0)", "not the mean"),
    ("rnn_cell_backward", "x.T @ da, h.T @ da", "h.T @ da, x.T @ da", "da W^T"),
    ("lstm_cell_backward", "dc = dc + dh", "dc = dh", "next step is missing"),
    ("lstm_cell_backward", " + dh * o * (1 - shown**2)", "", "Part of dh reaches the carry"),
    ("lstm_cell_backward", "dc * f)", "dc)", "multiplied by f"),
    ("lstm_cell_backward", "[di, df, dg, do]", "[df, di, dg, do]", "order i, f, g, o"),
    ("lstm_cell_backward", "[di, df, dg, do]", "[di, df, do, dg]", "order i, f, g, o"),
    ("gru_cell_backward", "dh * z + of_h", "of_h", "direct way is missing"),
    ("gru_cell_backward", "(h - g)", "(g - h)", "sign of dz"),
    ("gru_cell_backward", "dg * r]", "dg]", "dg * r"),
    ("gru_cell_backward", "db = np.stack([of_x", "db = sum([of_x", "bias[0] and bias[1]"),
    ("backward", "(dstates[0] + doutputs[:, t]", "(doutputs[:, t]", "doutputs[:, t]"),
    ("backward", "dstates[0] + doutputs[:, t]", "dstates[0]", "is not added"),
    ("backward", "total + part", "part", "gradients add up"),
    ("backward", "dinputs[::-1]", "dinputs", "reverse order"),
    ("backward", "dx, dstates, parts", "dx, _, parts", "add doutputs"),
    ("backward", "reversed(range(len(caches)))", "range(len(caches))", "From the last step"),
    ("bidirectional", "[onwards, back[:, ::-1]]", "[onwards, back]", "still runs backwards"),
    ("bidirectional", "inputs[:, ::-1]", "inputs", "as well as the outputs"),
    (
        "bidirectional",
        "backward_weights)\n    return",
        "forward_weights)\n    return",
        "own weights",
    ),
]


def answers(source):
    """Run a learner's file and return its functions."""
    space = {"np": np}
    exec(source, space)
    return space


def in_function(name, old, new):
    """Return RIGHT with `old` replaced by `new` once, inside one function."""
    start = RIGHT.index(f"def {name}(")
    assert old in RIGHT[start:], f"{old!r} is not in {name}"
    return RIGHT[:start] + RIGHT[start:].replace(old, new, 1)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_right_answer_passes(name, capsys):
    getattr(checks, name)(answers(RIGHT)[name])
    assert capsys.readouterr().out.startswith(f"✓ {name}: ")


@pytest.mark.parametrize(("name", "old", "new", "hint"), MISTAKES)
def test_a_wrong_answer_gets_the_hint_that_names_it(name, old, new, hint):
    wrong = answers(in_function(name, old, new))[name]
    with pytest.raises(CheckFailed, match=re.escape(hint)):
        getattr(checks, name)(wrong)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("nothing", [None, ...])
def test_an_empty_answer_is_unfinished(name, nothing):
    with pytest.raises(Unfinished, match=name):
        getattr(checks, name)(lambda *arguments: nothing)


def test_an_exercise_that_needs_an_empty_one_says_so():
    source = RIGHT.replace("    outputs, caches = [], []\n", "    return None\n")
    with pytest.raises(CheckFailed, match="bidirectional"):
        checks.bidirectional(answers(source)["bidirectional"])


def test_every_exercise_is_checked():
    public = {name for name, value in vars(checks).items() if getattr(value, "__module__", "") ==
              checks.__name__ and not name.startswith("_")}  # fmt: skip
    assert public == set(EXERCISES)
