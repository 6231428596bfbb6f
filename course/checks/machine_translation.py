"""Checks of the exercises in notebook 3-1, machine translation."""

import numpy as np
from keras import ops

from course.checks import exercise


@exercise("a column of `start`, then all columns of the targets but the last.")
def shift_right(check):
    targets = np.array([[5, 6, 7, 3], [8, 3, 0, 0]])
    check.case(targets, 2, expected=np.array([[2, 5, 6, 7], [2, 8, 3, 0]]))
    check.passed("each step is given what should have been said one step before")


@exercise(
    "begin with a column of `start`; at each step logits, states = step(tokens, states), and "
    "tokens = logits.argmax(axis=-1) is both kept and handed to the next step."
)
def greedy_translation(check):
    def step(tokens, states):
        ahead = (tokens + states["by"]) % 7
        return np.eye(7)[ahead], {"by": states["by"] + 1}

    expected = np.array([[4, 6, 2, 6], [5, 1, 5, 3]])  # 3 + 1 + 2 + 3 + 4 and 3 + 2 + 3 + 4 + 5
    check.case(step, {"by": np.array([1, 2])}, 3, 2, 4, expected=expected)
    check.passed("each choice leads to the next one, and the states are kept")


@exercise("queries[:, None] gets an axis for the time of the keys; sum over the hidden units.")
def additive_scores(check):
    generator = np.random.default_rng(1)
    query, keys = generator.normal(size=(2, 3)), generator.normal(size=(2, 5, 4))
    w, u = generator.normal(size=(3, 6)), generator.normal(size=(4, 6))
    b, v = generator.normal(size=6), generator.normal(size=6)
    expected = np.zeros((2, 5))
    for row, time in np.ndindex(2, 5):
        expected[row, time] = v @ np.tanh(query[row] @ w + keys[row, time] @ u + b)
    check.case(query, keys, w, u, b, v, expected=expected)
    check.passed("one score for each key, each query beside its own source alone")


@exercise(
    "subtract the largest real score, exponentiate, set to zero where the mask is False, and "
    "only then divide by the sum."
)
def masked_softmax(check):
    scores = np.array([[1.0, 2.0, 3.0, 9.0], [0.5, 0.5, 0.5, 0.5]])
    mask = np.array([[True, True, True, False], [True, True, False, False]])
    powers = np.exp(scores) * mask
    check.case(scores, mask, expected=powers / powers.sum(axis=1, keepdims=True))
    large, mask = np.array([[1000.0, 0.0, 2000.0]]), np.array([[True, True, False]])
    hint = "large scores overflow: subtract the largest score that is not masked."
    check.case(large, mask, expected=np.array([[1.0, 0.0, 0.0]]), hint=hint)
    check.passed("weights sum to one over real tokens, padding gets exactly zero")


@exercise("weights[:, :, None] * values, summed over time.")
def weighted_mean(check):
    generator = np.random.default_rng(2)
    weights = generator.dirichlet(np.ones(4), size=3)
    values = generator.normal(size=(3, 4, 5))
    check.case(weights, values, expected=np.einsum("bt,btf->bf", weights, values))
    check.passed("one vector for each sentence, padding without a say")


@exercise(
    "look first, with the hidden state states[0]; put what was found behind x with "
    "ops.concatenate, axis=-1; let the cell take the step; return [h; context], the new "
    "states and the weights."
)
def attentive_step(check):
    queries = []

    def look(query):
        queries.append(np.asarray(query))
        return ops.convert_to_tensor(10 * queries[-1][:, :1]), "weights"

    def cell(inputs, states):
        total = ops.sum(inputs, axis=-1, keepdims=True)
        return states[0] + total, [states[0] + total, states[1] - total]

    x, before, carry = (
        ops.convert_to_tensor(np.array(values, "float32"))
        for values in ([[1, 2], [3, 4]], [[0.5, 1], [2, 1]], [[7, 7], [7, 7]])
    )
    value = check.run(x, [before, carry], look, cell, count=3)
    hint = "the query is the hidden state before the step, states[0]."
    check.compare(tuple(queries[:1]), (before,), ", queries", hint=hint)
    h = np.array([[8.5, 9.0], [29.0, 28.0]])
    after = h, np.array([[-1.0, -1.0], [-20.0, -20.0]])
    check.compare(value[0], np.concatenate([h, [[5.0], [20.0]]], axis=1), ", output")
    check.compare(value[1], after, ", states")
    check.compare(value[2], "weights", ", weights")
    check.passed("looks with the old state, and hands what it saw to the cell")


@exercise(
    "log p = logits - logsumexp; a token costs -(1 - smoothing) * log p of its target - "
    "smoothing * the mean of log p over the vocabulary; mean over targets that are not 0."
)
def smoothed_loss(check):
    logits = np.random.default_rng(3).normal(size=(2, 3, 5))
    targets = np.array([[2, 4, 0], [3, 0, 0]])
    for smoothing in (0.0, 0.1):
        costs = []
        for row, time in zip(*np.nonzero(targets), strict=True):
            log_p = logits[row, time] - np.log(np.exp(logits[row, time]).sum())
            wanted = (1 - smoothing) * np.eye(5)[targets[row, time]] + smoothing / 5
            costs.append(-wanted @ log_p)
        check.case(logits, targets, smoothing, expected=np.mean(costs))
    check.passed("padding costs nothing and is not counted, with and without smoothing")


@exercise("the sum of the log-probabilities over their number to the power of alpha.")
def hypothesis_score(check):
    log_p = np.log(np.array([0.5, 0.25, 0.5, 0.125]))
    for alpha in (0.0, 1.0, 0.5):
        check.case(log_p, alpha, expected=-7 * np.log(2.0) / 4**alpha)
    check.passed("sum, mean, and what lies between them")


@exercise(
    "count the n-grams with Counter; each counts at most as often as in the reference that "
    "has it most often; divide by the number of n-grams of the hypothesis."
)
def clipped_precision(check):
    cases = [
        ("the the the the", ["the cat sat"], 1, 1 / 4),
        ("the the cat", ["the cat the", "a cat"], 1, 1.0),
        ("the cat sat on it", ["the cat sat down", "on it"], 2, 3 / 4),
        ("a a b", ["a b", "a b a"], 1, 1.0),
        ("x x", ["x a x", "x"], 1, 1.0),
        ("x x", ["x a", "x b"], 1, 1 / 2),
    ]
    for hypothesis, references, n, expected in cases:
        check.case(hypothesis.split(), [one.split() for one in references], n, expected=expected)
    check.passed("repeating a right word does not pay; any reference may bear it out")
