r"""All alignments of labels with frames, summed up, and the best of them.

A recognizer says at each of $T$ frames how likely each class is, $y_{t,k}$, the softmax of logits
$z_t$; one of the classes is the *blank*. An alignment names a class for every frame. It reads as
the labels $l$ that are left when repeated classes are merged and blanks then taken out:
`--hh-e-l-lloo` reads `hello`. So the labels between blanks, $l' = (-, l_1, -, l_2, \ldots, l_L,
-)$, are the states of a chain, which begins in one of the first two, ends in one of the last two,
and goes at each frame

* on in the same state,
* to the next one,
* or past a blank to the label after it, if that is not the label before: both would be merged.

$$\alpha_t(s) = y_{t, l'_s} \big(\alpha_{t-1}(s) + \alpha_{t-1}(s - 1) +
[l'_s \ne -,\ l'_s \ne l'_{s-2}]\; \alpha_{t-1}(s - 2)\big),
\qquad p(l) = \alpha_T(2L) + \alpha_T(2L + 1)$$

All is added up as logarithms in float32, or in float64 where the logits are.

Source:
    Graves et al., Connectionist temporal classification (2006).
"""

import keras
from keras import ops

from seqlib.compiled import BACKEND, length_to_compile_for, pad_time, xla_available
from seqlib.layers.arguments import checked_mask
from seqlib.layers.fused import ctc as kernel
from seqlib.layers.fused.ctc import IMPOSSIBLE, emissions, ends, start, ways_into
from seqlib.layers.fused.scan import Scan


def log_likelihood(logits, labels, frames=None, blank=0):
    r"""Return $\log p(l)$ of each row, (batch,).

    It is -inf where the labels do not fit in the frames, with a gradient of zero, and NaN where an
    id is none of the classes.

    Args:
        logits: $z$, (batch, time, classes).
        labels: Ids of classes, (batch, labels); the blank and negative numbers are padding.
        frames: Which frames are real: their number in each row, (batch,), or (batch, time) of
            booleans. None for all.
        blank: Id of the blank.

    Example:
        >>> logits = ops.zeros((1, 3, 2))  # three fair coins: blank or 1
        >>> round(float(ops.exp(log_likelihood(logits, [[1]])[0])), 4)  # all but ---, 1-1
        0.75
    """
    logits, labels, mask = _checked(logits, labels, frames, blank)
    if _has_kernel():
        labels = pad_time(labels + 1, length_to_compile_for(labels)) - 1  # -1 is padding
        length = length_to_compile_for(logits)
        steps = None if length is None else ops.shape(logits)[1]
        mask, logits = pad_time(mask, length), pad_time(logits, length)
        states, skips, lengths = _lattice(labels, blank)
        found = kernel.log_likelihood(logits, states, skips, lengths, mask, steps)
    else:
        states, skips, lengths = _lattice(labels, blank)
        first, emitted = start(logits, states), emissions(logits, states)
        _, (last,) = _sum_scan((first,), (emitted,), (skips,), mask=mask, training=True)
        found = ops.logsumexp(last + ends(logits, states, lengths), axis=1)
    found = ops.where(found > IMPOSSIBLE / 2, found, float("-inf"))
    is_known = ops.all(labels < logits.shape[-1], axis=1)
    return ops.where(is_known, found, float("nan"))


