"""From next-token logits to sequences: temperature, top-k, top-p, and one loop that samples."""

import functools
import numbers

import keras
from keras import ops


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    r"""Sharpen or flatten a next-token distribution and cut off its tail.

    $$p_i \propto \exp(\ell_i / T)$$

    over the tokens that are kept: with `top_k` the k most likely ones; with `top_p` the fewest,
    most likely first, whose probabilities add up to at least p (the *nucleus*), after temperature
    and `top_k`. Tokens as likely as the last one kept are kept too.

    Args:
        logits: (..., vocabulary).
        temperature: $T > 0$. Below 1 likely tokens become likelier, above 1 the unlikely ones do.
        top_k: Number of tokens to keep, at least 1; None for all.
        top_p: Probability to keep, in (0, 1]; None for all.

    Returns:
        (..., vocabulary) logits; -inf for a token that is cut off.

    Raises:
        ValueError: If an argument has a value outside what is allowed.

    Example:
        >>> logits = ops.log(ops.array([0.5, 0.3, 0.15, 0.05]))
        >>> [round(float(p), 3) for p in ops.softmax(filter_logits(logits, top_k=2))]
        [0.625, 0.375, 0.0, 0.0]
        >>> [round(float(p), 3) for p in ops.softmax(filter_logits(logits, top_p=0.9))]
        [0.526, 0.316, 0.158, 0.0]

    Source:
        top-k: Fan et al., Hierarchical neural story generation (2018); top-p: Holtzman et al., The
        curious case of neural text degeneration (2020).
    """
    _check_filter(temperature, top_k, top_p)
    return _filter(logits, temperature, top_k, top_p)


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
):
    """Draw sequences from a model one token at a time, in one compiled loop.

    Args:
        step: Function (tokens, states) -> (logits, states), with tokens (batch,), logits (batch,
            vocabulary) and `states` of one structure and shape throughout. On TensorFlow it is
            traced once and kept while it is among the last few used, so define it once and pass
            the same function again; weights may change in between.
        states: What `step` needs to begin with.
        first_token: (batch,) token ids to begin with; they are not part of the result.
        length: Number of tokens to draw, at most.
        end_token: Id of the token that ends a sequence; None for none. A sequence that has ended
            is filled up with it. The loop stops when all have ended.
        temperature: See `filter_logits`.
        top_k: See `filter_logits`.
        top_p: See `filter_logits`.
        seed: Integer, or a `keras.random.SeedGenerator`; None for another draw each time.

    Returns:
        Tokens, (batch, length) of int32, and for each its natural log-probability under the model
        itself, before temperature and cuts, (batch, length); zero after the end token.

    Raises:
        ValueError: If an argument has a value outside what is allowed.

    Example:
        >>> def count_up(tokens, states):
        ...     return 50.0 * ops.one_hot((tokens + 1) % 4, 4), states
        >>> tokens, log_probabilities = sample(count_up, (), [0, 1], length=5, end_token=3)
        >>> ops.convert_to_numpy(tokens).tolist()
        [[1, 2, 3, 3, 3], [2, 3, 3, 3, 3]]
    """
    _check_filter(temperature, top_k, top_p)
    if not isinstance(length, numbers.Integral) or length < 1:
        raise ValueError(f"`length` got {length!r}. Allowed: a positive integer.")
    tokens = ops.convert_to_tensor(first_token, dtype="int32")
    if len(tokens.shape) != 1:
        raise ValueError(
            f"`first_token` has the shape {tuple(tokens.shape)}. Allowed: (batch,), one id a row."
        )
    # All the chance there is, drawn beforehand: the loop itself needs no state of a generator.
    chance = keras.random.uniform((length, tokens.shape[0]), seed=seed)
    loop = _sampling_loop(step, int(length), end_token, top_k, top_p is not None)
    return loop(tokens, states, chance, float(temperature), float(top_p or 1.0))


