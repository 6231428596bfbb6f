"""What training minimizes where sequences are padded: real tokens alone count."""

import keras
from keras import ops

from seqlib.compiled import BACKEND
from seqlib.layers.arguments import checked_rate
from seqlib.layers.ctc import label_lengths, log_likelihood
from seqlib.layers.keras_internals import mask_of
from seqlib.layers.linear_chain import log_partition, path_score

__all__ = ["CTC", "ChainCrossentropy", "MaskedCrossentropy", "ctc"]


def ctc(y_true, y_pred, frames=None, blank=0):
    r"""Return $-\log p$ of each row's labels, summed over all alignments with frames: (batch,).

    Args:
        y_true: Ids of the labels, (batch, labels), padded by the blank or by negative numbers.
        y_pred: Logits, (batch, time, classes).
        frames: Which frames are real: their number in each row, (batch,), or (batch, time) of
            booleans. None for all.
        blank: Id of the blank.

    Returns:
        The losses; inf with a gradient of zero where a row's labels do not fit in its frames.

    Example:
        >>> logits = ops.zeros((1, 3, 2))  # of 8 alignments all but --- and 1-1 read "1"
        >>> round(float(ctc([[1]], logits)[0]), 4)
        0.2877

    Source:
        Graves et al., Connectionist temporal classification (2006).
    """
    return -log_likelihood(y_pred, y_true, frames, blank)


