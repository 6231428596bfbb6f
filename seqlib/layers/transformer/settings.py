"""What every part of a Transformer is made with."""

import keras

from seqlib.layers.arguments import checked_above, checked_rate, checked_size


class TransformerLayer(keras.Layer):
    """Hold the settings of blocks, and hand them on.

    Args:
        num_heads: Number of heads of each attention.
        inner_dim: Size of the hidden layer of the network.
        key_dim: Size of a head; the size of the inputs divided by `num_heads` where None.
        activation: Activation of the network.
        norm_first: False for post-norm, True for pre-norm; see `TransformerBlock`.
        norm_epsilon: What layer normalisation adds to the variance.
        use_bias: Whether projections and the network have biases.
        dropout: Share of each sublayer's result that is dropped in training, in [0, 1).
        attention_dropout: Share of the attention weights that is dropped in training.
        rotary: Whether self-attention turns queries and keys by their positions; see
            `RotaryPositions`.
        kernel_initializer: First values of the matrices.
        seed: Seed of the dropout.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Raises:
        ValueError: If an argument has a value outside what is allowed.
    """

    def __init__(
        self,
        num_heads,
        inner_dim,
        *,
        key_dim=None,
        activation="relu",
        norm_first=False,
        norm_epsilon=1e-6,
        use_bias=True,
        dropout=0.0,
        attention_dropout=0.0,
        rotary=False,
        kernel_initializer="glorot_uniform",
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = checked_size(self, "num_heads", num_heads)
        self.inner_dim = checked_size(self, "inner_dim", inner_dim)
        self.key_dim = None if key_dim is None else checked_size(self, "key_dim", key_dim)
        self.activation = keras.activations.get(activation)
        self.norm_first = bool(norm_first)
        self.norm_epsilon = checked_above(self, "norm_epsilon", norm_epsilon, 0)
        self.use_bias = bool(use_bias)
        self.dropout = checked_rate(self, "dropout", dropout)
        self.attention_dropout = checked_rate(self, "attention_dropout", attention_dropout)
        self.rotary = bool(rotary)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = seed
        self.supports_masking = True

    def settings(self):
        """Return the settings, as arguments of a block or a stack."""
        return {
            "num_heads": self.num_heads,
            "inner_dim": self.inner_dim,
            "key_dim": self.key_dim,
            "activation": keras.activations.serialize(self.activation),
            "norm_first": self.norm_first,
            "norm_epsilon": self.norm_epsilon,
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "rotary": self.rotary,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), **self.settings()}

    def seed_of(self, part):
        """Return a seed for a part, so that no two parts drop the same; None without a seed."""
        return None if self.seed is None else 1000 * self.seed + part

    def make_norm(self, name):
        """Return a layer normalisation made with the settings."""
        return keras.layers.LayerNormalization(
            epsilon=self.norm_epsilon, dtype=self.dtype_policy, name=name
        )

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        """Return the shape of the inputs."""
        return tuple(inputs_shape)
