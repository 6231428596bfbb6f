"""Beam search: the best of several hypotheses that are extended side by side."""

import math
import numbers

import keras
from keras import ops

from seqlib.decoding.loop import check_jit_compile, run
from seqlib.decoding.path import check_start, is_positive_integer, log_normaliser, write
from seqlib.decoding.step import check_end_token, state_leaves, take_step

NONE = -float("inf")  # the score of a hypothesis that is not there


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
        length_penalty: $\alpha$. 0 adds up log-probabilities, which favours short sequences; 1
            takes their mean; larger ones favour long sequences, negative ones short sequences.
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

    Raises:
        ValueError: If an argument has a value outside what is allowed, or the step function
            returns other shapes than `sample` asks for.

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
        states,
        [tokens],
        [length_penalty],
        leaves=state_leaves(states, tokens.shape[0]),
        jit_compile=jit_compile,
        length=int(length),
        end_token=end_token,
        width=int(width),
        n_best=int(n_best),
        early_stopping=bool(early_stopping),
    )


def _check_search(width, length_penalty, n_best):
    if not is_positive_integer(width):
        raise ValueError(f"`width` got {width!r}. Allowed: a positive integer; 1 is greedy.")
    if not is_positive_integer(n_best) or n_best > width:
        raise ValueError(
            f"`n_best` got {n_best!r} with `width` {width}. Allowed: an integer from 1 to `width`; "
            "widen the beam to see more."
        )
    if not isinstance(length_penalty, numbers.Real) or not math.isfinite(length_penalty):
        raise ValueError(f"`length_penalty` got {length_penalty!r}. Allowed: a finite number.")


def build_beam(step, structure, *, length, end_token, width, n_best, early_stopping):
    """Build the loop of `beam_search`.

    Hypotheses are not copied as they grow. The loop writes down, for each step, the beam's tokens
    and which hypothesis each one extends; a finished hypothesis is the number of its tokens before
    the end and the place of the last of them. The sequences are read off backwards at the end.
    """

    def loop(rows, leaves, shared):
        (first,), (settings,) = rows, shared
        penalty = settings[0]
        batch = first.shape[0]
        offset = (ops.arange(batch) * width)[:, None]  # (batch, 1) of each row's first hypothesis
        copies = [ops.repeat(x, width, axis=0) if len(x.shape) else x for x in leaves]

        def go_on(t, live, *_):
            return ops.logical_and(t < length, ops.any(live > NONE))

        def extend(t, live, broken, best, last, taken, parents, said, *old):
            logits, new = take_step(step, structure, ops.reshape(said, (-1,)), list(old))
            check_end_token(end_token, logits)
            vocabulary = logits.shape[-1]
            normaliser = log_normaliser(logits)[:, None]  # (batch * width, 1)
            # Not (... < inf): true of NaN too.
            lost = ops.logical_not(ops.reshape(normaliser, (batch, width)) < float("inf"))
            broken = broken | ops.any(lost & (live > NONE), axis=1)
            scores = ops.where(logits > NONE, logits - normaliser, NONE)
            scores = live[:, :, None] + ops.reshape(scores, (batch, width, vocabulary))
            scores = ops.reshape(scores, (batch, -1))  # (batch, width * vocabulary)

            # Of the 2 * width likeliest at most `width` end, one for each hypothesis.
            number = min(width if end_token is None else 2 * width, width * vocabulary)
            live, place = ops.top_k(scores, number)  # (batch, number), the best first
            parent, tokens = place // vocabulary, ops.cast(place % vocabulary, "int32")
            if end_token is not None:
                ends = tokens == end_token
                closing = ops.where(ends, live, NONE)[:, :width] / _tokens(t + 1, penalty)
                best, last = _best(n_best, (best, last), (closing, (t, parent[:, :width])))
                live, order = ops.top_k(ops.where(ends, NONE, live), width)
                parent, tokens = (ops.take_along_axis(x, order, axis=1) for x in (parent, tokens))
                # Scores of what is to come: log-probabilities only fall, and the divisor is
                # extreme for the fewest tokens or for the most.
                hope = live[:, 0] / _tokens(t + 2, penalty)
                if not early_stopping:
                    hope = ops.maximum(hope, cut_off(live[:, 0]))
                live = ops.where((best[:, -1] >= hope)[:, None], NONE, live)

            # Where nothing is left to say, say again what the step function took before.
            tokens = ops.where(live > NONE, tokens, said[:, :1])
            parent = ops.cast(parent, "int32")
            origin = ops.reshape(parent + offset, (-1,))
            new = [
                b if _same(a, b, c) or not len(b.shape) else ops.take(b, origin, axis=0)
                for a, b, c in zip(old, new, copies, strict=True)
            ]
            taken, parents = write(taken, t, tokens), write(parents, t, parent)
            return t + 1, live, broken, best, last, taken, parents, tokens, *new

        def cut_off(scores):
            return scores / _tokens(length, penalty)

        start = (
            ops.convert_to_tensor(0, "int32"),
            ops.where(ops.arange(width) == 0, 0.0, NONE) + ops.zeros((batch, 1)),  # one beginning
            ops.zeros((batch,), "bool"),
            ops.full((batch, n_best), NONE, "float32"),
            ops.zeros((2, batch, n_best), "int32"),  # tokens before the end, place of the last
            ops.zeros((length, batch, width), "int32"),
            ops.zeros((length, batch, width), "int32"),
            ops.repeat(first[:, None], width, axis=1),
            *copies,
        )
        _, live, broken, best, last, taken, parents, *_ = ops.while_loop(go_on, extend, start)
        places = ops.repeat(ops.arange(width, dtype="int32")[None], batch, axis=0)
        best, last = _best(n_best, (best, last), (cut_off(live), (length, places)))
        last = ops.where(best > NONE, last, 0)
        sequences = _read(taken, parents, last, 0 if end_token is None else end_token)
        return sequences, ops.where(broken[:, None], float("nan"), best)

    return loop