@keras.saving.register_keras_serializable("seqlib")
class CTC(keras.losses.Loss):
    r"""Connectionist temporal classification: labels for a recording, without their places in it.

    A row costs $\ell = -\log p(l)$, in which $p(l)$ sums up all alignments of its labels with its
    frames (see `seqlib.layers.ctc`). The loss is the sum over the rows of a batch, divided by their
    number of labels; a row without any counts as one. Other than with `keras.losses.CTC`, frames
    that are padding cost nothing.

    Args:
        blank: Id of the blank, among the classes.
        infeasible_cost: What a row costs whose labels do not fit in its frames, without a gradient:
            inf, which shows in the history, or 0.0 to leave it out.
        name, dtype: As for every loss of Keras; computed in float32 where None.

    Call arguments:
        y_true: Ids of the labels, (batch, labels), padded by the blank or by negative numbers.
        y_pred: Logits, (batch, time, classes). The mask that they carry, (batch, time), says which
            frames are real.
        sample_weight: Weight of each row, (batch,) or (batch, 1).

    Example:
        >>> logits = ops.zeros((1, 3, 2))  # of 8 alignments all but --- and 1-1 read "1"
        >>> round(float(CTC()([[1]], logits)), 4)
        0.2877

    Source:
        Graves et al., Connectionist temporal classification (2006).
    """

    def __init__(self, blank=0, infeasible_cost=float("inf"), name="ctc", dtype=None):
        super().__init__(name=name, reduction=None, dtype=dtype or "float32")
        self.blank, self.infeasible_cost = blank, infeasible_cost

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the sum over the rows, a label's share of it."""
        y_true = ops.convert_to_tensor(y_true)
        losses = self.call(y_true, y_pred)
        labels = ops.maximum(label_lengths(y_true, self.blank), 1)
        return _share_of_each(losses, ops.cast(labels, losses.dtype), sample_weight)

    def call(self, y_true, y_pred):
        """Return the loss of each row, (batch,)."""
        frames = mask_of(y_pred)
        losses = ctc(y_true, ops.cast(y_pred, self.dtype), frames, self.blank)
        return ops.where(losses == float("inf"), self.infeasible_cost, losses)

    def get_config(self):
        """Return what makes the loss anew."""
        own = {"blank": self.blank, "infeasible_cost": self.infeasible_cost}
        return {**own, "name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("seqlib")
class ChainCrossentropy(keras.losses.Loss):
    r"""Negative log-likelihood of the right path through a chain, among all paths.

    With the log-potentials $\psi$ of `seqlib.layers.LinearChainCRF`, a sentence costs

    $$\ell = \log \sum_{y'} e^{s(y')} - s(y), \qquad s(y) = \sum_t \psi_t(y_{t-1}, y_t)$$

    and the loss is the sum over the sentences of a batch, divided by their number of real tokens,
    so that it compares with the cross-entropy of single tags. It is 0 where there is no token.

    Args:
        name, dtype: As for every loss of Keras; computed in float32 where None.

    Call arguments:
        y_true: Ids of the right tags, (batch, time), negative at masked steps and at no other.
        y_pred: Log-potentials, (batch, time, tags, tags).
        sample_weight: Weight of each sentence, (batch,) or (batch, 1).

    Example:
        >>> loss = ChainCrossentropy()
        >>> potentials = ops.zeros((1, 3, 2, 2))  # eight paths, all as likely: log 8 for 3 tokens
        >>> round(float(loss([[0, 1, 1]], potentials)), 4)
        0.6931

    Source:
        Lafferty, McCallum & Pereira, Conditional random fields (2001).
    """

    def __init__(self, name="chain_crossentropy", dtype=None):
        super().__init__(name=name, reduction=None, dtype=dtype or "float32")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the sum over the sentences, a real token's share of it."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        losses = self.call(y_true, y_pred)  # (batch,)
        tokens = ops.sum(ops.cast(y_true >= 0, losses.dtype), axis=1)
        return _share_of_each(losses, tokens, sample_weight)

    def call(self, y_true, y_pred):
        """Return the loss of each sentence, (batch,)."""
        if len(y_true.shape) != 2 or len(y_pred.shape) != 4:
            raise ValueError(
                "`y_true` must be ids of tags (batch, time), and `y_pred` log-potentials (batch, "
                f"time, tags, tags); got shapes {tuple(y_true.shape)} and {tuple(y_pred.shape)}."
            )
        potentials = ops.cast(y_pred, self.dtype)
        return log_partition(potentials) - path_score(potentials, y_true)

    def get_config(self):
        """Return what makes the loss anew."""
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("seqlib")
class MaskedCrossentropy(keras.losses.Loss):
    r"""Cross-entropy of logits with ids, padding left out, with label smoothing.

    With logits $z$ over a vocabulary of $V$, a token costs the cross-entropy with a target that
    gives $1 - \varepsilon$ to its id $y$ and spreads $\varepsilon$ evenly over all $V$ ids:

    $$\ell = \log \sum_v e^{z_v} - (1 - \varepsilon)\, z_y - \frac{\varepsilon}{V} \sum_v z_v$$

    and the loss is the mean over the tokens of the batch whose target is above 0:

    $$L = \frac{\sum_{b,t} [y_{b,t} > 0]\; \ell_{b,t}}{\sum_{b,t} [y_{b,t} > 0]}$$

    It is 0 where there is no such token. Half-precision logits are summed in float32. Smoothing
    keeps a model from growing ever larger logits; with it the least possible loss is not 0, so
    compare losses and perplexities with ``label_smoothing=0``.

    Args:
        label_smoothing: $\varepsilon$, from 0 up to but not including 1.
        name, dtype: As for every loss of Keras; computed in float32 where None.

    Call arguments:
        y_true: Ids of the targets, (batch, time), 0 for padding; also a negative number, such as
            PyTorch's -100.
        y_pred: Logits, (batch, time, vocabulary); a mask that they carry does not count.
        sample_weight: Weight of each sentence, (batch,) or (batch, 1), or of each token,
            (batch, time) or (batch, time, 1). The loss is then the weighted sum over the weighted
            number of tokens.

    Example:
        >>> loss = MaskedCrossentropy()
        >>> logits = ops.zeros((1, 3, 4))  # all four ids are as likely: log 4
        >>> round(float(loss([[2, 3, 0]], logits)), 4)
        1.3863

    Source:
        Szegedy et al., Rethinking the Inception architecture for computer vision (2016), section 7.
    """

    def __init__(self, label_smoothing=0.0, name="masked_crossentropy", dtype=None):
        # The mean over real tokens is taken in `__call__`: what Keras would divide by is not it.
        super().__init__(name=name, reduction=None, dtype=dtype or "float32")
        self.label_smoothing = checked_rate(self, "label_smoothing", label_smoothing)

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the mean over real tokens."""
        y_true = ops.convert_to_tensor(y_true)
        weights = token_weights(y_true, sample_weight, self.dtype)
        losses = self.call(y_true, ops.convert_to_tensor(y_pred))
        return share_of_replica(ops.sum(losses * weights), ops.sum(weights))

    def call(self, y_true, y_pred):
        """Return the loss of each token, (batch, time), 0 at padding."""
        check_targets(y_true, y_pred)
        logits = ops.cast(y_pred, self.dtype)
        is_real = y_true > 0
        targets = ops.where(is_real, ops.cast(y_true, "int32"), 0)
        # One operation with its own gradient; that of picking out z_y alone costs several times it.
        losses = ops.sparse_categorical_crossentropy(targets, logits, from_logits=True)
        if self.label_smoothing:
            spread = ops.logsumexp(logits, axis=-1) - ops.mean(logits, axis=-1)
            losses = (1 - self.label_smoothing) * losses + self.label_smoothing * spread
        return ops.where(is_real, losses, ops.zeros_like(losses))

    def get_config(self):
        """Return what makes the loss anew."""
        return {"label_smoothing": self.label_smoothing, "name": self.name, "dtype": self.dtype}


def _share_of_each(losses, counts, sample_weight):
    """Return the sum of the losses, (batch,), over the sum of the counts, both weighted."""
    if sample_weight is not None:
        weights = ops.cast(ops.convert_to_tensor(sample_weight), losses.dtype)
        if len(weights.shape) > 2 or (len(weights.shape) == 2 and weights.shape[1] != 1):
            raise _refused_weights(weights, "(batch,) or (batch, 1), one for each sequence")
        weights = ops.reshape(weights, (-1,))
        losses, counts = losses * weights, counts * weights
    return share_of_replica(ops.sum(losses), ops.sum(counts))


def share_of_replica(total, count):
    """Return the mean, of which each replica of a `tf.distribute` strategy gives its share."""
    # Keras's losses do the same: the gradients of all replicas are added up.
    return ops.divide_no_nan(total, count) / BACKEND.replicas()


def token_weights(y_true, sample_weight, dtype):
    """Return the weight of each token, 0 at padding, (batch, time)."""
    weights = ops.cast(y_true > 0, dtype)
    if sample_weight is None:
        return weights
    given = ops.cast(ops.convert_to_tensor(sample_weight), dtype)
    rank = len(given.shape)
    if rank > 3 or (rank == 3 and given.shape[-1] != 1):
        raise _refused_weights(given, "(batch,), (batch, 1), (batch, time) or (batch, time, 1)")
    if rank == 1:
        given = given[:, None]
    return weights * (given[:, :, 0] if rank == 3 else given)


def _refused_weights(given, allowed):
    return ValueError(f"`sample_weight` has the shape {tuple(given.shape)}. Allowed: {allowed}.")


def check_targets(y_true, y_pred):
    """Raise ValueError where targets and logits do not go together."""
    got = f"got shapes {tuple(y_true.shape)} and {tuple(y_pred.shape)}."
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3:
        raise ValueError(
            "`y_true` must be ids (batch, time), not one-hot, and `y_pred` logits (batch, time, "
            f"vocabulary); {got}"
        )
    pairs = zip(y_true.shape, y_pred.shape[:2], strict=True)
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ValueError(f"`y_true` and `y_pred` must have the same batch and time; {got}")
