"""The encoder: blocks on top of one another."""

import keras

from seqlib.layers.arguments import checked_size
from seqlib.layers.transformer.encoder_block import TransformerEncoderBlock
from seqlib.layers.transformer.settings import TransformerLayer


@keras.saving.register_keras_serializable("seqlib")
class TransformerEncoder(TransformerLayer):
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

    def __init__(self, num_layers, num_heads, inner_dim, **kwargs):
        super().__init__(num_heads, inner_dim, **kwargs)
        self.num_layers = checked_size(self, "num_layers", num_layers)
        self.blocks = [
            TransformerEncoderBlock(
                **{**self.settings(), "seed": self.seed_of(n)},
                dtype=self.dtype_policy,
                name=f"block_{n}",
            )
            for n in range(self.num_layers)
        ]
        self.norm = self.make_norm("norm") if self.norm_first else None

    def build(self, inputs_shape):
        """Make the blocks for (batch, time, units)."""
        for layer in [*self.blocks, *([self.norm] if self.norm else [])]:
            layer.build(inputs_shape)
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
        x, all_weights = inputs, []
        for block in self.blocks:
            x, weights = block(
                x,
                mask=mask,
                use_causal_mask=use_causal_mask,
                return_attention_scores=True,
                training=training,
            )
            all_weights.append(weights)
        if self.norm is not None:
            x = self.norm(x)
        return (x, all_weights) if return_attention_scores else x

    def compute_output_spec(self, inputs, *args, return_attention_scores=False, **kwargs):
        """Return shape and dtype of what a call returns."""
        specs = [
            block.compute_output_spec(inputs, return_attention_scores=True) for block in self.blocks
        ]
        output = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        return (output, [weights for _, weights in specs]) if return_attention_scores else output

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "num_layers": self.num_layers}
