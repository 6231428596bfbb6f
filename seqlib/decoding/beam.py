"""Beam search: the best of several hypotheses that are extended side by side."""

import functools
import math
import numbers

import keras
from keras import ops

from seqlib.decoding.autoregressive import write_row
from seqlib.decoding.loop import check_jit_compile, run
from seqlib.decoding.protocol import check_start, check_states, take_step
from seqlib.layers.arguments import checked_size, refusal

NEG_INF = -float("inf")  # the score of a hypothesis that is not there


def beam_search(
    step,
    states,
    first_token,
    *,
    length,
    end_token=None,
    width=5,
    length_penalty=0.0,
    n_best=1,
    early_stopping=False,
    jit_compile="auto",
):
    r"""Search for the sequences of the highest score, in one compiled loop.

    $$s(y) = \frac{1}{|y|^\alpha} \sum_{t=1}^{|y|} \log p(y_t \mid y_1 \ldots y_{t-1})$$

    with $|y|$ tokens, the end token counted. At every step each of the `width` likeliest unfinished
    hypotheses, the *beam*, is extended by every token. What ends with the end token is finished if
    it is among the `width` likeliest extensions, and is kept apart: it takes no place in the beam,
    which is filled up with the likeliest unfinished ones. A hypothesis that is cut off at `length`
    competes with its score as it stands. The search in a row stops when no unfinished hypothesis
    can reach the score of the n-th best finished one any more, or before (`early_stopping`).

    On TensorFlow the call may also stand inside a larger `tf.function`, such as one that encodes a
    sentence and then searches, which saves the way back to Python in between.

    A beam of width 1 without a penalty is the greedy choice; one that drops nothing finds the best
    of all sequences; between the two nothing is promised, and a wider beam may find a lower score.

    Args:
        step: Function (tokens, states) -> (logits, states); see `sample`. It is given
            batch * width rows at a time.
        states: What `step` needs to begin with: any structure of tensors with batch rows, which are
            copied for each hypothesis; scalars are shared. A state that `step` hands back untouched
            (an encoder's output, say) costs nothing more.
        first_token: (batch,) token ids to begin with; they are not part of the result.
        length: Number of tokens, at most.
        end_token: Id of the token that ends a sequence; None for none.
        width: Number of hypotheses in the beam.
        length_penalty: $\alpha$. 0 adds up log-probabilities, which favors short sequences; 1
            takes their mean; larger ones favor long sequences, negative ones short sequences.
        n_best: Number of sequences to return for each row, at most `width`.
        early_stopping: Whether the search in a row stops already when no unfinished hypothesis
            would reach the n-th best finished one if it ended with its next token. With a positive
            penalty that is sooner, and a search may miss what catches up later, by going on with
            many tokens of which it is nearly certain; without one it is the same.
        jit_compile: "auto", True or False; see `sample`.

    Returns:
        Tokens, (batch, n_best, length) of int32, the best first, filled up with the end token, and
        scores $s$, (batch, n_best). A token whose logit is -inf is never taken; where fewer than
        `n_best` hypotheses are found, the score of the missing ones is -inf and their tokens are
        the end token, or 0 without one. Where logits are NaN, the row's scores are NaN.

    Example:
        Greedily the first token is 1, since 0.6 > 0.4; but then all goes on evenly. The best
        sequence begins with 2: 0.4 * 0.9 = 0.36 > 0.6 * 0.5 = 0.3.

        >>> table = ops.log(ops.array([[0.0, 0.6, 0.4], [0.0, 0.5, 0.5], [0.0, 0.9, 0.1]]))
        >>> def step(tokens, states):
        ...     return ops.take(table, tokens, axis=0), states
        >>> for width in (1, 2):
        ...     tokens, scores = beam_search(step, (), [0], length=2, width=width)
        ...     found = ops.convert_to_numpy(tokens)[0, 0].tolist()
        ...     print(found, round(float(ops.exp(scores[0, 0])), 2))
        [1, 1] 0.3
        [2, 1] 0.36

    Source:
        Lowerre, The Harpy speech recognition system (1976); the penalty is that of Wu et al.,
        Google's neural machine translation system (2016), in its plainest form.
    """
    check_jit_compile(jit_compile)
    tokens = check_start(first_token, length, end_token)
    _check_search(width, length_penalty, n_best)
    return run(
        build_beam,
        step,
        check_states(states, tokens.shape[0]),
        [tokens],
        [length_penalty],
        jit_compile=jit_compile,
        length=int(length),
        end_token=end_token,
        width=int(width),
        n_best=int(n_best),
        early_stopping=bool(early_stopping),
    )


