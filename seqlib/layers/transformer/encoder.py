"""The encoder: blocks on top of one another."""

import keras

from seqlib.layers.transformer.encoder_block import TransformerEncoderBlock
from seqlib.layers.transformer.stack import TransformerStack


@keras.saving.register_keras_serializable("seqlib")
class TransformerEncoder(TransformerStack):
    r"""Read a sequence: each block looks again, at what the one below made of it.

    $$x^{(n)} = \mathrm{block}_n(x^{(n-1)}), \qquad n = 1 \ldots N$$

    With `norm_first` nothing has normalised the last sum, so a last layer normalisation follows.
    The inputs must hold their positions already, unless `rotary` is set: blocks see a set, not a
    sequence.

    Args:
        num_layers: $N$, the number of blocks.
        num_heads: See `TransformerLayer`, which lists all settings.
        inner_dim: Likewise.
        **kwargs: Likewise.

    Call arguments:
        inputs: (batch, time, units).
        mask: (batch, time) of booleans, **True = real token**; the one that Keras carries along
            where None.
        use_causal_mask: Whether a position sees itself and those before it alone.
        return_attention_scores: Whether to return the attention weights as well.
        training: Whether to apply dropout.

    Returns:
        (batch, time, units), with the mask of the inputs; with `return_attention_scores` also a
        list of weights, one (batch, num_heads, time, time) for each block.

    Raises:
        ValueError: As `TransformerEncoderBlock`.

    Example:
        >>> from keras import ops
        >>> encoder = TransformerEncoder(2, num_heads=2, inner_dim=16)
        >>> tuple(encoder(ops.ones((1, 3, 8))).shape), len(encoder.blocks)
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