def _tokens(number, penalty):
    """Return the divisor of the score of so many tokens."""
    return ops.power(ops.cast(number, "float32"), penalty)


def _best(number, kept, new):
    """Join finished hypotheses with new ones; of equal ones the older stay.

    Args:
        number: How many to keep.
        kept: Scores, (batch, number), and their ends, (2, batch, number).
        new: Scores, (batch, new), and their ends: a count for all and places, (batch, new).

    Returns:
        Scores, (batch, number), the best first, and their ends, (2, batch, number).
    """
    (old_scores, old_last), (scores, (count, places)) = kept, new
    places = ops.cast(places, "int32")
    count = ops.zeros_like(places) + count
    best, order = ops.top_k(ops.concatenate([old_scores, scores], axis=1), number)
    last = ops.concatenate([old_last, ops.stack([count, places])], axis=2)
    return best, ops.stack([ops.take_along_axis(x, order, axis=1) for x in (last[0], last[1])])


def _read(taken, parents, last, pad):
    """Follow hypotheses from their last token back to the first.

    Args:
        taken: (length, batch, width) tokens of the beam at every step.
        parents: (length, batch, width) places in the beam of the step before.
        last: (2, batch, n_best), how many tokens and where the last of them stands.
        pad: What to fill up with.

    Returns:
        (batch, n_best, length) of int32.
    """
    count, place = last[0], last[1]
    longest = ops.max(count)

    def back(i, carry):
        place, read = carry
        t = longest - 1 - i
        is_part = t < count
        token, parent = (
            ops.take_along_axis(ops.take(x, t, axis=0), place, axis=1) for x in (taken, parents)
        )
        read = write(read, t, ops.where(is_part, token, pad))
        return ops.where(is_part, parent, place), read

    read = ops.full((taken.shape[0], *place.shape), pad, "int32")
    _, read = ops.fori_loop(0, longest, back, (place, read))
    return ops.transpose(read, (1, 2, 0))


def _same(old, new, first):
    """Tell whether a step hands a state back untouched, so that all hypotheses of a row share it.

    A traced step does at every step what it did in the trace; where every step is run by itself,
    the state must be the one that was there at the beginning.
    """
    traced = keras.backend.backend() in ("tensorflow", "jax")
    return new is (old if traced else first)
