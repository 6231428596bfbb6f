"""What the stacks of blocks share: their blocks, one after another, and the last normalisation."""

import keras

from seqlib.layers.arguments import checked_size
from seqlib.layers.transformer.settings import TransformerLayer


class TransformerStack(TransformerLayer):
    """Base class: blocks of one kind, whose outputs go into the next; `Block` is that kind.

    Where the norms come first (`norm_first`), nothing has normalised the last sum, so one more norm
    does.

    Args:
        num_layers: Number of blocks.
        num_heads: See `TransformerLayer`.
        inner_dim: Likewise.
        **kwargs: The other settings.
    """

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

    def run_blocks(self, x, *others, return_attention_scores, **how):
        """Return what the blocks make of `x`, and the weights of each where they are asked for."""
        all_weights = []
        for block in self.blocks:
            x, weights = block(x, *others, return_attention_scores=True, **how)
            all_weights.append(weights)
        x = self.normalised(x)
        return (x, all_weights) if return_attention_scores else x

    def normalised(self, x):
        """Return the last block's output, normalised where no norm has come after its sum."""
        return x if self.norm is None else self.norm(x)

    def compute_output_spec(self, inputs, *others, return_attention_scores=False, **kwargs):
        """Return shape and dtype of what a call returns."""
        specs = [
            block.compute_output_spec(inputs, *others, return_attention_scores=True, **kwargs)
            for block in self.blocks
        ]
        output = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        return (output, [weights for _, weights in specs]) if return_attention_scores else output

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "num_layers": self.num_layers}
