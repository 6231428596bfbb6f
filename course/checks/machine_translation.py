"""Checks of notebook 3-1_machine_translation."""

import math

import numpy as np
from keras import ops

from course.checks import CheckFailed, answered, attempt, compare, passed

_SCORES = np.array([[1.0, 2.0, 3.0, 9.0], [0.5, 0.5, 0.5, 0.5]])
_MASK = np.array([[True, True, True, False], [True, True, False, False]])


def shift_right(learner):
    """Check what the decoder is given in training."""
    hint = "a column of `start`, then all columns of the targets but the last."
    targets = np.array([[5, 6, 7, 3], [8, 3, 0, 0]])
    with attempt("shift_right", hint):
        value = learner(targets.copy(), 2)
    value = answered("shift_right", value, hint)
    compare("shift_right", value, np.array([[2, 5, 6, 7], [2, 8, 3, 0]]), hint)
    passed("shift_right", "each step is given what should have been said one step before")


def greedy_translation(learner):
    """Check the loop in which a model goes on from its own choices."""
    hint = (
        "begin with a column of `start`; at each step logits, states = step(tokens, states), and "
        "tokens = logits.argmax(axis=-1) is both kept and handed to the next step."
    )

    def step(tokens, states):
        ahead = (tokens + states["by"]) % 7
        return np.eye(7)[ahead], {"by": states["by"] + 1}

    with attempt("greedy_translation", hint):
        value = learner(step, {"by": np.array([1, 2])}, 3, 2, 4)
    value = answered("greedy_translation", value, hint)
    expected = np.array([[4, 6, 2, 6], [5, 1, 5, 3]])  # 3 + 1 + 2 + 3 + 4 and 3 + 2 + 3 + 4 + 5
    compare("greedy_translation", value, expected, hint)
    passed("greedy_translation", "each choice leads to the next one, and the states are kept")


def additive_scores(learner):
    """Check the scores of additive attention."""
    hint = "queries[:, None] gets an axis for the time of the keys; sum over the hidden units."
    generator = np.random.default_rng(1)
    query, keys = generator.normal(size=(2, 3)), generator.normal(size=(2, 5, 4))
    w, u = generator.normal(size=(3, 6)), generator.normal(size=(4, 6))
    b, v = generator.normal(size=6), generator.normal(size=6)
    expected = np.array(
        [
            [sum(v * np.tanh(query[row] @ w + keys[row, time] @ u + b)) for time in range(5)]
            for row in range(2)
        ]
    )
    with attempt("additive_scores", hint):
        value = learner(query, keys, w, u, b, v)
    compare("additive_scores", answered("additive_scores", value, hint), expected, hint)
    passed("additive_scores", "one score for each key, each query beside its own source alone")


def masked_softmax(learner):
    """Check the softmax over real tokens."""
    hint = (
        "subtract the largest real score, exponentiate, set to zero where the mask is False, and "
        "only then divide by the sum."
    )
    powers = np.exp(_SCORES) * _MASK
    with attempt("masked_softmax", hint):
        value = learner(_SCORES.copy(), _MASK)
    value = answered("masked_softmax", value, hint)
    compare("masked_softmax", value, powers / powers.sum(axis=1, keepdims=True), hint)
    with attempt("masked_softmax", hint), np.errstate(all="ignore"):
        value = learner(np.array([[1000.0, 0.0, 2000.0]]), np.array([[True, True, False]]))
    more = "large scores overflow: subtract the largest score that is not masked."
    compare("masked_softmax", value, np.array([[1.0, 0.0, 0.0]]), more)
    passed("masked_softmax", "weights sum to one over real tokens, padding gets exactly zero")


def weighted_mean(learner):
    """Check the context, a mean of the values."""
    hint = "weights[:, :, None] * values, summed over time."
    generator = np.random.default_rng(2)
    weights = generator.dirichlet(np.ones(4), size=3)
    values = generator.normal(size=(3, 4, 5))
    with attempt("weighted_mean", hint):
        value = learner(weights, values)
    value = answered("weighted_mean", value, hint)
    compare("weighted_mean", value, np.einsum("bt,btf->bf", weights, values), hint)
    passed("weighted_mean", "one vector for each sentence, padding without a say")


