"""Draw sequences from a model, in one compiled loop."""

import math
import numbers

import keras
import numpy as np
from keras import ops

from seqlib.decoding.autoregressive import build_generation_loop
from seqlib.decoding.filters import apply_filters, check_filter
from seqlib.decoding.loop import check_jit_compile, run
from seqlib.decoding.protocol import check_start, check_states

SINGLE_PASS = 256  # largest number of weights that one cumulative sum goes through


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
        step: Function (tokens, states) -> (logits, states); see `seqlib.decoding`. It is traced
            once and kept while it is among the last few used, so pass the same function again;
            the weights in its layers and Keras variables may change in between. Rows are worked
            on apart: it may be given some of them at a time.
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
    uniform = _uniform((tokens.shape[0], int(length)), seed)
    return run(
        build_sampling,
        step,
        check_states(states),
        [tokens, uniform],
        [float(temperature), float(top_p or 1.0)],
        jit_compile=jit_compile,
        length=int(length),
        end_token=end_token,
        top_k=top_k,
        with_top_p=top_p is not None,
    )


def _uniform(shape, seed):
    """Draw all random numbers before the loop, so that it draws the same compiled or not."""
    if not isinstance(seed, numbers.Integral):
        return keras.random.uniform(shape, seed=seed)
    # By NumPy: the same on every backend, and a third of a millisecond sooner.
    drawn = np.random.default_rng(int(seed) % 2**64).random(shape, "float32")
    return ops.convert_to_tensor(drawn)


def build_sampling(step, *, top_k, with_top_p, **options):
    """Build the loop of `sample`."""

    def select(logits, t, rows, shared):
        (uniform,), (settings,) = rows, shared  # (batch, length), (2,)
        logits = apply_filters(logits, settings[0], top_k, settings[1] if with_top_p else None)
        weights = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
        return draw(weights, ops.take(uniform, t, axis=1))

    return build_generation_loop(step, select=select, **options)


def draw(weights, uniform):
    """Draw a token a row in proportion to weights, (batch, vocabulary), from a uniform number."""
    vocabulary = weights.shape[-1]
    if vocabulary <= SINGLE_PASS:
        return _locate(weights, uniform)[0]
    # First a block of about the square root of their number, then within it: two short cumulative
    # sums instead of a long one.
    size = math.ceil(math.sqrt(vocabulary))
    blocks = ops.pad(weights, ((0, 0), (0, -vocabulary % size)))
    blocks = ops.reshape(blocks, (-1, blocks.shape[-1] // size, size))
    block, rest = _locate(ops.sum(blocks, axis=-1), uniform)
    within = ops.take_along_axis(blocks, block[:, None, None], axis=1)[:, 0]  # (batch, size)
    return block * size + _locate(within, rest)[0]


def _locate(weights, share):
    """Find where the cumulative weight passes a share of the total, and the share left within."""
    cumulative = ops.cumsum(weights, axis=-1)  # (batch, n)
    total = cumulative[:, -1:]
    threshold = share[:, None] * total
    passed = ops.logical_and(weights > 0, cumulative > threshold)
    # Rounding may end the sum a little early; then, as the largest weight, the likeliest is taken.
    index = ops.argmax(ops.where(passed, 2 * total, weights), axis=-1)
    index = ops.cast(index, "int32")[:, None]  # (batch, 1)
    weight, until = (ops.take_along_axis(x, index, axis=-1) for x in (weights, cumulative))
    return index[:, 0], 1 - ((until - threshold) / weight)[:, 0]
