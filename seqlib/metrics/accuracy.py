"""The share of right tokens where sequences are padded."""

import keras
from keras import ops

from seqlib.losses import check_targets, token_weights


@keras.saving.register_keras_serializable("seqlib")
class MaskedAccuracy(keras.metrics.Metric):
    r"""Share of the tokens whose most likely id is the target, padding left out.

    $$\frac{\sum_{b,t} [y_{b,t} > 0]\,[\arg\max_v z_{b,t,v} = y_{b,t}]}
    {\sum_{b,t} [y_{b,t} > 0]}$$

    Both sums run over all batches since the last reset, so that each token counts the same however
    the batches are filled; the mean of the batches' accuracies would not be that.

    Args:
        name, dtype: As for every metric of Keras; the sums are in float32 where None.

    Call arguments:
        y_true: Ids of the targets, (batch, time), 0 or less for padding.
        y_pred: Logits or probabilities, (batch, time, vocabulary).
        sample_weight: Weight of each sentence, (batch,) or (batch, 1), or of each token,
            (batch, time) or (batch, time, 1).

    Example:
        >>> accuracy = MaskedAccuracy()
        >>> logits = ops.one_hot([[2, 3, 1]], 4)
        >>> accuracy.update_state([[2, 1, 0]], logits)
        >>> float(accuracy.result())
        0.5
    """

    def __init__(self, name="masked_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype or "float32")
        self.right = self.add_variable(shape=(), initializer="zeros", name="right")
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count the tokens of a batch."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        check_targets(y_true, y_pred)
        weights = token_weights(y_true, sample_weight, self.dtype)
        right = ops.argmax(y_pred, axis=-1) == ops.cast(y_true, "int32")  # (batch, time)
        self.right.assign_add(ops.sum(ops.cast(right, self.dtype) * weights))
        self.total.assign_add(ops.sum(weights))

    def result(self):
        """Return the share so far; 0 before the first real token."""
        return ops.divide_no_nan(self.right.value, self.total.value)
