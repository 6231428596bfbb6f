r"""From what a recognizer says at each frame to labels: the best alignment, or the best labels.

One alignment is not all that reads the same. Prefix beam search adds up, for each of a few
beginnings of the result, the alignments so far that read it: those that end in a blank, $b$, and
those that end in its last label, $n$. With the probability $y_k$ of each class at the next frame

* a beginning stays as it is by a blank, $b' = (b + n)\, y_-$, or by its last label again, $n' =
  n\, y_{\text{last}}$;
* a label more makes it longer: $n' = (b + n)\, y_k$, but $n' = b\, y_k$ where $k$ is its last
  label, for without a blank between both would be merged.

Two that come to read the same are one, and their probabilities are added.
"""

import functools
import math
import numbers
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from seqlib.compiled import BACKEND, ShardedProgram, concat_shards, shard_count, xla_available
from seqlib.decoding.automaton import Automaton
from seqlib.decoding.loop import ROWS_A_SHARD
from seqlib.layers.arguments import checked_size, refusal
from seqlib.layers.ctc import checked_logits, real_frames
from seqlib.layers.fused.ctc import IMPOSSIBLE
from seqlib.layers.fused.steps import loop, write_step

# Two hashes tell beginnings apart; one alone would now and then meet that of another.
_FACTORS = np.array([1000003, 40503], "int32")


class Transcript(NamedTuple):
    """Labels that were found, the frames at which they came up, and how well they score."""

    tokens: Any  # (batch, time), or (batch, n_best, time); -1 after the last label
    frames: Any  # likewise
    scores: Any  # (batch,), or (batch, n_best)


def ctc_greedy(logits, frames=None, blank=0):
    r"""Read off the likeliest alignment: repeated classes merged, then blanks taken out.

    Args:
        logits: (batch, time, classes).
        frames: Which frames are real: their number in each row, (batch,), or (batch, time) of
            booleans. None for all.
        blank: Id of the blank.

    Returns:
        `Transcript`: tokens (batch, time), the frame at which each begins, and $\log p$ of the
        alignment, (batch,).

    Example:
        >>> classes = [[0, 2, 2, 0, 2, 1]]
        >>> ops.convert_to_numpy(ctc_greedy(ops.one_hot(classes, 3) * 9).tokens).tolist()
        [[2, 2, 1, -1, -1, -1]]

    Source:
        Graves et al., Connectionist temporal classification (2006), section 3.2.
    """
    logits, real = _checked(logits, frames, blank)
    best = ops.cast(ops.argmax(logits, axis=-1), "int32")
    score = ops.max(ops.log_softmax(logits), axis=-1)
    # Frames that are not real may stand between two that are, which are then neighbors.
    best, frames = _to_the_left(ops.where(real, best, -1))
    before = ops.concatenate([ops.full_like(best[:, :1], blank), best[:, :-1]], axis=1)
    begins = ops.logical_and(best != blank, best != before)
    tokens, place = _to_the_left(ops.where(begins, best, -1))
    frames = ops.take_along_axis(frames, ops.maximum(place, 0), axis=1)
    frames = ops.where(tokens >= 0, frames, -1)
    return Transcript(tokens, frames, ops.sum(ops.where(real, score, 0), axis=1))


def ctc_beam_search(
    logits,
    frames=None,
    *,
    width=16,
    blank=0,
    language_model=None,
    language_weight=1.0,
    label_bonus=0.0,
    n_best=1,
):
    r"""Search for the likeliest labels, all their alignments added up, in one compiled loop.

    $$s(l) = \log p(l \mid x) + \lambda \log p_{\text{LM}}(l) + \beta\, |l|$$

    Args:
        logits: (batch, time, classes).
        frames: Which frames are real: their number in each row, (batch,), or (batch, time) of
            booleans. None for all.
        width: Number of beginnings that are kept at every frame.
        blank: Id of the blank.
        language_model: `Automaton`, which says what labels may follow and how likely, or None.
        language_weight: $\lambda$.
        label_bonus: $\beta$, for each label: a language model prefers few of them.
        n_best: Number of results to return for each row, at most `width`.

    Returns:
        `Transcript`: tokens (batch, n_best, time), the best first; the frame at which each came up;
        scores $s$, (batch, n_best), -inf where fewer results were found, and NaN in rows
        whose logits are NaN.

    Example:
        Of two frames the likeliest alignment is blank and blank, at 0.36; but "1" has three
        alignments, of 0.24, 0.24 and 0.16.

        >>> logits = ops.log([[[0.6, 0.4], [0.6, 0.4]]])
        >>> greedy, best = ctc_greedy(logits), ctc_beam_search(logits)
        >>> [ops.convert_to_numpy(found.tokens).tolist() for found in (greedy, best)]
        [[[-1, -1]], [[[1, -1]]]]
        >>> round(float(ops.exp(best.scores[0, 0])), 2)
        0.64

    Source:
        Graves & Jaitly, Towards end-to-end speech recognition with recurrent neural networks
        (2014); with a language model: Hannun et al., First-pass large vocabulary continuous speech
        recognition using bi-directional recurrent DNNs (2014).
    """
    if checked_size(None, "n_best", n_best) > checked_size(None, "width", width):
        raise refusal(None, "n_best", n_best, f"an integer from 1 to `width`, which is {width}")
    weights = {"language_weight": language_weight, "label_bonus": label_bonus}
    for name, value in weights.items():
        if not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise refusal(None, name, value, "a finite number")
    logits, real = _checked(logits, frames, blank)
    tables = None
    if language_model is not None:
        tables = _tables(language_model, logits.shape[-1])
    weights = ops.convert_to_tensor(list(weights.values()), "float32")
    shared, by_row = (weights, tables), (logits, real)
    program = _program(int(width), int(blank), int(n_best))
    if BACKEND.name == "torch" or not xla_available():
        with BACKEND.without_gradient():
            labels, scores = program.function(shared, by_row, None)
    else:
        labels, scores = program(shard_count(logits.shape[0], ROWS_A_SHARD), shared, by_row)
    return Transcript(*_to_the_left(labels), scores)


