"""One sequence a row, one token at a time: the loop under sampling and the greedy choice."""

import numbers

import numpy as np
from keras import ops

from seqlib.decoding.step import check_end_token, take_step


def check_start(first_token, length, end_token):
    """Check what every kind of decoding begins with; return the first tokens as a tensor."""
    if not is_positive_integer(length):
        raise ValueError(f"`length` got {length!r}. Allowed: a positive integer.")
    if end_token is not None and (not isinstance(end_token, numbers.Integral) or end_token < 0):
        raise ValueError(f"`end_token` got {end_token!r}. Allowed: a token id, or None for none.")
    if ops.is_tensor(first_token):
        tokens = ops.cast(first_token, "int32")
    else:  # NumPy is many times faster with lists than a backend is
        tokens = ops.convert_to_tensor(np.asarray(first_token, "int32"))
    if len(tokens.shape) != 1 or not tokens.shape[0]:
        raise ValueError(
            f"`first_token` has the shape {tuple(tokens.shape)}. Allowed: (batch,), one id a row."
        )
    return tokens


def is_positive_integer(value):
    """Tell whether a value is an integer above zero; True is none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value > 0


def build_path(step, structure, *, choose, length, end_token):
    """Build a loop that appends one chosen token a step to every row.

    Args:
        step: Function (tokens, states) -> (logits, states).
        structure: Structure of the states.
        choose: Function (logits, t, rows, shared) -> tokens, with the loop's `rows` but the first
            and its `shared`.
        length: Number of tokens.
        end_token: Id that ends a row, or None.

    Returns:
        Loop whose rows begin with the first tokens, (batch,); it returns tokens and
        log-probabilities, (batch, length) each.
    """

    def loop(rows, leaves, shared):
        tokens, *rows = rows
        batch = tokens.shape[0]

        def go_on(t, ended, *_):
            if end_token is None:
                return t < length
            return ops.logical_and(t < length, ops.logical_not(ops.all(ended)))

        def append(t, ended, tokens, chosen, scores, *leaves):
            logits, leaves = take_step(step, structure, tokens, list(leaves))
            check_end_token(end_token, logits)
            tokens = choose(logits, t, rows, shared)  # (batch,)
            score = log_probability(logits, tokens)
            if end_token is not None:
                tokens = ops.where(ended, end_token, tokens)
                score = ops.where(ended, 0.0, score)
                ended = ops.logical_or(ended, tokens == end_token)
            return t + 1, ended, tokens, write(chosen, t, tokens), write(scores, t, score), *leaves

        start = (
            ops.convert_to_tensor(0, "int32"),
            ops.zeros((batch,), "bool"),
            tokens,
            ops.full((length, batch), 0 if end_token is None else end_token, "int32"),
            ops.zeros((length, batch), "float32"),
            *leaves,
        )
        _, _, _, chosen, scores, *_ = ops.while_loop(go_on, append, start)
        return ops.transpose(chosen), ops.transpose(scores)

    return loop


def write(array, t, row):
    """Return an array (length, ...) with its row number t replaced: in place, where compiled."""
    return ops.scatter_update(array, ops.reshape(t, (1, 1)), row[None])


def log_normaliser(logits):
    r"""Return $\log \sum_i e^{\ell_i}$: (...) for (..., vocabulary); -inf where all are."""
    largest = ops.max(logits, axis=-1, keepdims=True)
    shift = ops.where(ops.isfinite(largest), largest, 0.0)
    return ops.log(ops.sum(ops.exp(logits - shift), axis=-1)) + shift[..., 0]


def log_probability(logits, tokens):
    """Return the log-probability of one token a row, (batch,)."""
    own = ops.take_along_axis(logits, tokens[:, None], axis=-1)[:, 0]
    return own - log_normaliser(logits)
