"""What the two kinds of block share: how a sublayer is wrapped, and the network."""

import keras

from seqlib.layers.arguments import clone_initializer
from seqlib.layers.attention import MultiHeadAttention
from seqlib.layers.fused.gelu import fast_activation
from seqlib.layers.transformer.settings import TransformerLayer


class TransformerBlock(TransformerLayer):
    r"""Sublayers, each with a sum and a normalisation around it.

    A sublayer $f$ is attention, or a network applied to each position by itself. Its result is
    added to what came in, and layer normalisation keeps the sum in bounds: after the sum, as in the
    paper, or before the sublayer, which trains more easily when there are many blocks.

    $$y = \mathrm{norm}(x + f(x)) \quad \text{(post-norm)}, \qquad
    y = x + f(\mathrm{norm}(x)) \quad \text{(pre-norm)}$$

    Args:
        *args: See `TransformerLayer`.
        **kwargs: Likewise.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = keras.random.SeedGenerator(self.seed_of(0))

    def make_attention(self, name, units, rotary, part):
        """Return an attention made with the settings.

        Args:
            name: Its name.
            units: Size of the inputs.
            rotary: Whether it turns queries and keys.
            part: Number of this part of the layer, for the seed.

        Returns:
            `MultiHeadAttention`, not built yet.
        """
        if self.key_dim is None and units % self.num_heads:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: vectors of size {units} cannot be shared "
                f"out among {self.num_heads} heads. Allowed: a multiple of `num_heads`, or a "
                "`key_dim`."
            )
        return MultiHeadAttention(
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

    def wrap(self, sublayer, x, norm, training=False):
        """Apply a sublayer with its sum and its normalisation; see the class.

        Args:
            sublayer: Function of a tensor that returns one of the same shape and something beside
                it, such as attention weights.
            x: (batch, time, units).
            norm: The normalisation that belongs to the sublayer.
            training: Whether to apply dropout.

        Returns:
            $y$, (batch, time, units), and what the sublayer returned beside.
        """
        y, beside = sublayer(norm(x) if self.norm_first else x)
        if training and self.dropout:
            y = keras.random.dropout(y, self.dropout, seed=self.seed_generator)
        return (x + y if self.norm_first else norm(x + y)), beside

    def build_network(self, inputs_shape):
        """Make the network and its normalisation for (batch, time, units)."""
        made = {"use_bias": self.use_bias, "dtype": self.dtype_policy}
        self.inner = keras.layers.Dense(
            self.inner_dim,
            activation=fast_activation(self.activation),
            kernel_initializer=clone_initializer(self.kernel_initializer),
            name="inner",
            **made,
        )
        self.outer = keras.layers.Dense(
            inputs_shape[-1],
            kernel_initializer=clone_initializer(self.kernel_initializer),
            name="outer",
            **made,
        )
        self.network_norm = self.make_norm("network_norm")
        self.inner.build(inputs_shape)
        self.outer.build((*inputs_shape[:-1], self.inner_dim))
        self.network_norm.build(inputs_shape)

    def network(self, x):
        r"""Return $\phi(x W_1 + b_1) W_2 + b_2$, and nothing beside."""
        return self.outer(self.inner(x)), None