def best_alignment(logits, labels, frames=None, blank=0):
    """Return the most likely alignment, by the Viterbi algorithm, and its log-probability.

    The arguments are those of `log_likelihood`.

    Returns:
        The place in `labels` that each frame belongs to, (batch, time) of int32, -1 at blanks,
        at frames that are not real and where the labels do not fit; and the logarithm of its
        probability, (batch,), -inf where they do not.

    Example:
        >>> spikes = ops.log([[[0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]])
        >>> places, _ = best_alignment(spikes, [[1, 2]])
        >>> ops.convert_to_numpy(places).tolist()
        [[0, -1, 1]]
    """
    logits, labels, mask = _checked(logits, labels, frames, blank)
    states, skips, lengths = _lattice(labels, blank)
    logits = ops.stop_gradient(logits)
    first, emitted = start(logits, states), emissions(logits, states)
    (jumps,), (last,) = _best_scan((first,), (emitted,), (skips,), mask=mask)
    last = last + ends(logits, states, lengths)
    best, end = ops.max(last, axis=1), ops.cast(ops.argmax(last, axis=1), "int32")
    reverse = None if mask is None else ops.flip(mask, axis=1)
    (places,), _ = _back_scan((end,), (ops.flip(jumps, axis=1),), mask=reverse)
    places = ops.flip(places, axis=1)  # (batch, time): of states
    is_label, is_possible = places % 2 == 1, best > IMPOSSIBLE / 2
    is_label = ops.logical_and(is_label, is_possible[:, None])
    return (
        ops.where(is_label, places // 2, -1),
        ops.where(is_possible, best, float("-inf")),
    )


def _sum_step(states, slices, constants):
    """Add up the ways into every state of a frame."""
    (so_far,), (emitted,), (skips,) = states, slices, constants
    ways = ops.stack(ways_into(so_far, skips), axis=-1)  # (batch, states, 3)
    so_far = ops.logsumexp(ways, axis=-1) + emitted
    return (so_far,), (so_far,)


def _best_step(states, slices, constants):
    """Take the best way into every state of a frame, and keep how many states it jumps."""
    (so_far,), (emitted,), (skips,) = states, slices, constants
    ways = ops.stack(ways_into(so_far, skips), axis=-1)
    return (ops.cast(ops.argmax(ways, axis=-1), "int32"),), (ops.max(ways, axis=-1) + emitted,)


def _back_step(states, slices, _):
    """Go a frame back along the best way."""
    (place,), (jumps,) = states, slices
    jump = ops.take_along_axis(jumps, place[:, None], axis=1)[:, 0]
    return (place,), (place - jump,)


_sum_scan, _best_scan, _back_scan = Scan(_sum_step), Scan(_best_step), Scan(_back_step)


def _has_kernel():
    if BACKEND.name == "tensorflow" and BACKEND.is_eager():
        return False
    return BACKEND.name != "torch" and xla_available()


def label_lengths(labels, blank):
    """Return how many labels each row has, padding left out, (batch,)."""
    return ops.sum(ops.cast(_is_label(labels, blank), "int32"), axis=1)


def _is_label(labels, blank):
    return ops.logical_and(labels >= 0, labels != blank)


def _lattice(labels, blank):
    """Return the class of each state, whether it may be reached past a blank, and the lengths."""
    # Labels first, padding after them, which becomes blank.
    is_label = _is_label(labels, blank)
    place = ops.arange(ops.shape(labels)[1], dtype="int32")
    order = ops.argsort(ops.where(is_label, place, place + ops.shape(labels)[1]), axis=1)
    labels = ops.take_along_axis(ops.where(is_label, labels, blank), order, axis=1)
    blanks = ops.full_like(labels, blank)
    between = ops.reshape(ops.stack([blanks, labels], axis=2), (ops.shape(labels)[0], -1))
    states = ops.concatenate([between, blanks[:, :1]], axis=1)  # (batch, 2 * labels + 1)
    before = ops.concatenate([blanks[:, :1], blanks[:, :1], states[:, :-2]], axis=1)
    skips = ops.logical_and(states != blank, states != before)
    return states, skips, label_lengths(labels, blank)


def _checked(logits, labels, frames, blank):
    """Return logits to add up, labels, and which frames are real or None; refuse what is not."""
    labels = ops.convert_to_tensor(labels)
    logits = checked_logits(logits, blank)
    if len(labels.shape) != 2:
        raise ValueError(
            "`labels` must be ids (batch, labels), not one-hot; got the shape "
            f"{tuple(labels.shape)}."
        )
    return logits, ops.cast(labels, "int32"), real_frames(logits, frames)


def checked_logits(logits, blank):
    """Return logits in a type to add up in; refuse what is not (batch, time, classes)."""
    logits = ops.convert_to_tensor(logits)
    if len(logits.shape) != 3:
        raise ValueError(
            f"`logits` must be (batch, time, classes); got the shape {tuple(logits.shape)}."
        )
    classes = logits.shape[-1]
    if not 0 <= blank < classes:
        raise ValueError(f"`blank` got {blank!r}. Allowed: an id below {classes}, the classes.")
    double = keras.backend.standardize_dtype(logits.dtype) == "float64"
    return ops.cast(logits, "float64" if double else "float32")


def real_frames(logits, frames):
    """Return which frames are real, (batch, time) of booleans, or None for all."""
    if frames is None:
        return None
    frames = ops.convert_to_tensor(frames)
    if len(frames.shape) == 2:
        sizes = dict(zip(("batch", "time"), logits.shape, strict=False))
        return checked_mask("frames", frames, sizes, one_for_all=())
    if len(frames.shape) != 1:
        raise ValueError(
            f"`frames` has the shape {tuple(frames.shape)}. Allowed: the number of real frames in "
            "each row, (batch,), or which are real, (batch, time)."
        )
    return ops.arange(ops.shape(logits)[1]) < ops.cast(frames, "int32")[:, None]