@functools.lru_cache(maxsize=8)
def _sampling_loop(step, length, end_token, top_k, with_top_p):
    """Build the loop for one step function; what may vary from call to call are its arguments."""

    def loop(tokens, states, chance, temperature, top_p):
        batch = tokens.shape[0]

        def go_on(t, tokens, states, ended, drawn, scores):
            return ops.logical_and(t < length, ops.logical_not(ops.all(ended)))

        def draw(t, tokens, states, ended, drawn, scores):
            logits, states = step(tokens, states)  # (batch, vocabulary)
            logits = ops.cast(logits, "float32")
            kept = _filter(logits, temperature, top_k, top_p if with_top_p else None)
            tokens = _draw(ops.softmax(kept), chance[t])  # (batch,)
            score = ops.take_along_axis(ops.log_softmax(logits), tokens[:, None], axis=-1)[:, 0]
            if end_token is not None:
                tokens = ops.where(ended, end_token, tokens)
                score = ops.where(ended, 0.0, score)
                ended = ops.logical_or(ended, tokens == end_token)
            here = (ops.arange(length) == t)[None, :]  # (1, length)
            drawn = ops.where(here, tokens[:, None], drawn)
            scores = ops.where(here, score[:, None], scores)
            return t + 1, tokens, states, ended, drawn, scores

        start = (
            ops.convert_to_tensor(0, "int32"),
            tokens,
            states,
            ops.zeros((batch,), "bool"),
            ops.full((batch, length), 0 if end_token is None else end_token, "int32"),
            ops.zeros((batch, length), "float32"),
        )
        *_, drawn, scores = ops.while_loop(go_on, draw, start)
        return drawn, scores

    if keras.backend.backend() != "tensorflow":
        return loop
    import tensorflow as tf

    compiled = tf.function(loop)

    def call(tokens, states, chance, temperature, top_p):
        arguments = tokens, states, chance, tf.constant(temperature), tf.constant(top_p)
        # Taken by its signature and then called: calling `compiled` itself would count the loops of
        # all step functions as one, and warn that it is traced too often.
        return compiled.get_concrete_function(*arguments)(*arguments)

    return call


def _draw(probabilities, chance):
    """Draw one token a row by inverting the cumulative distribution at a uniform number.

    Args:
        probabilities: (batch, vocabulary).
        chance: (batch,) in [0, 1).

    Returns:
        (batch,) of int32. A token of probability zero is never drawn.
    """
    cumulative = ops.cumsum(probabilities, axis=-1)  # (batch, vocabulary)
    threshold = chance[:, None] * cumulative[:, -1:]  # rounding may end the sum a little off 1
    return ops.cast(ops.argmax(cumulative > threshold, axis=-1), "int32")


def _filter(logits, temperature, top_k, top_p):
    logits = ops.convert_to_tensor(logits) / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        least = ops.top_k(logits, top_k)[0][..., -1:]  # (..., 1) the smallest logit kept
        logits = ops.where(logits < least, -float("inf"), logits)
    if top_p is not None:
        ordered = ops.flip(ops.sort(logits, axis=-1), axis=-1)
        probabilities = ops.softmax(ordered)
        before = ops.cumsum(probabilities, axis=-1) - probabilities  # of all likelier tokens
        in_nucleus = ops.where(before < top_p, ordered, float("inf"))
        least = ops.min(in_nucleus, axis=-1, keepdims=True)
        logits = ops.where(logits < least, -float("inf"), logits)
    return logits


def _check_filter(temperature, top_k, top_p):
    if not temperature > 0:
        raise ValueError(
            f"`temperature` got {temperature!r}. Allowed: a number above 0; for the likeliest "
            "token each time use top_k=1."
        )
    if top_k is not None and (not isinstance(top_k, numbers.Integral) or top_k < 1):
        raise ValueError(f"`top_k` got {top_k!r}. Allowed: a positive integer, or None for all.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"`top_p` got {top_p!r}. Allowed: above 0 and up to 1, or None for all.")
