"""Draw sequences from a model, in one compiled loop."""

import math
import numbers

import keras
import numpy as np
from keras import ops

from seqlib.decoding.filters import check_filter, filtered
from seqlib.decoding.loop import check_jit_compile, run
from seqlib.decoding.path import build_path, check_start
from seqlib.decoding.step import state_leaves

IN_ONE = 256  # largest number of weights that are summed up one by one


def sample(
    step,
    states,
    first_token,
    *,
    length,
    end_token=None,
    temperature=1.0,
    top_k=None,
    top_p=None,
    seed=None,
    jit_compile="auto",
):
    """Draw sequences from a model one token at a time, in one compiled loop.

    Args:
        step: Function (tokens, states) -> (logits, states), with tokens (batch,), logits (batch,
            vocabulary) and `states` of one structure and shape throughout. It is traced once and
            kept while it is among the last few used, so define it once and pass the same
            function again; the weights in its layers and Keras variables may change in between.
            Rows are worked on apart: it may be given some of them at a time.
        states: What `step` needs to begin with: any structure of tensors, rows first.
        first_token: (batch,) token ids to begin with; they are not part of the result.
        length: Number of tokens to draw, at most.
        end_token: Id of the token that ends a sequence; None for none. A sequence that has ended
            is filled up with it. The loop stops when all have ended.
        temperature: See `filter_logits`.
        top_k: See `filter_logits`.
        top_p: See `filter_logits`.
        seed: Integer, or a `keras.random.SeedGenerator`; None for another draw each time.
        jit_compile: "auto" compiles the loop with XLA (TensorFlow and JAX), and on TensorFlow falls
            back to an ordinary graph where XLA cannot take the step function; True insists; False
            never does. XLA is several times faster, needs some tenths of a second the first time,
            and reads an id beyond the end of an embedding as the last one without complaint.

    Returns:
        Tokens, (batch, length) of int32, and for each its natural log-probability under the model
        itself, before temperature and cuts, (batch, length); zero after the end token. Where the
        logits hold NaN, or forbid every token, the log-probability is NaN.

    Raises:
        ValueError: If an argument has a value outside what is allowed, or the step function
            returns other shapes than those above.

    Example:
        >>> def count_up(tokens, states):
        ...     return 50.0 * ops.one_hot((tokens + 1) % 4, 4), states
        >>> tokens, log_probabilities = sample(count_up, (), [0, 1], length=5, end_token=3)
        >>> ops.convert_to_numpy(tokens).tolist()
        [[1, 2, 3, 3, 3], [2, 3, 3, 3, 3]]
    """
    check_filter(temperature, top_k, top_p)
    check_jit_compile(jit_compile)
    tokens = check_start(first_token, length, end_token)
    chance = _uniform((tokens.shape[0], int(length)), seed)
    return run(
        build_sampling,
        step,
        states,
        [tokens, chance],
        [float(temperature), float(top_p or 1.0)],
        leaves=state_leaves(states),
        jit_compile=jit_compile,
        length=int(length),
        end_token=end_token,
        top_k=top_k,
        with_top_p=top_p is not None,
    )


def _uniform(shape, seed):
    """Draw all the chance there is beforehand: the loop then draws the same compiled or not."""
    if not isinstance(seed, numbers.Integral):
        return keras.random.uniform(shape, seed=seed)
    # By NumPy: the same on every backend, and a third of a millisecond sooner.
    drawn = np.random.default_rng(int(seed) % 2**64).random(shape, "float32")
    return ops.convert_to_tensor(drawn)


def build_sampling(step, structure, *, top_k, with_top_p, **options):
    """Build the loop of `sample`."""

    def choose(logits, t, rows, shared):
        (chance,), (settings,) = rows, shared  # (batch, length), (2,)
        kept = filtered(logits, settings[0], top_k, settings[1] if with_top_p else None)
        weights = ops.exp(kept - ops.max(kept, axis=-1, keepdims=True))
        return draw(weights, ops.take(chance, t, axis=1))

    return build_path(step, structure, choose=choose, **options)


def draw(weights, chance):
    """Draw one token a row by inverting the cumulative distribution at a uniform number.

    Many weights are first drawn from in blocks of about the square root of their number, and then
    within one block: two short cumulative sums instead of a long one.

    Args:
        weights: (batch, vocabulary), probabilities or in proportion to them.
        chance: (batch,) in [0, 1).

    Returns:
        (batch,) of int32. A token of probability zero is never drawn.

    Example:
        >>> weights = ops.array([[1.0, 0.0, 3.0]] * 4)
        >>> ops.convert_to_numpy(draw(weights, ops.array([0.0, 0.24, 0.26, 0.99]))).tolist()
        [0, 0, 2, 2]
    """
    vocabulary = weights.shape[-1]
    if vocabulary <= IN_ONE:
        return _locate(weights, chance)[0]
    size = math.ceil(math.sqrt(vocabulary))
    blocks = ops.pad(weights, ((0, 0), (0, -vocabulary % size)))
    blocks = ops.reshape(blocks, (-1, blocks.shape[-1] // size, size))
    block, rest = _locate(ops.sum(blocks, axis=-1), chance)
    within = ops.take_along_axis(blocks, block[:, None, None], axis=1)[:, 0]  # (batch, size)
    return block * size + _locate(within, rest)[0]


def _locate(weights, chance):
    """Find where the cumulative weight passes a share of the whole, and the share left within.

    Args:
        weights: (batch, n), not negative.
        chance: (batch,), the share.

    Returns:
        Places, (batch,) of int32, and how far into the weight found there the share reaches, from 0
        to 1, (batch,).
    """
    cumulative = ops.cumsum(weights, axis=-1)  # (batch, n)
    threshold = chance[:, None] * cumulative[:, -1:]
    # Rounding may end the sum a little early; then, as the largest weight, the likeliest is taken.
    passed = ops.logical_and(weights > 0, cumulative > threshold)
    whole = cumulative[:, -1:]
    place = ops.cast(ops.argmax(ops.where(passed, 2 * whole, weights), axis=-1), "int32")[:, None]
    here, until = (ops.take_along_axis(x, place, axis=-1) for x in (weights, cumulative))
    return place[:, 0], 1 - ((until - threshold) / here)[:, 0]