def _check_search(width, length_penalty, n_best):
    checked_size(None, "width", width)
    if checked_size(None, "n_best", n_best) > width:
        allowed = f"an integer from 1 to `width`, which is {width}; widen the beam to see more"
        raise refusal(None, "n_best", n_best, allowed)
    if not isinstance(length_penalty, numbers.Real) or not math.isfinite(length_penalty):
        raise refusal(None, "length_penalty", length_penalty, "a finite number")


def build_beam(step, *, length, end_token, width, n_best, early_stopping):
    """Build the loop of `beam_search`."""
    # Hypotheses are not copied as they grow. The loop writes down, for each step, the beam's tokens
    # and which hypothesis each one extends; a finished one is the number of its tokens before the
    # end and the index in the beam of the last one. Sequences are read off backwards at the end.

    def loop(rows, states, shared):
        (first,), (settings,) = rows, shared
        batch, divisor = first.shape[0], functools.partial(_divisor, settings[0])
        offset = (ops.arange(batch) * width)[:, None]  # (batch, 1) of each row's first hypothesis
        copies = keras.tree.map_structure(
            lambda x: ops.repeat(x, width, axis=0) if len(x.shape) else x, states
        )

        def unfinished(t, live, *_):
            return ops.logical_and(t < length, ops.any(live > NEG_INF))

        def extend(t, live, has_nan, best, last, tokens, parents, previous, old):
            logits, new = take_step(step, ops.reshape(previous, (-1,)), old, end_token)
            log_probabilities, is_nan = _normalized(logits, (batch, width))
            has_nan = has_nan | ops.any(is_nan & (live > NEG_INF), axis=1)
            scores = live[:, :, None] + log_probabilities  # (batch, width, vocabulary)
            live, parent, token = _likeliest(scores, width if end_token is None else 2 * width)
            if end_token is not None:  # of 2 * width at most `width` end, one for each hypothesis
                ends = token == end_token
                closing = ops.where(ends, live, NEG_INF)[:, :width] / divisor(t + 1)
                best, last = _merge_finished((best, last), (closing, (t, parent[:, :width])))
                live, order = ops.top_k(ops.where(ends, NEG_INF, live), width)
                parent, token = (ops.take_along_axis(x, order, axis=1) for x in (parent, token))
                # Log-probabilities only fall, and the divisor is extreme for the fewest tokens to
                # come or for the most.
                best_attainable = live[:, 0] / divisor(t + 2)
                if not early_stopping:
                    best_attainable = ops.maximum(best_attainable, live[:, 0] / divisor(length))
                live = ops.where((best[:, -1] >= best_attainable)[:, None], NEG_INF, live)

            # Where no hypothesis is left, repeat a token that the step function has taken before:
            # the one found here may be an id that it never expects.
            token = ops.where(live > NEG_INF, token, previous[:, :1])
            origin = ops.reshape(parent + offset, (-1,))

            def follow(before, after, first):
                if not len(after.shape) or _is_untouched(before, after, first):
                    return after
                return ops.take(after, origin, axis=0)

            states = keras.tree.map_structure(follow, old, new, copies)
            tokens, parents = write_row(tokens, t, token), write_row(parents, t, parent)
            return t + 1, live, has_nan, best, last, tokens, parents, token, states

        start = (
            ops.convert_to_tensor(0, "int32"),
            # One beginning: the other hypotheses are not there yet.
            ops.where(ops.arange(width) == 0, 0.0, NEG_INF) + ops.zeros((batch, 1)),
            ops.zeros((batch,), "bool"),
            ops.full((batch, n_best), NEG_INF, "float32"),
            ops.zeros((2, batch, n_best), "int32"),  # tokens before the end, index of the last
            ops.zeros((length, batch, width), "int32"),
            ops.zeros((length, batch, width), "int32"),
            ops.repeat(first[:, None], width, axis=1),
            copies,
        )
        _, live, has_nan, best, last, tokens, parents, *_ = ops.while_loop(
            unfinished, extend, start
        )
        beam = ops.repeat(ops.arange(width, dtype="int32")[None], batch, axis=0)
        best, last = _merge_finished((best, last), (live / divisor(length), (length, beam)))
        last = ops.where(best > NEG_INF, last, 0)
        sequences = _backtrace(tokens, parents, last, 0 if end_token is None else end_token)
        return sequences, ops.where(has_nan[:, None], float("nan"), best)

    return loop


