"""The checks of notebook 3-1: right answers pass, typical wrong ones and empty ones do not."""

from collections import Counter

import numpy as np
import pytest
from keras import ops

from course.checks import CheckFailed
from course.checks import machine_translation as checks


def shift_right(targets, start):
    return np.concatenate([np.full((len(targets), 1), start), targets[:, :-1]], axis=1)


def greedy_translation(step, states, start, batch, length):
    tokens, said = np.full(batch, start), []
    for _ in range(length):
        logits, states = step(tokens, states)
        tokens = logits.argmax(axis=-1)
        said.append(tokens)
    return np.stack(said, axis=1)


def additive_scores(query, keys, w, u, b, v):
    return np.tanh((query @ w)[:, None] + keys @ u + b) @ v


def masked_softmax(scores, mask):
    scores = np.where(mask, scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def weighted_mean(weights, values):
    return (weights[:, None] @ values)[:, 0]


def attentive_step(x, states, look, cell):
    context, weights = look(states[0])
    h, states = cell(ops.concatenate([x, context], axis=-1), states)
    return ops.concatenate([h, context], axis=-1), states, weights


def smoothed_loss(logits, targets, smoothing):
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    own = np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    costs = -(1 - smoothing) * own - smoothing * log_p.mean(axis=-1)
    return costs[targets != 0].mean()


def hypothesis_score(log_probabilities, alpha):
    return log_probabilities.sum() / len(log_probabilities) ** alpha


def ngrams(tokens, n):
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def clipped_precision(hypothesis, references, n):
    most = Counter()
    for reference in references:
        most |= ngrams(reference, n)
    own = ngrams(hypothesis, n)
    return (own & most).total() / own.total()


SOLUTIONS = [
    shift_right,
    greedy_translation,
    additive_scores,
    masked_softmax,
    weighted_mean,
    attentive_step,
    smoothed_loss,
    hypothesis_score,
    clipped_precision,
]


def forgets_states(step, states, start, batch, length):
    tokens, said = np.full(batch, start), []
    for _ in range(length):
        tokens = step(tokens, states)[0].argmax(axis=-1)
        said.append(tokens)
    return np.stack(said, axis=1)


def always_from_start(step, states, start, batch, length):
    said = []
    for _ in range(length):
        logits, states = step(np.full(batch, start), states)
        said.append(logits.argmax(axis=-1))
    return np.stack(said, axis=1)


def masked_after(scores, mask):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True) * mask


def overflows(scores, mask):
    powers = np.exp(scores) * mask
    return powers / powers.sum(axis=1, keepdims=True)


def looks_afterwards(x, states, look, cell):
    h, states = cell(ops.concatenate([x, states[0][:, :1]], axis=-1), states)
    context, weights = look(h)
    return ops.concatenate([h, context], axis=-1), states, weights


def without_context(x, states, look, cell):
    context, weights = look(states[0])
    h, states = cell(ops.concatenate([x, context], axis=-1), states)
    return h, states, weights


def padding_counts(logits, targets, smoothing):
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    own = np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return (-(1 - smoothing) * own - smoothing * log_p.mean(axis=-1)).mean()


def smooths_wrongly(logits, targets, smoothing):
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    own = np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return (-(1 - smoothing) * own - smoothing * log_p.sum(axis=-1))[targets != 0].mean()


def unclipped(hypothesis, references, n):
    known = {gram for reference in references for gram in ngrams(reference, n)}
    own = ngrams(hypothesis, n)
    return sum(count for gram, count in own.items() if gram in known) / own.total()


def clipped_by_all(hypothesis, references, n):
    most = sum((ngrams(reference, n) for reference in references), Counter())
    own = ngrams(hypothesis, n)
    return (own & most).total() / own.total()


def first_reference(hypothesis, references, n):
    return clipped_precision(hypothesis, references[:1], n)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("shift_right", lambda targets, start: targets),
        ("shift_right", lambda targets, start: np.roll(targets, 1, axis=1)),
        ("greedy_translation", forgets_states),
        ("greedy_translation", always_from_start),
        ("greedy_translation", lambda *given: greedy_translation(*given).T),
        ("additive_scores", lambda q, k, w, u, b, v: np.tanh((q @ w)[:, None] + k @ u) @ v),
        ("additive_scores", lambda q, k, w, u, b, v: ((q @ w)[:, None] + k @ u + b) @ v),
        ("masked_softmax", masked_after),
        ("masked_softmax", overflows),
        ("weighted_mean", lambda weights, values: values.mean(axis=1)),
        ("attentive_step", looks_afterwards),
        ("attentive_step", without_context),
        ("smoothed_loss", padding_counts),
        ("smoothed_loss", smooths_wrongly),
        ("hypothesis_score", lambda log_p, alpha: log_p.sum() / alpha if alpha else log_p.sum()),
        ("hypothesis_score", lambda log_p, alpha: log_p.mean()),
        ("clipped_precision", unclipped),
        ("clipped_precision", clipped_by_all),
        ("clipped_precision", first_reference),
    ],
)
def test_typical_wrong_answers_fail(check, wrong):
    with np.errstate(all="ignore"), pytest.raises(CheckFailed, match="Hint"):
        getattr(checks, check)(wrong)
