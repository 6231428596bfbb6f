"""A conditional random field over a chain: tags that are chosen together, not one by one."""

import keras
import numpy as np
from keras import ops

from seqlib.layers.linear_chain import FORBIDDEN, best_path


@keras.saving.register_keras_serializable("seqlib")
class LinearChainCRF(keras.layers.Layer):
    r"""Turn scores of tags into scores of whole paths through them.

    A path $y = (y_1 \ldots y_T)$ is scored by the scores $e_{t,j}$ of its tags and by how well each
    tag goes after the one before, which the layer learns, together with where paths begin and end:

    $$s(y) = b_{y_1} + \sum_{t=1}^{T} e_{t, y_t} + \sum_{t=2}^{T} A_{y_{t-1}, y_t} + d_{y_T},
    \qquad p(y) = \frac{e^{s(y)}}{\sum_{y'} e^{s(y')}}$$

    The layer returns the *log-potentials* $\psi_t(i, j) = A_{i,j} + e_{t,j}$, with $b$ in place of
    $A$ at a row's first real step and $d$ added at its last. They hold all that is needed:
    `seqlib.losses.ChainCrossentropy` trains on them, `BestPath` finds the best tags, and
    `seqlib.layers.linear_chain` has the sums behind both. Masked steps get potentials that leave
    every path where it is, so nothing after this layer needs the mask.

    Args:
        allowed: Which tags may follow which, an array of booleans (tags + 1, tags + 1): a row for
            each tag before and a last one for the beginning, a column for each tag after and a last
            one for the end; `allowed_in_iob2` makes one of labels. A forbidden step scores
            `FORBIDDEN` whatever is learned. None to allow all.
        transition_initializer: Of $A$, $b$ and $d$.
        transition_regularizer: Likewise.
        **kwargs: `name`, `dtype` and the like.

    Call arguments:
        inputs: $e$, (batch, time, tags), logits such as those of a `Dense` layer.
        mask: (batch, time), True = real step, or None. Any steps of a row may be masked, at its
            beginning or in the middle too; the path then goes on from the real step before.

    Returns:
        $\psi$, (batch, time, tags, tags).

    Example:
        >>> labels = ["O", "B-PER", "I-PER"]
        >>> inputs = keras.Input((None, 3))
        >>> potentials = LinearChainCRF(allowed_in_iob2(labels))(inputs)
        >>> tagger = keras.Model(inputs, BestPath()(potentials))
        >>> scores = np.array([[[0.0, 1.0, 2.0], [0.0, 0.0, 3.0], [5.0, 0.0, 0.0]]])
        >>> tags = tagger.predict(scores, verbose=0)  # tag by tag it would be I-PER, I-PER, O
        >>> [labels[tag] for tag in tags[0]]
        ['B-PER', 'I-PER', 'O']

    Source:
        Lafferty, McCallum & Pereira, Conditional random fields (2001); on top of a bidirectional
        LSTM: Lample et al., Neural architectures for named entity recognition (2016).
    """

    def __init__(
        self,
        allowed=None,
        transition_initializer="glorot_uniform",
        transition_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if allowed is not None:
            allowed = np.asarray(allowed, dtype=bool)
            if allowed.ndim != 2 or allowed.shape[0] != allowed.shape[1] or len(allowed) < 2:
                raise ValueError(
                    f"`allowed` has the shape {allowed.shape}. Allowed: (tags + 1, tags + 1), the "
                    "last row for the beginning and the last column for the end."
                )
        self.allowed = allowed
        self.transition_initializer = keras.initializers.get(transition_initializer)
        self.transition_regularizer = keras.regularizers.get(transition_regularizer)
        self.supports_masking = True

    def build(self, input_shape):
        """Make the weights: what it scores to go from tag to tag, to begin and to end with one."""
        tags = input_shape[-1]
        if self.allowed is not None and len(self.allowed) != tags + 1:
            raise ValueError(
                f"`allowed` is for {len(self.allowed) - 1} tags, but the inputs have {tags}: "
                f"{tuple(input_shape)}."
            )
        for name, shape, first in (
            ("transitions", (tags, tags), self.transition_initializer),
            ("begin", (tags,), "zeros"),
            ("end", (tags,), "zeros"),
        ):
            weight = self.add_weight(
                name=name, shape=shape, initializer=first, regularizer=self.transition_regularizer
            )
            setattr(self, name, weight)

    def transition_scores(self):
        """Return $A$, $b$ and $d$ with what is forbidden set in: (tags, tags), (tags,), (tags,)."""
        weights = [
            ops.cast(w, self.compute_dtype) for w in (self.transitions, self.begin, self.end)
        ]
        if self.allowed is None:
            return weights
        parts = self.allowed[:-1, :-1], self.allowed[-1, :-1], self.allowed[:-1, -1]
        return [ops.where(*both, FORBIDDEN) for both in zip(parts, weights, strict=True)]

    def call(self, inputs, mask=None):
        """Return the log-potentials; see the class."""
        between, begin, end = self.transition_scores()
        tags = inputs.shape[-1]
        real = ops.ones_like(inputs[:, :, 0], dtype="bool") if mask is None else mask
        count = ops.cumsum(ops.cast(real, "int32"), axis=1)  # (batch, time): real steps so far
        first = ops.logical_and(real, count == 1)
        last = ops.logical_and(real, count == count[:, -1:])
        # (batch, time, tag before, tag)
        came = ops.where(first[:, :, None, None], begin, between)
        leaves = ops.where(last[:, :, None], end, ops.zeros_like(end))
        potentials = came + (inputs + leaves)[:, :, None]
        if mask is None:
            return potentials
        stay = ops.cast(np.where(np.eye(tags, dtype=bool), 0.0, FORBIDDEN), potentials.dtype)
        return ops.where(ops.cast(real, "bool")[:, :, None, None], potentials, stay)

    def compute_output_shape(self, input_shape):
        """Return the shape of the log-potentials."""
        return (*input_shape, input_shape[-1])

    def get_config(self):
        """Return the arguments."""
        return {
            **super().get_config(),
            "allowed": None if self.allowed is None else self.allowed.tolist(),
            "transition_initializer": keras.initializers.serialize(self.transition_initializer),
            "transition_regularizer": keras.regularizers.serialize(self.transition_regularizer),
        }


@keras.saving.register_keras_serializable("seqlib")
class BestPath(keras.layers.Layer):
    r"""Return the tags with the highest score together, by the Viterbi algorithm.

    $$\hat y = \arg\max_y \sum_t \psi_t(y_{t-1}, y_t)$$

    Call arguments:
        inputs: $\psi$, (batch, time, tags, tags), such as `LinearChainCRF` returns.

    Returns:
        $\hat y$, (batch, time) of int32. At a masked step the tag has no meaning.

    Example:
        >>> potentials = np.log([[[[3.0, 1.0]] * 2, [[1.0, 1.0], [1.0, 7.0]]]])
        >>> ops.convert_to_numpy(BestPath()(potentials)).tolist()
        [[1, 1]]

    Source:
        Viterbi, Error bounds for convolutional codes (1967).
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        """Return the best tags; see the class."""
        return best_path(inputs)[0]

    def compute_output_spec(self, inputs):
        """Return the shape and type of the tags."""
        return keras.KerasTensor(inputs.shape[:2], dtype="int32")

    def compute_output_shape(self, input_shape):
        """Return the shape of the tags."""
        return tuple(input_shape[:2])


def allowed_in_iob2(labels):
    """Return which labels may follow which in IOB2, as `LinearChainCRF` takes it.

    An entity's inside comes after its own kind. The array is (labels + 1, labels + 1) of bool.

    Example:
        >>> allowed_in_iob2(["O", "B-PER", "I-PER"]).astype(int).tolist()
        [[1, 1, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 1]]
    """
    labels = list(labels)
    for label in labels:
        if label != "O" and label[:2] not in ("B-", "I-"):
            raise ValueError(f"`labels` has {label!r}. Allowed: 'O', 'B-...' and 'I-...'.")
    allowed = np.ones((len(labels) + 1, len(labels) + 1), bool)
    for column, label in enumerate(labels):
        if label.startswith("I-"):
            kind = label[2:]
            allowed[:-1, column] = [before in (f"B-{kind}", f"I-{kind}") for before in labels]
            allowed[-1, column] = False  # nothing begins inside
    return allowed
