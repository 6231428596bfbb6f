"""The encoder: blocks of self-attention and a network at each position, on top of one another."""

import keras

from seqlib.layers.transformer.base import TransformerBlock, TransformerStack


@keras.saving.register_keras_serializable("seqlib")
class TransformerEncoderBlock(TransformerBlock):
    r"""Let all positions look at one another, then think about each by itself.

    $$h = \mathrm{norm}(x + \mathrm{attention}(x, x)), \qquad
    y = \mathrm{norm}(h + \phi(h W_1 + b_1) W_2 + b_2)$$

    with `norm_first` the norms stand before attention and network instead. With a causal mask the
    block is that of a language model such as GPT.

    Args:
        num_heads: Number of heads.
        inner_dim: Size of the hidden layer of the network.
        **kwargs: The other settings; see `TransformerLayer`.

    Call arguments:
        inputs: $x$, (batch, time, units).
        mask: (batch, time) of booleans, **True = real token**. Nothing attends to padding. Where
            none is given, the one that Keras carries along counts.
        use_causal_mask: Whether a position sees itself and those before it alone.
        return_attention_scores: Whether to return the attention weights as well.
        training: Whether to apply dropout.

    Returns:
        $y$, (batch, time, units), with the mask of the inputs; with `return_attention_scores` also
        the weights, (batch, num_heads, time, time). A row that is all padding stays finite.

    Example:
        >>> from keras import ops
        >>> block = TransformerEncoderBlock(num_heads=2, inner_dim=16)
        >>> x, mask = ops.ones((1, 3, 8)), ops.array([[True, True, False]])
        >>> y, weights = block(x, mask=mask, return_attention_scores=True)
        >>> tuple(y.shape), ops.convert_to_numpy(weights)[0, 0, 0].tolist()
        ((1, 3, 8), [0.5, 0.5, 0.0])

    Source:
        Vaswani et al., Attention is all you need (2017); pre-norm: Xiong et al., On layer
        normalization in the Transformer architecture (2020).
    """

    def build(self, inputs_shape):
        """Make the parts for (batch, time, units)."""
        self.attention = self.make_attention(
            "attention", inputs_shape, inputs_shape, self.rotary, part=1
        )
        self.attention_norm = self.make_norm("attention_norm", inputs_shape)
        self.build_feed_forward(inputs_shape)
        self.built = True

    def call(
        self,
        inputs,
        mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        training=False,
    ):
        """Encode; see the class for arguments and returns."""
        options = {"return_attention_scores": True, "training": training}
        masks = {"query_mask": mask, "value_mask": mask, "use_causal_mask": use_causal_mask}

        def attend(x):
            return self.attention(x, x, **masks, **options)

        x, weights = self.residual(attend, inputs, self.attention_norm, training)
        x, _ = self.residual(self.feed_forward, x, self.network_norm, training)
        return (x, weights) if return_attention_scores else x


@keras.saving.register_keras_serializable("seqlib")
class TransformerEncoder(TransformerStack):
    r"""Read a sequence: each block looks again, at what the one below made of it.

    $$x^{(n)} = \mathrm{block}_n(x^{(n-1)}), \qquad n = 1 \ldots N$$

    With `norm_first` a last layer normalization follows. The inputs must hold their positions
    already, unless `rotary` is set: blocks see a set, not a sequence.

    Args:
        num_layers: $N$, the number of blocks.
        num_heads: Number of heads of each.
        inner_dim: Size of the hidden layer of each network.
        **kwargs: The other settings; see `TransformerLayer`.

    Call arguments and returns are those of `TransformerEncoderBlock`, but the weights are
    returned as a list, one (batch, num_heads, time, time) for each block.

    Example:
        >>> encoder = TransformerEncoder(2, num_heads=2, inner_dim=16)
        >>> tuple(encoder(keras.ops.ones((1, 3, 8))).shape), len(encoder.blocks)
        ((1, 3, 8), 2)

    Source:
        Vaswani et al., Attention is all you need (2017).
    """

    Block = TransformerEncoderBlock

    def build(self, inputs_shape):
        """Make the blocks for (batch, time, units)."""
        self.build_blocks(inputs_shape)

    def call(
        self,
        inputs,
        mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        training=False,
    ):
        """Encode; see the class for arguments and returns."""
        return self.run_blocks(
            inputs,
            mask=mask,
            use_causal_mask=use_causal_mask,
            return_attention_scores=return_attention_scores,
            training=training,
        )
