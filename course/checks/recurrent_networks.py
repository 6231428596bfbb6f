"""Checks of the notebook on recurrent networks.

A forward pass is compared with the Keras layer of that name by copied weights, a backward pass with
central differences. An answer that equals what a frequent mistake gives is told that mistake.
"""

import numpy as np

from course.checks import answered, attempt, compare, passed
from course.checks import recurrent_reference as reference


def rnn_cell_forward(learner):
    """Check one step of the plain RNN against `keras.layers.SimpleRNNCell`."""
    name = "rnn_cell_forward"
    hint = "h_next = tanh(x W + h U + b); return (h_next,), (x, h, h_next)."
    x, (h,), weights = reference.case(gates=1)
    kernel, recurrent, bias = weights
    expected = reference.keras_step("SimpleRNNCell", x, (h,), weights)
    a = x @ kernel + h @ recurrent + bias
    mistakes = [
        ((np.tanh(a - bias),), "The bias is missing."),
        ((a,), "tanh is missing."),
        ((reference.sigmoid(a),), "The squash is tanh, not the sigmoid."),
        ((np.tanh(x @ kernel + bias),), "The previous state is missing: add h @ recurrent_kernel."),
    ]
    states, cache = _call(name, hint, 2, learner, x, (h,), weights)
    _judge(f"{name}, new states", states, expected, mistakes, hint)
    _judge(f"{name}, cache", cache, (x, h, *expected), [], "The cache is (x, h, h_next).")
    passed(name, "equal to keras.layers.SimpleRNNCell by copied weights")


def forward(learner):
    """Check the loop over time against `keras.layers.LSTM`."""
    name = "forward"
    hint = "At each step: states, cache = cell(inputs[:, t], states, weights); keep states[0]."
    _, states, weights = reference.case(gates=4, states=2)
    inputs = np.random.default_rng(1).normal(
        size=(reference.BATCH, reference.TIME, reference.FEATURES)
    )
    expected, last = reference.keras_layer("LSTM", inputs, states, weights)
    blank = tuple(np.zeros_like(state) for state in states)
    every = [
        reference.loop(reference.lstm, inputs, states, weights, carried=False)[t][0]
        for t in range(reference.TIME)
    ]
    carries = [step[0][1] for step in reference.loop(reference.lstm, inputs, states, weights)]
    from_zero = [step[0][0] for step in reference.loop(reference.lstm, inputs, blank, weights)]
    mistakes = [
        (np.stack([s[0] for s in every], 1), "Each step starts from the initial states: carry on."),
        (np.stack(from_zero, 1), "The initial states that were given are not used."),
        (np.stack(carries, 1), "The output of a step is states[0], which is h, not the carry c."),
        (np.swapaxes(expected, 0, 1), "Time is the second axis: np.stack(outputs, axis=1)."),
    ]
    outputs, final, caches = _call(name, hint, 3, learner, reference.lstm, inputs, states, weights)
    _judge(f"{name}, outputs", outputs, expected, mistakes, hint)
    first = [(states, "These are the initial states; return those after the last step.")]
    _judge(f"{name}, last states", final, last, first, hint)
    steps = [cache for _, cache in reference.loop(reference.lstm, inputs, states, weights)]
    _judge(f"{name}, caches", caches, steps, [], "Return a list with the cache of every step.")
    passed(name, "equal to keras.layers.LSTM over 5 steps, from given states")


