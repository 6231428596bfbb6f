"""Checks of the exercises in notebook 1-1, recurrent networks.

A forward pass is compared with the Keras layer of that name by copied weights, a backward pass with
central differences. An answer that equals what a frequent mistake gives is told that mistake.
"""

import numpy as np

from course.checks import exercise
from course.checks import recurrent_reference as reference


@exercise("h_next = tanh(x W + h U + b); return (h_next,), (x, h, h_next).")
def rnn_cell_forward(check):
    x, (h,), weights = reference.case(gates=1)
    a = x @ weights[0] + h @ weights[1] + weights[2]
    mistakes = [
        ((np.tanh(a - weights[2]),), "The bias is missing."),
        ((a,), "tanh is missing."),
        ((reference.sigmoid(a),), "The squash is tanh, not the sigmoid."),
        (
            (np.tanh(a - h @ weights[1]),),
            "The previous state is missing: add h @ recurrent_kernel.",
        ),
    ]
    expected = reference.keras_step("SimpleRNNCell", x, (h,), weights)
    states, cache = check.run(x, (h,), weights, count=2)
    check.compare(states, expected, ", new states", mistakes=mistakes)
    check.compare(cache, (x, h, *expected), ", cache", hint="The cache is (x, h, h_next).")
    check.passed("equal to keras.layers.SimpleRNNCell by copied weights")


@exercise("At each step: states, cache = cell(inputs[:, t], states, weights); keep states[0].")
def forward(check):
    inputs, states, weights = reference.sequence_case()
    expected, last = reference.keras_layer("LSTM", inputs, states, weights)

    def read(start=states, **how):
        return reference.read(inputs, start, weights, **how)

    from_zero = read(tuple(map(np.zeros_like, states)))
    mistakes = [
        (read(carried=False), "Each step starts from the initial states: carry on."),
        (from_zero, "The initial states that were given are not used."),
        (read(index=1), "The output of a step is states[0], which is h, not the carry c."),
        (np.swapaxes(expected, 0, 1), "Time is the second axis: np.stack(outputs, axis=1)."),
    ]
    first = [(states, "These are the initial states; return those after the last step.")]
    steps = [cache for _, cache in reference.loop(reference.lstm, inputs, states, weights)]
    outputs, final, caches = check.run(reference.lstm, inputs, states, weights, count=3)
    check.compare(outputs, expected, ", outputs", mistakes=mistakes)
    check.compare(final, last, ", last states", mistakes=first)
    check.compare(caches, steps, ", caches", hint="Return a list with the cache of every step.")
    check.passed("equal to keras.layers.LSTM over 5 steps, from given states")


@exercise("x W + bias[0] and h U + bias[1], each split in z, r, g; h_next = z * h + (1 - z) * g.")
def gru_cell_forward(check):
    x, (h,), weights = reference.case(gates=3)
    kernel, recurrent, bias = weights
    _, cache = reference.gru(x, (h,), weights)
    _, _, z, r, g, _ = cache
    x_g, u_g, b_g = (np.split(part, 3, axis=-1)[2] for part in (x @ kernel, recurrent, bias))

    def step(*weights):
        return reference.gru(x, (h,), weights)[0]

    def with_candidate(a):
        return (z * h + (1 - z) * np.tanh(a),)

    reset_first = with_candidate(x_g + b_g[0] + (r * h) @ u_g + b_g[1])
    no_reset = with_candidate(x_g + b_g[0] + h @ u_g + b_g[1])
    no_bias = [step(kernel, recurrent, bias * kept) for kept in ([[1], [0]], [[0], [1]], 0)]
    mistakes = [
        (step(*reference.reordered(weights, (1, 0, 2))), "The order of the gates is z, r, g."),
        (((1 - z) * h + z * g,), "z is how much of the old state stays: z * h + (1 - z) * g."),
        (reset_first, "The reset gate acts after the product: r * (h U_g + b'_g)."),
        (no_bias[0], "The bias of the state's side, bias[1], is missing."),
        (no_bias[1], "The bias of the input's side, bias[0], is missing."),
        (no_bias[2], "The biases are missing."),
        (no_reset, "The reset gate is missing in the candidate."),
    ]
    states, kept = check.run(x, (h,), weights, count=2)
    expected = reference.keras_step("GRUCell", x, (h,), weights)
    check.compare(states, expected, ", new states", mistakes=mistakes)
    hint = "The cache is (x, h, z, r, g, h_g), squashed."
    check.compare(kept, cache, ", cache", hint=hint)
    check.passed("equal to keras.layers.GRUCell by copied weights")


