"""One block of an encoder: self-attention, then a network at each position."""

import keras

from seqlib.layers.transformer.block import TransformerBlock


@keras.saving.register_keras_serializable("seqlib")
class TransformerEncoderBlock(TransformerBlock):
    r"""Let all positions look at one another, then think about each by itself.

    $$h = \mathrm{norm}(x + \mathrm{attention}(x, x)), \qquad
    y = \mathrm{norm}(h + \phi(h W_1 + b_1) W_2 + b_2)$$

    with `norm_first` the norms stand before attention and network instead. With a causal mask the
    block is that of a language model such as GPT.

    Args:
        num_heads: See `TransformerLayer`, which lists all settings.
        inner_dim: Likewise.
        **kwargs: Likewise.

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

    Raises:
        ValueError: If an argument has a value outside what is allowed, or `units` is no multiple of
            `num_heads` and `key_dim` is not given.

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
        self.attention = self.make_attention("attention", inputs_shape[-1], self.rotary, part=1)
        self.attention.build(inputs_shape, inputs_shape)
        self.attention_norm = self.make_norm("attention_norm")
        self.attention_norm.build(inputs_shape)
        self.build_network(inputs_shape)
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

        def attend(x):
            return self.attention(
                x,
                x,
                query_mask=mask,
                value_mask=mask,
                use_causal_mask=use_causal_mask,
                return_attention_scores=True,
                training=training,
            )

        x, weights = self.wrap(attend, inputs, self.attention_norm, training)
        x, _ = self.wrap(self.network, x, self.network_norm, training)
        return (x, weights) if return_attention_scores else x

    def compute_output_spec(self, inputs, *args, return_attention_scores=False, **kwargs):
        """Return shape and dtype of what a call returns."""
        output = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        batch, time = inputs.shape[:2]
        shape = (batch, self.num_heads, time, time)
        return output, keras.KerasTensor(shape, dtype=self.compute_dtype)
