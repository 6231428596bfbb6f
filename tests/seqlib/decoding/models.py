"""Small step functions whose sequences can be counted out by hand or by brute force."""

import itertools

import numpy as np
from keras import ops


def log_softmax(logits):
    logits = logits - logits.max()
    return logits - np.log(np.exp(logits).sum())


class History:
    """A random recurrent step: what it says depends on all tokens so far, each in its place."""

    def __init__(self, vocabulary, seed, forbidden=()):
        generator = np.random.default_rng(seed)
        self.inputs = generator.normal(size=(vocabulary, 5)).astype("float32")
        self.recurrent = 1.5 * generator.normal(size=(5, 5)).astype("float32")
        self.outputs = 1.5 * generator.normal(size=(5, vocabulary)).astype("float32")
        self.bias = np.zeros(vocabulary, "float32")
        self.bias[list(forbidden)] = -np.inf
        self.vocabulary = vocabulary

    def __call__(self, tokens, states):
        h, row, count = states["h"], states["row"], states["count"]
        x = ops.take(ops.convert_to_tensor(self.inputs), tokens, axis=0) + row
        h = ops.tanh(x + ops.matmul(h, ops.convert_to_tensor(self.recurrent)))
        logits = ops.matmul(h, ops.convert_to_tensor(self.outputs))
        logits = logits + ops.convert_to_tensor(self.bias)
        return logits, {"h": h, "row": row, "count": count + 1}

    def states(self, rows):
        """States to begin with; each row, an array (5,), goes on in a way of its own."""
        rows = np.asarray(rows, "float32")
        return {
            "h": ops.zeros(rows.shape),
            "row": ops.convert_to_tensor(rows),
            "count": ops.zeros((), "int32"),
        }

    def log_probabilities(self, row, tokens):
        """Log-probability of each token after those before it, by NumPy in double precision."""
        h, token, scores = np.zeros(5), 0, []
        for following in tokens:
            h = np.tanh(self.inputs[token] + row + h @ self.recurrent.astype("float64"))
            scores.append(log_softmax(h @ self.outputs + self.bias)[following])
            token = following
        return np.array(scores)


def all_sequences(vocabulary, length, end_token):
    """Every sequence: up to its end token, or `length` tokens without one."""
    for number in range(1, length + 1):
        for tokens in itertools.product(range(vocabulary), repeat=number):
            if end_token in tokens[:-1]:
                continue
            if tokens[-1] == end_token or number == length:
                yield tokens


def brute_force(model, row, length, end_token, penalty):
    """All sequences with their scores, the best first, filled up with the end token."""
    found = []
    for tokens in all_sequences(model.vocabulary, length, end_token):
        with np.errstate(invalid="ignore"):
            score = model.log_probabilities(row, tokens).sum() / len(tokens) ** penalty
        if score > -np.inf:
            found.append((score, [*tokens, *[end_token] * (length - len(tokens))]))
    return sorted(found, key=lambda one: -one[0])


def numpy(tensors):
    """Tensors as arrays."""
    return tuple(map(ops.convert_to_numpy, tensors))
