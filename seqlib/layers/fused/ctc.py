r"""The sum over all alignments of labels with frames, and its gradient, compiled.

The equations are those of `seqlib.layers.ctc`, whose $\alpha_t(s)$ sums up the ways to state $s$ of
frame $t$. The gradient needs the ways on from there too, $\beta_t(s)$, by a loop backwards. Both
say how likely an alignment is in $s$ at $t$; with the probabilities $y$ of the classes

$$\frac{\partial \log p}{\partial z_{t,k}} =
\sum_{s:\, l'_s = k} \frac{\alpha_t(s)\, \beta_t(s)}{p} - y_{t,k}$$
"""

import functools

from keras import ops

from seqlib.compiled import ShardedProgram, concat_shards, shard_count, with_gradient
from seqlib.layers.fused.steps import loop, write_step
from seqlib.layers.keras_internals import inside_xla

IMPOSSIBLE = -1e30  # the logarithm of 0, but finite: differences of it are numbers


def emissions(logits, states):
    r"""Return $\log y_{t, l'_s}$: how likely each state's class is, (batch, time, states)."""
    # A product with ones and zeros, and backwards with their transpose: many times faster on a CPU
    # than to gather and to scatter. A class that is ruled out has -inf, which times 0 is no number.
    classes = _one_hot(logits, states)
    log_probabilities = ops.maximum(ops.log_softmax(logits), IMPOSSIBLE)
    return ops.matmul(log_probabilities, ops.transpose(classes, (0, 2, 1)))


def start(logits, states):
    """Return the sums before the first frame: there is one way, and it is in the first state."""
    first = ops.where(ops.arange(ops.shape(states)[1]) == 0, 0.0, IMPOSSIBLE)
    return ops.zeros_like(states, logits.dtype) + ops.cast(first, logits.dtype)


def ends(logits, states, label_lengths):
    """Return 0 for the states to end in, the last label and the blank after it, (batch, states)."""
    place, last = ops.arange(ops.shape(states)[1]), 2 * label_lengths[:, None]
    may_end = ops.logical_or(place == last, place == last - 1)
    return ops.cast(ops.where(may_end, 0.0, IMPOSSIBLE), logits.dtype)


def ways_into(sums, skips):
    """Return the sums from which a state can be reached: its own, one and two states before."""
    return sums, _shift(sums, 1), ops.where(skips, _shift(sums, 2), IMPOSSIBLE)


def log_likelihood(logits, states, skips, label_lengths, mask, steps):
    r"""Return $\log p$ of each row's labels, (batch,), below `IMPOSSIBLE` / 2 where p is 0."""
    # logits (batch, time, classes); states (batch, states), the class of each; skips likewise,
    # whether it may follow the state two before; label_lengths (batch,); mask (batch, time) or
    # None; steps at most time.
    fixed = steps, (states, skips, label_lengths, mask)
    (result,) = with_gradient(_PROGRAMS, (logits,), fixed, expected=True)
    return result


def _run(wants_gradient, steps, by_row, _):
    logits, states, skips, label_lengths, mask = by_row
    steps = ops.shape(logits)[1] if steps is None else steps
    emitted = emissions(logits, states)

    def forward(t, sums, all_sums=None):
        after = _log_add(*ways_into(sums, skips)) + emitted[:, t]
        sums = after if mask is None else ops.where(mask[:, t][:, None], after, sums)
        return (sums, write_step(all_sums, sums, t)) if wants_gradient else (sums,)

    state = (start(logits, states),)
    if wants_gradient:
        state += (ops.zeros_like(emitted),)
    last, *all_sums = loop(steps, forward, state)
    end = ends(logits, states, label_lengths)
    result = ops.logsumexp(last + end, axis=1)  # (batch,)
    if not wants_gradient:
        return result, ()

    is_possible = result > IMPOSSIBLE / 2
    total = ops.where(is_possible, result, 0)[:, None]
    may_skip = ops.concatenate([skips, ops.zeros_like(skips[:, :2])], axis=1)[:, 2:]

    # What is shifted is carried from frame to frame: XLA is three times as fast on it as on sums
    # that are made in the same step.
    def backward(t, later, has_later, shares):
        ways_on = later, _shift(later, -1), ops.where(may_skip, _shift(later, -2), IMPOSSIBLE)
        sums = ops.where(has_later, _log_add(*ways_on), end)
        shares = write_step(shares, ops.exp(all_sums[0][:, t] + sums - total), t)
        now = sums + emitted[:, t]
        if mask is None:
            return now, ops.ones_like(has_later), shares
        real = mask[:, t][:, None]
        return ops.where(real, now, later), ops.logical_or(has_later, real), shares

    has_later = ops.zeros_like(label_lengths[:, None], "bool")
    state = end, has_later, ops.zeros_like(emitted)
    *_, shares = loop(steps, backward, state, reverse=True)
    gradient = ops.matmul(shares, _one_hot(logits, states)) - ops.softmax(logits)
    counts = is_possible[:, None, None]
    if mask is not None:
        counts = ops.logical_and(counts, mask[:, :, None])
    return result, ops.where(counts, gradient, 0)


class _Programs:
    """The programs of the sum, alone and with its gradient."""

    def __init__(self):
        self.programs = {
            gradient: ShardedProgram(functools.partial(_run, gradient), [concat_shards] * 2)
            for gradient in (False, True)
        }

    def forward(self, inputs, fixed, for_gradient):
        """Return the sum, and its gradient where one is expected."""
        (logits,), (steps, by_row) = inputs, fixed
        shards = 1 if inside_xla() else shard_count(logits.shape[0])
        result, gradient = self.programs[for_gradient](shards, steps, (logits, *by_row))
        return (result,), gradient

    def backward(self, inputs, fixed, gradient, d_outputs):
        """Return the gradient of the logits."""
        return (gradient * d_outputs[0][:, None, None],)

    def finish(self, inputs, fixed, d):
        """Return the gradient as it is."""
        return d


_PROGRAMS = _Programs()


def _log_add(a, b, c):
    largest = ops.maximum(ops.maximum(a, b), c)
    return largest + ops.log(ops.exp(a - largest) + ops.exp(b - largest) + ops.exp(c - largest))


def _shift(sums, by):
    """Return the sums so many states later, or earlier where it is negative."""
    batch, states = ops.shape(sums)
    nothing = ops.full((batch, abs(by)), IMPOSSIBLE, sums.dtype)
    if by > 0:
        return ops.concatenate([nothing, sums], axis=1)[:, :states]
    return ops.concatenate([sums, nothing], axis=1)[:, -by:]


def _one_hot(logits, states):
    return ops.one_hot(states, logits.shape[-1], dtype=logits.dtype)  # (batch, states, classes)