@exercise("Split x W + h U + b in i, f, g, o; c_next = f * c + i * g; h_next = o * tanh(c_next).")
def lstm_cell_forward(check):
    x, (h, c), weights = reference.case(gates=4, states=2)
    expected = reference.keras_step("LSTMCell", x, (h, c), weights)
    _, cache = reference.lstm(x, (h, c), weights)
    _, _, _, i, f, g, o, new = cache

    def step(h=h, weights=weights):
        return reference.lstm(x, (h, c), weights)[0]

    def shown(carry):
        return o * np.tanh(carry), carry

    sigmoid_candidate = shown(f * c + i * reference.sigmoid(np.arctanh(g)))
    order = "The order of the four parts is i, f, g, o (input, forget, candidate, output)."
    mistakes = [
        (step(weights=reference.reordered(weights, (1, 0, 2, 3))), order),
        (step(weights=reference.reordered(weights, (0, 1, 3, 2))), order),
        (step(weights=(*weights[:2], 0 * weights[2])), "The bias is missing."),
        (step(h=c), "h and c are mixed up: the product is with h, the output of the last step."),
        (sigmoid_candidate, "The candidate g is squashed by tanh, not by the sigmoid."),
        (expected[::-1], "h and c are mixed up: return (h_next, c_next), h first."),
        ((o * new, new), "tanh is missing: h_next = o * tanh(c_next)."),
        ((o * np.tanh(c), new), "h_next shows the new carry: o * tanh(c_next), not tanh(c)."),
        (shown(c + i * g), "The forget gate is missing: f * c + i * g."),
    ]
    states, kept = check.run(x, (h, c), weights, count=2)
    check.compare(states, expected, ", new states", mistakes=mistakes)
    hint = "The cache is (x, h, c, i, f, g, o, c_next), with h and c as they were, gates squashed."
    check.compare(kept, cache, ", cache", hint=hint)
    check.passed("equal to keras.layers.LSTMCell by copied weights")


@exercise("da = dh * (1 - h_next**2); then da W^T, da U^T, x^T da, h^T da and the sum of da.")
def rnn_cell_backward(check):
    def wrong(dh, cache, weights, derivative=None, turned=False, average=False):
        x, h, h_next = cache
        da = dh[0] * (1 - h_next**2 if derivative is None else derivative(h))
        dbias = da.mean(axis=0) if average else da.sum(axis=0)
        dh = da @ (weights[1] if turned else weights[1].T)
        return da @ weights[0].T, (dh,), (x.T @ da, h.T @ da, dbias)

    mistakes = [
        (dict(derivative=lambda h: 1.0), "The derivative of tanh, 1 - h_next**2, is missing."),
        (dict(derivative=lambda h: 1 - h**2), "1 - h_next**2, not 1 - h**2."),
        (dict(turned=True), "da @ recurrent_kernel.T: the transpose is missing."),
        (dict(average=True), "The bias gradient is the sum over the batch, not the mean."),
    ]
    _check_cell_backward(check, reference.rnn, 1, 1, wrong, mistakes)


@exercise("dc = dc + dh * o * (1 - tanh(c_next)**2) first; every gate's gradient follows from it.")
def lstm_cell_backward(check):
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
    _check_cell_backward(check, reference.lstm, 4, 2, wrong, mistakes)


@exercise("dh reaches h by z * h, and by the three products; bias[0] and bias[1] differ in g only.")
def gru_cell_backward(check):
    def wrong(d, cache, weights, direct=1, sign=1, gated=True):
        x, h, z, r, g, h_g = cache
        dg = d[0] * (1 - z) * (1 - g**2)
        dz, dr = sign * d[0] * (h - g) * z * (1 - z), dg * h_g * r * (1 - r)
        of_x = np.concatenate([dz, dr, dg], axis=-1)
        of_h = np.concatenate([dz, dr, dg * r if gated else dg], axis=-1)
        dbias = np.stack([of_x.sum(axis=0), of_h.sum(axis=0)])
        dh = direct * d[0] * z + of_h @ weights[1].T
        return of_x @ weights[0].T, (dh,), (x.T @ of_x, h.T @ of_h, dbias)

    mistakes = [
        (dict(direct=0), "The direct way is missing: h_next = z * h + ..., so dh * z goes to h."),
        (dict(sign=-1), "The sign of dz: h_next grows with z by h - g."),
        (dict(gated=False), "On the side of the state, the gradient of the g part is dg * r."),
    ]
    _check_cell_backward(check, reference.gru, 3, 1, wrong, mistakes)