def gru_cell_forward(learner):
    """Check one step of the GRU against `keras.layers.GRUCell`."""
    name = "gru_cell_forward"
    hint = "x W + bias[0] and h U + bias[1], each split in z, r, g; h_next = z * h + (1 - z) * g."
    x, (h,), weights = reference.case(gates=3)
    kernel, recurrent, bias = weights
    expected = reference.keras_step("GRUCell", x, (h,), weights)

    def wrong(rows=bias, order=(0, 1, 2), turned=False, before=False, use_reset=True):
        x_side = np.split(x @ kernel + rows[0], 3, axis=-1)
        h_side = np.split(h @ recurrent + rows[1], 3, axis=-1)
        (x_z, h_z), (x_r, h_r), (x_g, h_g) = ((x_side[k], h_side[k]) for k in order)
        z, r = reference.sigmoid(x_z + h_z), reference.sigmoid(x_r + h_r) if use_reset else 1.0
        after = (
            (r * h) @ recurrent[:, 2 * reference.UNITS :] + rows[1, 2 * reference.UNITS :]
            if before
            else r * h_g
        )
        g = np.tanh(x_g + after)
        return (((1 - z) * h + z * g) if turned else (z * h + (1 - z) * g),)

    mistakes = [
        (wrong(order=(1, 0, 2)), "The order of the gates is z, r, g."),
        (wrong(turned=True), "z is how much of the old state stays: z * h + (1 - z) * g."),
        (wrong(before=True), "The reset gate acts after the product: r * (h U_g + b'_g)."),
        (wrong(rows=bias * [[1], [0]]), "The bias of the state's side, bias[1], is missing."),
        (wrong(rows=bias * [[0], [1]]), "The bias of the input's side, bias[0], is missing."),
        (wrong(rows=0 * bias), "The biases are missing."),
        (wrong(use_reset=False), "The reset gate is missing in the candidate."),
    ]
    states, cache = _call(name, hint, 2, learner, x, (h,), weights)
    _judge(f"{name}, new states", states, expected, mistakes, hint)
    right = reference.gru(x, (h,), weights)[1]
    _judge(f"{name}, cache", cache, right, [], "The cache is (x, h, z, r, g, h_g), squashed.")
    passed(name, "equal to keras.layers.GRUCell by copied weights")


def lstm_cell_forward(learner):
    """Check one step of the LSTM against `keras.layers.LSTMCell`."""
    name = "lstm_cell_forward"
    hint = "Split x W + h U + b in i, f, g, o; c_next = f * c + i * g; h_next = o * tanh(c_next)."
    x, (h, c), weights = reference.case(gates=4, states=2)
    kernel, recurrent, bias = weights
    expected = reference.keras_step("LSTMCell", x, (h, c), weights)

    def wrong(a=x @ kernel + h @ recurrent + bias, order=(0, 1, 2, 3), candidate=np.tanh):
        parts = np.split(a, 4, axis=-1)
        i, f, g, o = (parts[k] for k in order)
        i, f, g, o = reference.sigmoid(i), reference.sigmoid(f), candidate(g), reference.sigmoid(o)
        return i, f, g, o, f * c + i * g

    i, _, g, o, new = wrong()
    variants = (
        wrong(order=(1, 0, 2, 3)),
        wrong(order=(0, 1, 3, 2)),
        wrong(x @ kernel + h @ recurrent),
        wrong(x @ kernel + c @ recurrent + bias),
        wrong(candidate=reference.sigmoid),
    )
    finish = [(w[3] * np.tanh(w[4]), w[4]) for w in variants]
    order = "The order of the four parts is i, f, g, o (input, forget, candidate, output)."
    mistakes = [
        *zip(finish[:2], (order, order), strict=True),
        (finish[2], "The bias is missing."),
        (finish[3], "h and c are mixed up: the product is with h, the output of the last step."),
        (finish[4], "The candidate g is squashed by tanh, not by the sigmoid."),
        (expected[::-1], "h and c are mixed up: return (h_next, c_next), h first."),
        ((o * new, new), "tanh is missing: h_next = o * tanh(c_next)."),
        ((o * np.tanh(c), new), "h_next shows the new carry: o * tanh(c_next), not tanh(c)."),
        ((o * np.tanh(c + i * g), c + i * g), "The forget gate is missing: f * c + i * g."),
    ]
    states, cache = _call(name, hint, 2, learner, x, (h, c), weights)
    _judge(f"{name}, new states", states, expected, mistakes, hint)
    told = "The cache is (x, h, c, i, f, g, o, c_next), with h and c as they were, gates squashed."
    _judge(f"{name}, cache", cache, reference.lstm(x, (h, c), weights)[1], [], told)
    passed(name, "equal to keras.layers.LSTMCell by copied weights")


def rnn_cell_backward(learner):
    """Check one step back through the plain RNN against central differences."""
    name = "rnn_cell_backward"
    hint = "da = dh * (1 - h_next**2); then da W^T, da U^T, x^T da, h^T da and the sum of da."

    def wrong(dh, cache, weights, derivative=None, turned=False, average=False):
        x, h, h_next = cache
        da = dh[0] * (1 - h_next**2 if derivative is None else derivative(cache))
        dbias = da.mean(axis=0) if average else da.sum(axis=0)
        dh = da @ (weights[1] if turned else weights[1].T)
        return da @ weights[0].T, (dh,), (x.T @ da, h.T @ da, dbias)

    mistakes = [
        (dict(derivative=lambda cache: 1.0), "The derivative of tanh, 1 - h_next**2, is missing."),
        (dict(derivative=lambda cache: 1 - cache[1] ** 2), "1 - h_next**2, not 1 - h**2."),
        (dict(turned=True), "da @ recurrent_kernel.T: the transpose is missing."),
        (dict(average=True), "The bias gradient is the sum over the batch, not the mean."),
    ]
    _check_cell_backward(name, learner, reference.rnn, 1, 1, wrong, mistakes, hint)