@functools.cache
def _program(width, blank, n_best):
    search = functools.partial(_search, width, blank, n_best)
    return ShardedProgram(search, [concat_shards] * 2, open_sizes=False)


def _checked(logits, frames, blank):
    logits = ops.cast(checked_logits(logits, blank), "float32")
    real = real_frames(logits, frames)
    return logits, ops.ones_like(logits[:, :, 0], "bool") if real is None else real


def _tables(language_model, classes):
    if not isinstance(language_model, Automaton):
        raise refusal(None, "language_model", language_model, "a `decoding.Automaton`, or None")
    if language_model.scores.shape[1] != classes:
        raise ValueError(
            f"`language_model` has {language_model.scores.shape[1]} classes, but the logits have "
            f"{classes}. Allowed: the same, in the same order, the blank among them."
        )
    scores, ends = (np.maximum(x, IMPOSSIBLE) for x in (language_model.scores, language_model.ends))
    return tuple(map(ops.convert_to_tensor, (scores, language_model.follow, ends)))


class _Beam(NamedTuple):
    """Beginnings of results, `width` a row: each (batch, width), the codes (batch, width, 2)."""

    b: Any  # log-probability of the alignments that end in a blank
    n: Any  # and of those that end in the last label
    last: Any  # the last label; the blank where there is none
    count: Any  # number of labels
    code: Any  # hashes of the labels
    code_before: Any  # those of all labels but the last
    state: Any  # of the language model
    language: Any  # log-probability by the language model


def _search(width, blank, n_best, shared, by_row, _):
    """Return the labels that come up at each frame, (batch, n_best, time), else -1, and scores."""
    (weights, tables), (logits, real) = shared, by_row
    batch, time, classes = logits.shape
    is_nan = ops.any(ops.logical_and(ops.any(logits != logits, axis=-1), real), axis=1)
    y = ops.maximum(ops.log_softmax(logits), IMPOSSIBLE)
    y = ops.where(is_nan[:, None, None], 0.0, y)

    def fused(acoustic, language, count):
        return acoustic + weights[0] * language + weights[1] * ops.cast(count, "float32")

    def advance(t, beam, parents, labels):
        same_b, same_n, longer, giver = _go_on(beam, y[:, t], blank)
        if tables is None:
            language, state = beam.language[:, :, None], beam.state[:, :, None]
        else:
            language = beam.language[:, :, None] + ops.take(tables[0], beam.state, axis=0)
            state = ops.take(tables[1], beam.state, axis=0)  # (batch, width, classes)
        scores = ops.concatenate(
            [
                fused(ops.logaddexp(same_b, same_n), beam.language, beam.count)[:, :, None],
                fused(longer, language, beam.count[:, :, None] + 1),
            ],
            axis=-1,
        )
        _, best = ops.top_k(ops.reshape(scores, (batch, -1)), width)
        best = ops.cast(best, "int32")
        parent, label = best // (classes + 1), best % (classes + 1) - 1  # -1 to stay the same
        stays, added = label < 0, ops.maximum(label, 0)

        def extended(x):
            x = ops.broadcast_to(x, (batch, width, classes))
            flat = ops.reshape(x, (batch, -1))
            return ops.take_along_axis(flat, parent * classes + added, axis=1)

        kept = _take(beam._replace(b=same_b, n=same_n), parent)
        grown = _Beam(
            b=ops.full_like(kept.b, IMPOSSIBLE),
            n=extended(longer),
            last=added,
            count=kept.count + 1,
            code=kept.code * ops.convert_to_tensor(_FACTORS) + added[:, :, None] + 17,
            code_before=kept.code,
            state=extended(state),
            language=extended(language),
        )
        is_real = real[:, t][:, None]
        after = _where(is_real, _where(stays, kept, grown), beam)
        # What owes more to another beginning is traced back to that one, and came up just now.
        giver = ops.take_along_axis(giver, parent, axis=1)
        is_given = ops.logical_and(stays, giver >= 0)
        parent = ops.where(is_given, giver, parent)
        label = ops.where(is_given, kept.last, label)
        parent = ops.where(is_real, parent, ops.arange(width, dtype="int32"))
        label = ops.where(is_real, label, -1)
        return after, write_step(parents, parent, t), write_step(labels, label, t)

    empty = ops.zeros((batch, time, width), "int32")
    beam, parents, labels = loop(time, advance, (_start(batch, width, blank), empty, empty))
    language = beam.language
    if tables is not None:
        language = language + ops.take(tables[2], beam.state)
    scores = fused(ops.logaddexp(beam.b, beam.n), language, beam.count)
    scores, best = ops.top_k(scores, n_best)
    scores = ops.where(scores > IMPOSSIBLE / 2, scores, -float("inf"))
    found = _trace_back(parents, labels, ops.cast(best, "int32"))
    is_found = ops.logical_and(scores > -float("inf"), ops.logical_not(is_nan)[:, None])
    found = ops.where(is_found[:, :, None], found, -1)
    return found, ops.where(is_nan[:, None], float("nan"), scores)