def _check_cell_backward(check, cell, gates, count, wrong, mistakes):
    """Compare a step back with central differences of `cell`; `wrong(**mistake)` imitates."""
    x, states, weights = reference.case(gates, count)
    pull = tuple(np.random.default_rng(4).normal(size=(count, reference.BATCH, reference.UNITS)))

    def loss():
        new, _ = cell(x, states, weights)
        return sum(np.sum(p * s) for p, s in zip(pull, new, strict=True))

    cache = cell(x, states, weights)[1]
    imitated = [(wrong(pull, cache, weights, **how), why) for how, why in mistakes]
    expected = reference.gradients(loss, x, states, weights)
    check.case(pull, cache, weights, expected=expected, mistakes=imitated)
    check.passed("equal to central differences for inputs, states and weights")


@exercise("From the last step to the first: add doutputs[:, t] to dstates[0], then step back.")
def backward(check):
    rng = np.random.default_rng(2)
    inputs, doutputs = rng.normal(size=(2, reference.BATCH, reference.TIME, reference.UNITS))
    states, pull = map(tuple, rng.normal(size=(2, 2, reference.BATCH, reference.UNITS)))
    weights = (rng.normal(size=reference.UNITS),)

    def loss():
        steps = reference.loop(reference.product_cell, inputs, states, weights)
        total = sum(np.sum(doutputs[:, t] * step[0][0]) for t, step in enumerate(steps))
        return total + sum(np.sum(p * s) for p, s in zip(pull, steps[-1][0], strict=True))

    expected = reference.gradients(loss, inputs, states, weights)
    caches = [cache for _, cache in reference.loop(reference.product_cell, inputs, states, weights)]
    step = reference.product_cell_backward

    def wrong(carried=True, added=True, last_only=False):
        d, steps, total = pull, [], np.zeros(reference.UNITS)
        for t in reversed(range(reference.TIME)):
            d = d if carried else tuple(np.zeros_like(part) for part in d)
            d = (d[0] + doutputs[:, t], *d[1:]) if added else d
            dx, d, (dw,) = step(d, caches[t], weights)
            steps.append(dx)
            total = dw if last_only else total + dw
        return np.stack(steps[::-1], axis=1), d, (total,)

    mistakes = [
        (wrong(carried=False), "The gradient from the next step is missing: carry dstates on."),
        (wrong(added=False), "The gradient of each output, doutputs[:, t], is not added."),
        (wrong(last_only=True), "The weights are the same at every step: their gradients add up."),
        ((expected[0][:, ::-1], *expected[1:]), "dinputs is in reverse order of time."),
    ]
    check.case(step, doutputs, pull, caches, weights, expected=expected, mistakes=mistakes)
    check.passed("equal to central differences over 5 steps, outputs and last states pulling")


@exercise("Run forward(...) on inputs and on inputs[:, ::-1]; turn the second output back in time.")
def bidirectional(check):
    inputs, states, onwards = reference.sequence_case()
    _, _, back = reference.case(gates=4, seed=3)
    first, _ = reference.keras_layer("LSTM", inputs, states, onwards)
    second, _ = reference.keras_layer("LSTM", inputs[:, ::-1], states, back)

    def joined(other):
        return np.concatenate([first, other], axis=-1)

    in_order = reference.read(inputs, states, back)
    same_weights = reference.read(inputs[:, ::-1], states, onwards)
    other_batch = reference.read(inputs[::-1], states, back)
    mistakes = [
        (joined(second), "The second output still runs backwards: turn it round again."),
        (joined(in_order), "The second reading is of the inputs in order: reverse time."),
        (joined(in_order[:, ::-1]), "Reverse the inputs as well as the outputs."),
        (joined(same_weights[:, ::-1]), "The directions have their own weights."),
        (joined(other_batch[::-1]), "This reverses the batch: time is axis 1."),
    ]
    expected = joined(second[:, ::-1])
    arguments = reference.lstm, inputs, states, onwards, back
    check.case(*arguments, expected=expected, mistakes=mistakes)
    check.passed("equal to two keras.layers.LSTM, the second one read backwards")