def lstm_cell_backward(learner):
    """Check one step back through the LSTM against central differences."""
    name = "lstm_cell_backward"
    hint = "dc = dc + dh * o * (1 - tanh(c_next)**2) first; every gate's gradient follows from it."

    def wrong(d, cache, weights, along=1, down=1, slopes=True, forget=True, order=(0, 1, 2, 3)):
        x, h, c, i, f, g, o, c_next = cache
        dc = along * d[1] + down * d[0] * o * (1 - np.tanh(c_next) ** 2)
        parts = [dc * g, dc * c, dc * i, d[0] * np.tanh(c_next)]
        if slopes:
            slope = [i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o)]
            parts = [part * s for part, s in zip(parts, slope, strict=True)]
        da = np.concatenate([parts[k] for k in order], axis=-1)
        dstates = (da @ weights[1].T, dc * f if forget else dc)
        return da @ weights[0].T, dstates, (x.T @ da, h.T @ da, da.sum(axis=0))

    mistakes = [
        (dict(along=0), "The dc that arrives from the next step is missing: dc = dc + ..."),
        (dict(down=0), "Part of dh reaches the carry: dc = dc + dh * o * (1 - tanh(c_next)**2)."),
        (dict(slopes=False), "The slopes of the squashes, s * (1 - s) and 1 - g**2, are missing."),
        (dict(forget=False), "On its way to the previous carry the gradient is multiplied by f."),
        (dict(order=(1, 0, 2, 3)), "Put the four parts together in the order i, f, g, o."),
        (dict(order=(0, 1, 3, 2)), "Put the four parts together in the order i, f, g, o."),
    ]
    _check_cell_backward(name, learner, reference.lstm, 4, 2, wrong, mistakes, hint)


def gru_cell_backward(learner):
    """Check one step back through the GRU against central differences."""
    name = "gru_cell_backward"
    hint = "dh reaches h by z * h, and by the three products; bias[0] and bias[1] differ in g only."

    def wrong(d, cache, weights, rail=1, sign=1, gated=True):
        x, h, z, r, g, h_g = cache
        dg = d[0] * (1 - z) * (1 - g**2)
        dz, dr = sign * d[0] * (h - g) * z * (1 - z), dg * h_g * r * (1 - r)
        of_x = np.concatenate([dz, dr, dg], axis=-1)
        of_h = np.concatenate([dz, dr, dg * r if gated else dg], axis=-1)
        dbias = np.stack([of_x.sum(axis=0), of_h.sum(axis=0)])
        dh = rail * d[0] * z + of_h @ weights[1].T
        return of_x @ weights[0].T, (dh,), (x.T @ of_x, h.T @ of_h, dbias)

    mistakes = [
        (dict(rail=0), "The direct way is missing: h_next = z * h + ..., so dh * z goes to h."),
        (dict(sign=-1), "The sign of dz: h_next grows with z by h - g."),
        (dict(gated=False), "On the side of the state, the gradient of the g part is dg * r."),
    ]
    _check_cell_backward(name, learner, reference.gru, 3, 1, wrong, mistakes, hint)


