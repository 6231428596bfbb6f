"""What blocks and stacks of a Transformer share: settings, residual connections, the network."""

import keras

from seqlib.layers.arguments import checked_above, checked_rate, checked_size, clone_initializer
from seqlib.layers.attention import MultiHeadAttention
from seqlib.layers.fused.gelu import fast_activation


class TransformerLayer(keras.Layer):
    """Hold the settings of blocks, and hand them on.

    Args:
        num_heads: Number of heads of each attention.
        inner_dim: Size of the hidden layer of the feed-forward network.
        key_dim: Size of a head; the size of the inputs divided by `num_heads` where None.
        activation: Activation of the network.
        norm_first: False for post-norm, True for pre-norm; see `TransformerBlock`.
        norm_epsilon: What layer normalization adds to the variance.
        use_bias: Whether projections and the network have biases.
        dropout: Share of each sublayer's result that is dropped in training, in [0, 1).
        attention_dropout: Share of the attention weights that is dropped in training.
        rotary: Whether self-attention rotates queries and keys by their positions; see
            `RotaryPositions`.
        kernel_initializer: First values of the matrices.
        seed: Seed of the dropout.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.
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

    def make_norm(self, name, inputs_shape=None):
        """Return a layer normalization made with the settings, built if there is a shape."""
        norm = keras.layers.LayerNormalization(
            epsilon=self.norm_epsilon, dtype=self.dtype_policy, name=name
        )
        if inputs_shape is not None:
            norm.build(inputs_shape)
        return norm

    def compute_output_shape(self, inputs_shape, *memory_shape):
        """Return the shape of the inputs."""
        return tuple(inputs_shape)

    def compute_output_spec(self, *args, return_attention_scores=False, **kwargs):
        """Return shape and dtype of what a call returns."""
        if not return_attention_scores:
            return super().compute_output_spec(*args, **kwargs)
        # Keras finds out by tracing the call, which takes a second or two for several blocks.
        return keras.Operation.compute_output_spec(
            self, *args, return_attention_scores=True, **kwargs
        )


class TransformerBlock(TransformerLayer):
    r"""Sublayers, each with a residual connection and a normalization around it.

    A sublayer $f$ is attention, or a network applied to each position by itself. Its result is
    added to what came in, and layer normalization keeps the sum in bounds: after the sum, as in the
    paper, or before the sublayer, which trains more easily when there are many blocks.

    $$y = \mathrm{norm}(x + f(x)) \quad \text{(post-norm)}, \qquad
    y = x + f(\mathrm{norm}(x)) \quad \text{(pre-norm)}$$
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = keras.random.SeedGenerator(self.seed_of(0))

    def make_attention(self, name, inputs_shape, memory_shape, rotary, part):
        """Return a built attention to a memory; `part` is its number, for the seed."""
        units = inputs_shape[-1]
        if self.key_dim is None and units % self.num_heads:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: vectors of size {units} cannot be divided "
                f"among {self.num_heads} heads. Allowed: a multiple of `num_heads`, or a `key_dim`."
            )
        attention = MultiHeadAttention(
            self.num_heads,
            self.key_dim or units // self.num_heads,
            use_bias=self.use_bias,
            dropout=self.attention_dropout,
            rotary=rotary,
            kernel_initializer=clone_initializer(self.kernel_initializer),
            seed=self.seed_of(part),
            dtype=self.dtype_policy,
            name=name,
        )
        attention.build(inputs_shape, memory_shape)
        return attention

    def residual(self, sublayer, x, norm, training=False):
        """Return $y$ of the class, and what the sublayer returns beside $f(x)$, such as weights."""
        y, extra = sublayer(norm(x) if self.norm_first else x)
        if training and self.dropout:
            y = keras.random.dropout(y, self.dropout, seed=self.seed_generator)
        return (x + y if self.norm_first else norm(x + y)), extra

    def build_feed_forward(self, inputs_shape):
        """Make the network and its normalization for (batch, time, units)."""
        self.inner = keras.layers.Dense(
            self.inner_dim,
            activation=fast_activation(self.activation),
            use_bias=self.use_bias,
            kernel_initializer=clone_initializer(self.kernel_initializer),
            dtype=self.dtype_policy,
            name="inner",
        )
        self.outer = keras.layers.Dense(
            inputs_shape[-1],
            use_bias=self.use_bias,
            kernel_initializer=clone_initializer(self.kernel_initializer),
            dtype=self.dtype_policy,
            name="outer",
        )
        self.inner.build(inputs_shape)
        self.outer.build((*inputs_shape[:-1], self.inner_dim))
        self.network_norm = self.make_norm("network_norm", inputs_shape)

    def feed_forward(self, x):
        r"""Return $\phi(x W_1 + b_1) W_2 + b_2$, and nothing beside."""
        return self.outer(self.inner(x)), None


class TransformerStack(TransformerLayer):
    """Blocks of the class `Block` on top of one another; with pre-norm a last normalization."""

    Block = None

    def __init__(self, num_layers, num_heads, inner_dim, **kwargs):
        super().__init__(num_heads, inner_dim, **kwargs)
        self.num_layers = checked_size(self, "num_layers", num_layers)
        self.blocks = [
            self.Block(
                **{**self.settings(), "seed": self.seed_of(n)},
                dtype=self.dtype_policy,
                name=f"block_{n}",
            )
            for n in range(self.num_layers)
        ]
        self.norm = self.make_norm("norm") if self.norm_first else None

    def build_blocks(self, *shapes):
        """Make all weights, for the shapes that a block is built for."""
        for block in self.blocks:
            block.build(*shapes)
        if self.norm is not None:
            self.norm.build(shapes[0])
        self.built = True

    def run_blocks(self, x, *memory, return_attention_scores, **options):
        """Return what the blocks make of `x`, and the weights of each where they are asked for."""
        all_weights = []
        for block in self.blocks:
            x, weights = block(x, *memory, return_attention_scores=True, **options)
            all_weights.append(weights)
        x = self.final_norm(x)
        return (x, all_weights) if return_attention_scores else x

    def final_norm(self, x):
        """Return the last block's output, normalized with pre-norm."""
        return x if self.norm is None else self.norm(x)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "num_layers": self.num_layers}
