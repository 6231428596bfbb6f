"""The encoder of the BERT family: our Transformer encoder on three sums of embeddings."""

import keras
from keras import ops

from seqlib.layers import LearnedPositions, TransformerEncoder

PADDING = 0  # id of [PAD] in the vocabularies of the family


@keras.saving.register_keras_serializable("seqlib")
class BertEncoder(keras.Model):
    r"""Read pieces of words in both directions, one vector for each.

    $$h = \mathrm{encoder}\big(\mathrm{norm}(E_{x_t} + P_t + S_{s_t})\big)$$

    with a post-norm `TransformerEncoder`, learned positions $P$, and a vector $S$ for each of the
    *types* that tell a first sentence (0) from a second (1). `load_bert` makes one with trained
    weights; it can then be trained further like any model of Keras.

    Args:
        vocabulary: Number of pieces, ``[PAD]`` with id 0 among them.
        units: Size of a vector.
        num_layers: Number of blocks.
        num_heads: Number of heads.
        inner_dim: Size of the hidden layer in a block.
        max_length: Number of positions.
        types: Number of types.
        activation: Activation in the blocks; "gelu" is the exact one, by erf.
        norm_epsilon: What layer normalization adds to the variance.
        dropout: Share dropped in training, of the embeddings and of each sublayer's result.
        attention_dropout: Share of the attention weights that is dropped in training.
        has_pooler: Whether there is the layer that `pooled` applies.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        ids: $x$, (batch, time), pieces with ``[CLS]`` first.
        mask: (batch, time) of booleans, **True = real token**; what is not ``[PAD]`` where None.
        types: $s$, (batch, time); all 0 where None.
        training: Whether to apply dropout.

    Returns:
        $h$, (batch, time, units), which carries the mask.

    Example:
        >>> encoder = BertEncoder(
        ...     20, units=8, num_layers=1, num_heads=2, inner_dim=16, max_length=10
        ... )
        >>> tuple(encoder(ops.array([[2, 7, 8, 3, 0]])).shape)
        (1, 5, 8)

    Source:
        Devlin et al., BERT: pre-training of deep bidirectional Transformers (2019).
    """

    def __init__(
        self,
        vocabulary,
        *,
        units,
        num_layers,
        num_heads,
        inner_dim,
        max_length=512,
        types=2,
        activation="gelu",
        norm_epsilon=1e-12,
        dropout=0.0,
        attention_dropout=0.0,
        has_pooler=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.settings = {
            "vocabulary": vocabulary,
            "units": units,
            "num_layers": num_layers,
            "num_heads": num_heads,
            "inner_dim": inner_dim,
            "max_length": max_length,
            "types": types,
            "activation": activation,
            "norm_epsilon": norm_epsilon,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "has_pooler": has_pooler,
        }
        dtype = self.dtype_policy
        self.pieces = keras.layers.Embedding(vocabulary, units, name="pieces", dtype=dtype)
        self.types = keras.layers.Embedding(types, units, name="types", dtype=dtype)
        self.positions = LearnedPositions(max_length, name="positions", dtype=dtype)
        self.norm = keras.layers.LayerNormalization(epsilon=norm_epsilon, name="norm", dtype=dtype)
        self.drop = keras.layers.Dropout(dropout, name="drop", dtype=dtype)
        self.encoder = TransformerEncoder(
            num_layers,
            num_heads,
            inner_dim,
            activation=activation,
            norm_epsilon=norm_epsilon,
            dropout=dropout,
            attention_dropout=attention_dropout,
            name="encoder",
            dtype=dtype,
        )
        self.pooler = None
        if has_pooler:
            self.pooler = keras.layers.Dense(units, activation="tanh", name="pooler", dtype=dtype)
        self.supports_masking = True

    def build(self, ids_shape=None, types_shape=None):
        """Make all weights; none of their shapes depends on that of the inputs."""
        units = self.settings["units"]
        for embedding in (self.pieces, self.types):
            embedding.build((None, None))
        for layer in (self.positions, self.norm, self.encoder):
            layer.build((None, None, units))
        if self.pooler is not None:
            self.pooler.build((None, units))
        self.built = True

    def call(self, ids, mask=None, types=None, training=False):
        """Encode; see the class for arguments and returns."""
        mask = ops.not_equal(ids, PADDING) if mask is None else mask
        types = ops.zeros((1, 1), "int32") if types is None else types  # one vector for all
        x = self.positions(self.pieces(ids) + self.types(types))  # (batch, time, units)
        x = self.drop(self.norm(x), training=training)
        return self.encoder(x, mask=mask, training=training)

    def pooled(self, hidden):
        r"""Return $\tanh(h_0 W + b)$, (batch, units), trained to stand for the whole of $h$."""
        if self.pooler is None:
            raise ValueError(f"{self.name} was made with has_pooler=False, and has no pooler.")
        return self.pooler(hidden[:, 0])

    def compute_mask(self, ids, previous_mask=None):
        """Return the mask given, or else what is not ``[PAD]``."""
        return ops.not_equal(ids, PADDING) if previous_mask is None else previous_mask

    def compute_output_shape(self, ids_shape, types_shape=None):
        """Return the shape of the output."""
        return (*ids_shape, self.settings["units"])

    def get_config(self):
        """Return what makes this model again."""
        return {**super().get_config(), **self.settings}