def attentive_step(learner):
    """Check one step of the decoder that attends."""
    hint = (
        "look first, with the hidden state states[0]; put what was found behind x with "
        "ops.concatenate, axis=-1; let the cell take the step; return [h; context], the new "
        "states and the weights."
    )
    asked = []

    def look(query):
        asked.append(np.asarray(query))
        return ops.convert_to_tensor(10 * np.asarray(query)[:, :1]), "weights"

    def cell(inputs, states):
        total = ops.sum(inputs, axis=-1, keepdims=True)
        return states[0] + total, [states[0] + total, states[1] - total]

    x = ops.convert_to_tensor(np.array([[1.0, 2.0], [3.0, 4.0]], "float32"))
    states = [
        ops.convert_to_tensor(np.array([[0.5, 1.0], [2.0, 1.0]], "float32")),
        ops.convert_to_tensor(np.array([[7.0, 7.0], [7.0, 7.0]], "float32")),
    ]
    with attempt("attentive_step", hint):
        value = learner(x, list(states), look, cell)
    output, after, weights = answered("attentive_step", value, hint, count=3)
    if not asked or not np.allclose(asked[0], np.asarray(states[0])):
        raise CheckFailed(
            "attentive_step: the query is the hidden state before the step, states[0].\n"
            f"  Hint: {hint}"
        )
    h = np.array([[8.5, 9.0], [29.0, 28.0]])
    compare("attentive_step's output", output, np.concatenate([h, [[5.0], [20.0]]], axis=1), hint)
    answered("attentive_step", after, hint, count=2)
    compare("attentive_step's states", after[0], h, hint)
    compare("attentive_step's states", after[1], np.array([[-1.0, -1.0], [-20.0, -20.0]]), hint)
    compare("attentive_step's weights", weights, "weights", hint)
    passed("attentive_step", "looks with the old state, and hands what it saw to the cell")


def smoothed_loss(learner):
    """Check the masked cross-entropy with label smoothing."""
    hint = (
        "log p = logits - logsumexp; a token costs -(1 - smoothing) * log p of its target - "
        "smoothing * the mean of log p over the vocabulary; mean over targets that are not 0."
    )
    generator = np.random.default_rng(3)
    logits, targets = generator.normal(size=(2, 3, 5)), np.array([[2, 4, 0], [3, 0, 0]])
    for smoothing in (0.0, 0.1):
        costs = []
        for row, time in zip(*np.nonzero(targets), strict=True):
            log_p = logits[row, time] - np.log(np.exp(logits[row, time]).sum())
            wanted = np.full(5, smoothing / 5)
            wanted[targets[row, time]] += 1 - smoothing
            costs.append(-(wanted * log_p).sum())
        with attempt("smoothed_loss", hint):
            value = learner(logits.copy(), targets, smoothing)
        value = answered("smoothed_loss", value, hint)
        compare("smoothed_loss", value, np.mean(costs), hint)
    passed("smoothed_loss", "padding costs nothing and is not counted, with and without smoothing")


def hypothesis_score(learner):
    """Check the score by which finished translations are compared."""
    hint = "the sum of the log-probabilities over their number to the power of alpha."
    log_p = np.log(np.array([0.5, 0.25, 0.5, 0.125]))
    for alpha in (0.0, 1.0, 0.5):
        with attempt("hypothesis_score", hint):
            value = learner(log_p, alpha)
        value = answered("hypothesis_score", value, hint)
        compare("hypothesis_score", value, -7 * np.log(2.0) / 4**alpha, hint)
    passed("hypothesis_score", "sum, mean, and what lies between them")


def clipped_precision(learner):
    """Check the share of n-grams that some reference has."""
    hint = (
        "count the n-grams with Counter; each counts at most as often as in the reference that "
        "has it most often; divide by the number of n-grams of the hypothesis."
    )
    cases = [
        ("the the the the", ["the cat sat"], 1, 1 / 4),
        ("the the cat", ["the cat the", "a cat"], 1, 1.0),
        ("the cat sat on it", ["the cat sat down", "on it"], 2, 3 / 4),
        ("a a b", ["a b", "a b a"], 1, 1.0),
        ("x x", ["x a x", "x"], 1, 1.0),
        ("x x", ["x a", "x b"], 1, 1 / 2),
    ]
    for hypothesis, references, n, expected in cases:
        with attempt("clipped_precision", hint):
            value = learner(hypothesis.split(), [one.split() for one in references], n)
        value = answered("clipped_precision", value, hint)
        if not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
            compare("clipped_precision", value, expected, hint)
        if abs(value - expected) > 1e-9:
            raise CheckFailed(
                f"clipped_precision: given {value:.4g} for {hypothesis!r} beside {references}, "
                f"n = {n}; expected {expected:.4g}.\n  Hint: {hint}"
            )
    passed(
        "clipped_precision", "repeating a right word does not pay; any reference may bear it out"
    )