def backward(learner):
    """Check the way back through time against central differences, with a cell of its own."""
    name = "backward"
    hint = "From the last step to the first: add doutputs[:, t] to dstates[0], then step back."
    rng = np.random.default_rng(2)
    inputs, doutputs = rng.normal(size=(2, reference.BATCH, reference.TIME, reference.UNITS))
    states, pull = map(tuple, rng.normal(size=(2, 2, reference.BATCH, reference.UNITS)))
    weights = (rng.normal(size=reference.UNITS),)

    def loss():
        steps = reference.loop(reference.product_cell, inputs, states, weights)
        total = sum(np.sum(doutputs[:, t] * step[0][0]) for t, step in enumerate(steps))
        return total + sum(np.sum(p * s) for p, s in zip(pull, steps[-1][0], strict=True))

    expected = (
        reference.differences(loss, inputs),
        tuple(reference.differences(loss, state) for state in states),
        tuple(reference.differences(loss, weight) for weight in weights),
    )
    caches = [cache for _, cache in reference.loop(reference.product_cell, inputs, states, weights)]

    def wrong(carried=True, added=True, last_only=False):
        d, steps, total = pull, [], np.zeros(reference.UNITS)
        for t in reversed(range(reference.TIME)):
            d = d if carried else tuple(np.zeros_like(part) for part in d)
            d = (d[0] + doutputs[:, t], *d[1:]) if added else d
            dx, d, (dw,) = reference.product_cell_backward(d, caches[t], weights)
            steps.append(dx)
            total = dw if last_only else total + dw
        return np.stack(steps[::-1], axis=1), d, (total,)

    mistakes = [
        (wrong(carried=False), "The gradient from the next step is missing: carry dstates on."),
        (wrong(added=False), "The gradient of each output, doutputs[:, t], is not added."),
        (wrong(last_only=True), "The weights are the same at every step: their gradients add up."),
        ((expected[0][:, ::-1], *expected[1:]), "dinputs is in reverse order of time."),
    ]
    step = reference.product_cell_backward
    got = _call(name, hint, 3, learner, step, doutputs, pull, caches, weights)
    got = (got[0], got[1], tuple(got[2]) if isinstance(got[2], list) else got[2])
    _judge(name, got, expected, mistakes, hint)
    passed(name, "equal to central differences over 5 steps, outputs and last states pulling")


def bidirectional(learner):
    """Check the two-way layer against `keras.layers.Bidirectional`."""
    name = "bidirectional"
    hint = "Run forward(...) on inputs and on inputs[:, ::-1]; turn the second output back in time."
    _, states, onwards = reference.case(gates=4, states=2)
    _, _, back = reference.case(gates=4, seed=3)
    inputs = np.random.default_rng(1).normal(
        size=(reference.BATCH, reference.TIME, reference.FEATURES)
    )

    def read(sequence, weights):
        return reference.keras_layer("LSTM", sequence, states, weights)[0]

    first, second = read(inputs, onwards), read(inputs[:, ::-1], back)

    def joined(other):
        return np.concatenate([first, other], axis=-1)

    mistakes = [
        (joined(second), "The second output still runs backwards: turn it round again."),
        (joined(read(inputs, back)), "The second reading is of the inputs in order: reverse time."),
        (joined(read(inputs, back)[:, ::-1]), "Reverse the inputs as well as the outputs."),
        (joined(read(inputs[:, ::-1], onwards)[:, ::-1]), "The directions have their own weights."),
        (joined(read(inputs[::-1], back)[::-1]), "This reverses the batch: time is axis 1."),
    ]
    got = _call(name, hint, 1, learner, reference.lstm, inputs, states, onwards, back)
    _judge(name, got, joined(second[:, ::-1]), mistakes, hint)
    passed(name, "equal to two keras.layers.LSTM, the second one read backwards")


def _check_cell_backward(name, learner, cell, gates, count, wrong, mistakes, hint):
    """Compare a step back with central differences of `cell`; `wrong(**mistake)` imitates."""
    x, states, weights = reference.case(gates, count)
    pull = tuple(np.random.default_rng(4).normal(size=(count, reference.BATCH, reference.UNITS)))

    def loss():
        new, _ = cell(x, states, weights)
        return sum(np.sum(p * s) for p, s in zip(pull, new, strict=True))

    expected = (
        reference.differences(loss, x),
        tuple(reference.differences(loss, state) for state in states),
        tuple(reference.differences(loss, weight) for weight in weights),
    )
    cache = cell(x, states, weights)[1]
    got = _call(name, hint, 3, learner, pull, cache, weights)
    imitated = [(wrong(pull, cache, weights, **how), why) for how, why in mistakes]
    _judge(name, got, expected, imitated, hint)
    passed(name, "equal to central differences for inputs, states and weights")


def _call(name, hint, count, learner, *arguments):
    with attempt(name, hint):
        value = learner(*arguments)
    return answered(name, value, hint, count=count)


def _judge(name, got, expected, mistakes, hint):
    """Compare; an answer equal to that of a known mistake gets the hint that names it."""
    hint = next((why for wrong, why in mistakes if _equal(got, wrong)), hint)
    compare(name, got, expected, hint)


def _equal(one, other):
    if isinstance(other, tuple):
        return (
            isinstance(one, (tuple, list))
            and len(one) == len(other)
            and all(map(_equal, one, other))
        )
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-6, atol=1e-7)
