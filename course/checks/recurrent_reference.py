"""What the checks of the recurrent cells compare with: Keras, central differences, and equations.

The equations are here to imitate mistakes and to fill caches; what is right is decided by the Keras
layers and by central differences.
"""

import keras
import numpy as np

from course.checks.central_differences import central_differences

BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 6


def gradients(loss, inputs, states, weights):
    """Return the measured gradients of loss() by inputs, states and weights."""
    return (
        central_differences(loss, inputs),
        tuple(central_differences(loss, state) for state in states),
        tuple(central_differences(loss, weight) for weight in weights),
    )


def case(gates, states=1, seed=0):
    """Return an input, states and weights in Keras's layout, none of them zero."""
    rng = np.random.default_rng(seed)
    columns = gates * UNITS
    x = rng.normal(size=(BATCH, FEATURES))
    first = tuple(rng.normal(size=(states, BATCH, UNITS)))
    bias = (2, columns) if gates == 3 else (columns,)
    shapes = (FEATURES, columns), (UNITS, columns), bias
    return x, first, tuple(0.7 * rng.normal(size=shape) for shape in shapes)


def sequence_case():
    """Return inputs, states and weights of an LSTM over time."""
    _, states, weights = case(gates=4, states=2)
    return np.random.default_rng(1).normal(size=(BATCH, TIME, FEATURES)), states, weights


def reordered(weights, order):
    """Return the weights with their gates in another order."""
    split = (np.split(weight, len(order), axis=-1) for weight in weights)
    return tuple(np.concatenate([parts[k] for k in order], axis=-1) for parts in split)


def keras_step(cell, x, states, weights):
    """Return the new states of the Keras cell of that name, a tuple of float64 arrays."""
    cell = getattr(keras.layers, cell)(UNITS, dtype="float64")
    cell.build(x.shape)
    cell.set_weights(weights)
    _, new = cell(x, list(states))
    return tuple(keras.ops.convert_to_numpy(state) for state in new)


def keras_layer(layer, inputs, states, weights):
    """Return outputs and last states of the Keras layer of that name, in float64."""
    layer = getattr(keras.layers, layer)(
        UNITS, return_sequences=True, return_state=True, dtype="float64"
    )
    layer.build(inputs.shape)
    layer.set_weights(weights)
    outputs, *last = map(keras.ops.convert_to_numpy, layer(inputs, initial_state=list(states)))
    return outputs, tuple(last)


def loop(cell, inputs, states, weights, carried=True):
    """Return (states, cache) of every step; without `carried` each starts from `states`."""
    steps, start = [], states
    for t in range(inputs.shape[1]):
        states, cache = cell(inputs[:, t], states if carried else start, weights)
        steps.append((states, cache))
    return steps


def read(inputs, states, weights, index=0, carried=True):
    """Return a state of the LSTM after every step, (batch, time, units); h, or c where index=1."""
    steps = loop(lstm, inputs, states, weights, carried)
    return np.stack([new[index] for new, _ in steps], axis=1)


def sigmoid(x):
    """Return 1 / (1 + exp(-x)), element by element."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def rnn(x, states, weights):
    """One step of the plain RNN: the new states and the cache."""
    h = np.tanh(x @ weights[0] + states[0] @ weights[1] + weights[2])
    return (h,), (x, states[0], h)


def gru(x, states, weights):
    """One step of the GRU: the new states and the cache."""
    (h,), (kernel, recurrent, bias) = states, weights
    x_z, x_r, x_g = np.split(x @ kernel + bias[0], 3, axis=-1)
    h_z, h_r, h_g = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    g = np.tanh(x_g + r * h_g)
    return (z * h + (1 - z) * g,), (x, h, z, r, g, h_g)


def lstm(x, states, weights):
    """One step of the LSTM: the new states and the cache."""
    (h, c), (kernel, recurrent, bias) = states, weights
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    new = f * c + i * g
    return (o * np.tanh(new), new), (x, h, c, i, f, g, o, new)


def product_cell(x, states, weights):
    """A small cell with two states whose way back is plain: h' = w x h + c / 2, c' = c / 2."""
    h, c = states
    return (weights[0] * x * h + c / 2, c / 2), (x, h)


def product_cell_backward(dstates, cache, weights):
    """One step back through `product_cell`."""
    (dh, dc), (x, h), (w,) = dstates, cache, weights
    return dh * w * h, (dh * w * x, (dh + dc) / 2), (np.sum(dh * x * h, axis=0),)