def _start(batch, width, blank):
    """Return a beam of one beginning, the empty one; the other places have codes of their own."""
    place = ops.zeros((batch, 1), "int32") + ops.arange(width, dtype="int32")
    zeros, nothing = ops.zeros((batch, width)), ops.full((batch, width), IMPOSSIBLE)
    code = ops.stack([-place, place], axis=-1)
    return _Beam(
        b=ops.where(place == 0, 0.0, nothing),
        n=nothing,
        last=ops.full_like(place, blank),
        count=ops.zeros_like(place),
        code=code,
        code_before=code - 1,
        state=ops.zeros_like(place),
        language=zeros,
    )


def _go_on(beam, y, blank):
    """Return b and n of each beginning as it stays, n with each label more, and what gave most."""
    # y (batch, classes): log-probabilities at this frame. The last is the beginning that gave more
    # to this one than its own alignments so far, -1 if none.
    classes = y.shape[-1]
    total = ops.logaddexp(beam.b, beam.n)
    same_b = total + y[:, blank : blank + 1]
    same_n = ops.where(
        beam.count > 0, beam.n + ops.take_along_axis(y, beam.last, axis=1), IMPOSSIBLE
    )
    is_last = ops.one_hot(beam.last, classes, dtype="bool")  # (batch, width, classes)
    longer = ops.where(is_last, beam.b[:, :, None], total[:, :, None]) + y[:, None]
    longer = ops.where(ops.arange(classes) == blank, IMPOSSIBLE, longer)
    # Beginning i made longer by the last label of j may be j itself, which then takes its share.
    is_same = ops.all(beam.code_before[:, None] == beam.code[:, :, None], axis=-1)  # (batch, i, j)
    is_there = ops.logical_and(beam.count > 0, total > IMPOSSIBLE / 2)
    is_same = ops.logical_and(is_same, is_there[:, None])
    by_last = ops.matmul(ops.maximum(longer, IMPOSSIBLE), ops.transpose(_ones(is_last), (0, 2, 1)))
    shares = ops.where(is_same, by_last, IMPOSSIBLE)
    share, giver = ops.max(shares, axis=1), ops.cast(ops.argmax(shares, axis=1), "int32")
    giver = ops.where(share > ops.logaddexp(same_b, same_n), giver, -1)
    is_taken = ops.matmul(_ones(is_same), _ones(is_last)) > 0  # (batch, width, classes)
    return same_b, ops.logaddexp(same_n, share), ops.where(is_taken, IMPOSSIBLE, longer), giver


def _ones(condition):
    return ops.cast(condition, "float32")


def _take(beam, parent):
    """Return the beginnings at these places, (batch, width)."""

    def take(x):
        index = parent if len(x.shape) == 2 else parent[:, :, None]
        return ops.take_along_axis(x, index, axis=1)

    return _Beam(*map(take, beam))


def _where(condition, a, b):
    """Choose between beams by a condition, (batch, width) or (batch, 1)."""
    return _Beam(
        *(
            ops.where(condition if len(x.shape) == 2 else condition[:, :, None], x, y)
            for x, y in zip(a, b, strict=True)
        )
    )


def _trace_back(parents, labels, place):
    """Return the label that each result gains at each frame, (batch, n_best, time), else -1."""
    # parents and labels (batch, time, width), place (batch, n_best) in the last beam

    def back(t, place, found):
        label = ops.take_along_axis(labels[:, t], place, axis=1)
        return ops.take_along_axis(parents[:, t], place, axis=1), write_step(found, label, t)

    batch, time = labels.shape[:2]
    found = ops.zeros((batch, time, place.shape[1]), "int32")
    _, found = loop(time, back, (place, found), reverse=True)
    return ops.transpose(found, (0, 2, 1))


def _to_the_left(labels):
    """Return labels that are -1 at most frames one after the other, and their frames."""
    time = labels.shape[-1]
    frames = ops.arange(time, dtype="int32") + ops.zeros_like(labels)
    order = ops.argsort(ops.where(labels >= 0, frames, frames + time), axis=-1)
    tokens = ops.take_along_axis(labels, order, axis=-1)
    return tokens, ops.where(tokens >= 0, ops.cast(order, "int32"), -1)