def _divisor(penalty, number):
    """Return what the sum of the log-probabilities of so many tokens is divided by."""
    return ops.power(ops.cast(number, "float32"), penalty)


def _normalized(logits, shape):
    """Return log-probabilities, (batch, width, vocabulary), and where there are none for NaN."""
    total = ops.logsumexp(logits, axis=-1, keepdims=True)  # (batch * width, 1)
    is_number = total < float("inf")  # false of NaN too
    # No hypothesis goes on from NaN, which every compiler would sort into another place.
    is_possible = ops.logical_and(is_number, logits > NEG_INF)
    log_probabilities = ops.where(is_possible, logits - total, NEG_INF)
    is_nan = ops.logical_not(ops.reshape(is_number, shape))
    return ops.reshape(log_probabilities, (*shape, -1)), is_nan


def _likeliest(scores, number):
    """Return the best scores of all extensions, (batch, number), their hypotheses and tokens."""
    batch, width, vocabulary = scores.shape
    flat = ops.reshape(scores, (batch, width * vocabulary))
    best, index = ops.top_k(flat, min(number, width * vocabulary))
    index = ops.cast(index, "int32")
    return best, index // vocabulary, index % vocabulary


def _merge_finished(old, new):
    """Join finished hypotheses with new ones; keep as many as before, of equal ones the older."""
    # scores (batch, n), the best first; old ends (2, batch, n); new ones: one count, (batch, n)
    (old_scores, old_last), (scores, (count, index)) = old, new
    last = ops.stack([ops.zeros_like(index) + count, index])
    best, order = ops.top_k(ops.concatenate([old_scores, scores], axis=1), old_scores.shape[1])
    last = ops.concatenate([old_last, last], axis=2)
    return best, ops.stack([ops.take_along_axis(x, order, axis=1) for x in (last[0], last[1])])


def _backtrace(tokens, parents, last, pad):
    """Follow hypotheses from their last token back: sequences (batch, n_best, length)."""
    # tokens and parents (length, batch, width); `last` as in `_merge_finished`
    count, index = last[0], last[1]
    longest = ops.max(count)

    def back(i, carry):
        index, sequences = carry
        t = longest - 1 - i
        is_part = t < count
        token, parent = (
            ops.take_along_axis(ops.take(x, t, axis=0), index, axis=1) for x in (tokens, parents)
        )
        sequences = write_row(sequences, t, ops.where(is_part, token, pad))
        return ops.where(is_part, parent, index), sequences

    sequences = ops.full((tokens.shape[0], *index.shape), pad, "int32")
    _, sequences = ops.fori_loop(0, longest, back, (index, sequences))
    return ops.transpose(sequences, (1, 2, 0))


def _is_untouched(old, new, first):
    """Tell whether a state is still what it was at the start, the same for a row's hypotheses."""
    # A traced step does at every step what it did in the trace. Elsewhere it may hand a state back
    # now that it has changed before.
    traced = keras.backend.backend() in ("tensorflow", "jax")
    return new is (old if traced else first)
