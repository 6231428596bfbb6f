r"""All paths of a chain, summed up, and the best of them: forward, backward, Viterbi.

A chain of $T$ steps with $K$ tags has at each step a matrix of *log-potentials*: $\psi_t(i, j)$
says how well tag $j$ at step $t$ goes after tag $i$ at the step before: $\psi$ is an array
(batch, time, tags, tags). A path $y$ scores
$\sum_t \psi_t(y_{t-1}, y_t)$, and there are $K^T$ of them; each function here goes over all in
$T K^2$ operations. Every chain comes from tag 0, so it is the first row of the first matrix that
counts; `LinearChainCRF`, which makes such matrices, gives it equal rows. A step to be left out has
zeros on the diagonal and `FORBIDDEN` elsewhere: the path stays where it is.

The sums are made in float32, or in float64 where the potentials are; they can be differentiated,
the best path cannot.
"""

import keras
from keras import ops

from seqlib.layers.fused.scan import Scan
from seqlib.layers.fused.steps import shift_right

FORBIDDEN = -8192.0  # e to this power is 0 in any type; a power of two is exact in all of them


def _sum_step(states, slices, _):
    """Lengthen all paths by a step and add up those that end in the same tag."""
    (so_far,), (potentials,) = states, slices
    so_far = ops.logsumexp(so_far[:, :, None] + potentials, axis=1)  # (batch, tags)
    return (so_far,), (so_far,)


def _best_step(states, slices, _):
    """Lengthen the best paths by a step and keep, for each tag, the best that ends in it."""
    (so_far,), (potentials,) = states, slices
    paths = so_far[:, :, None] + potentials  # (batch, tag before, tag)
    return (ops.cast(ops.argmax(paths, axis=1), "int32"),), (ops.max(paths, axis=1),)


def _back_step(states, slices, _):
    """Go a step back along the best path."""
    (tag,), (pointers,) = states, slices
    return (tag,), (ops.take_along_axis(pointers, tag[:, None], axis=1)[:, 0],)


_sum_scan, _best_scan, _back_scan = Scan(_sum_step), Scan(_best_step), Scan(_back_step)


def log_partition(potentials):
    r"""Return $\log Z = \log \sum_y \exp \sum_t \psi_t(y_{t-1}, y_t)$ by the forward algorithm."""
    potentials = _full(potentials)
    _, (last,) = _sum_scan((_start(potentials),), (potentials,), training=True)
    return ops.logsumexp(last, axis=-1)


def path_score(potentials, tags):
    r"""Return what one path scores, $\sum_t \psi_t(y_{t-1}, y_t)$, (batch,); NaN off the tags."""
    # tags (batch, time), negative where a step is left out
    potentials, tags = _full(potentials), ops.cast(tags, "int32")
    rows = ops.take_along_axis(potentials, _tag_before(tags)[:, :, None, None], axis=2)[:, :, 0]
    own = ops.take_along_axis(rows, ops.maximum(tags, 0)[:, :, None], axis=2)[:, :, 0]
    own = ops.where(tags < potentials.shape[-1], own, float("nan"))  # XLA reads another tag
    return ops.sum(ops.where(tags >= 0, own, 0), axis=1)


def marginals(potentials):
    r"""Return $p(y_t = j) = \exp(\alpha_t(j) + \beta_t(j) - \log Z)$, (batch, time, tags)."""
    potentials = _full(potentials)
    start = _start(potentials)
    (forward,), (last,) = _sum_scan((start,), (potentials,), training=True)
    # What may follow: beta_{t-1}(i) = log sum_j exp(psi_t(i, j) + beta_t(j)), with beta_T = 0.
    turned = ops.flip(ops.transpose(potentials, (0, 1, 3, 2)), axis=1)
    nothing = ops.zeros_like(start)
    (sums,), _ = _sum_scan((nothing,), (turned,), training=True)
    backward = ops.flip(shift_right(nothing, sums), axis=1)
    normalizer = ops.logsumexp(last, axis=-1)[:, None, None]
    return ops.exp(forward + backward - normalizer)


def best_path(potentials):
    """Return the best path, (batch, time), by the Viterbi algorithm, and its score, (batch,)."""
    potentials = ops.stop_gradient(_full(potentials))
    (pointers,), (last,) = _best_scan((_start(potentials),), (potentials,))
    final = ops.cast(ops.argmax(last, axis=-1), "int32")
    (tags,), _ = _back_scan((final,), (ops.flip(pointers, axis=1),))
    return ops.flip(tags, axis=1), ops.max(last, axis=-1)


def _full(potentials):
    """Return potentials in a type that sums can be made in."""
    potentials = ops.convert_to_tensor(potentials)
    double = keras.backend.standardize_dtype(potentials.dtype) == "float64"
    return ops.cast(potentials, "float64" if double else "float32")


def _start(potentials):
    """Return the sums before the first step: there is one path, and it is at tag 0."""
    first = ops.zeros_like(potentials[:, 0, 0])
    return ops.where(ops.arange(potentials.shape[-1]) == 0, first, FORBIDDEN)


def _tag_before(tags):
    """Return the last tag before each step that is not negative, else 0: (batch, time)."""
    counts = ops.cast(tags >= 0, "int32")
    steps = ops.arange(ops.shape(tags)[1], dtype="int32")
    # The places of the tags that count, in their order, before those that do not: (batch, time).
    places = ops.argsort(ops.where(tags >= 0, steps, steps + ops.shape(tags)[1]), axis=1)
    earlier = ops.cumsum(counts, axis=1) - counts  # how many count before each step
    place = ops.take_along_axis(places, ops.maximum(earlier - 1, 0), axis=1)
    return ops.where(earlier > 0, ops.take_along_axis(tags, place, axis=1), 0)
