"""The decoder: blocks on top of one another, for whole sequences or step by step."""

import keras
from keras import ops

from seqlib.layers.transformer.decoder_block import TransformerDecoderBlock
from seqlib.layers.transformer.stack import TransformerStack


@keras.saving.register_keras_serializable("seqlib")
class TransformerDecoder(TransformerStack):
    r"""Write a sequence while looking at a source.

    $$x^{(n)} = \mathrm{block}_n(x^{(n-1)}, m), \qquad n = 1 \ldots N$$

    With `norm_first` a last layer normalisation follows. In training all positions are decoded at
    once. When a sequence is made token by token, `start` and `step` give the same numbers with far
    less work: keys and values of what was said are kept in a *cache*, and those of the source are
    computed once. Without it, every token would cost as much as the whole sequence so far.

    Args:
        num_layers: $N$, the number of blocks.
        num_heads: See `TransformerLayer`, which lists all settings.
        inner_dim: Likewise.
        **kwargs: Likewise.

    Call arguments:
        inputs: (batch, time, units), positions in them.
        memory: $m$, (batch, source time, source units), what an encoder returned.
        inputs_mask: (batch, time) of booleans, **True = real token**; the one that Keras carries
            along where None.
        memory_mask: (batch, source time), likewise.
        use_causal_mask: Whether a position sees itself and those before it alone.
        return_attention_scores: Whether to return the attention weights as well.
        training: Whether to apply dropout.

    Returns:
        (batch, time, units), with the mask of the inputs; with `return_attention_scores` also a
        list with a pair of weights for each block, see `TransformerDecoderBlock`.

    Raises:
        ValueError: As `TransformerDecoderBlock`.

    Example:
        >>> decoder = TransformerDecoder(2, num_heads=2, inner_dim=16)
        >>> x, memory = keras.random.normal((1, 3, 8)), keras.random.normal((1, 5, 8))
        >>> whole, states = decoder(x, memory), decoder.start(memory, length=3)
        >>> for t in range(3):
        ...     y, states = decoder.step(x[:, t], states)
        >>> bool(ops.max(ops.abs(y - whole[:, 2])) < 1e-5), int(states["t"])
        (True, 3)

    Source:
        Vaswani et al., Attention is all you need (2017).
    """

    Block = TransformerDecoderBlock

    def build(self, inputs_shape, memory_shape):
        """Make the blocks for (batch, time, units) of the inputs and of the memory."""
        self.build_blocks(inputs_shape, memory_shape)

    def call(
        self,
        inputs,
        memory,
        inputs_mask=None,
        memory_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=False,
    ):
        """Decode a whole sequence; see the class for arguments and returns."""
        return self.run_blocks(
            inputs,
            memory,
            inputs_mask=inputs_mask,
            memory_mask=memory_mask,
            use_causal_mask=use_causal_mask,
            return_attention_scores=return_attention_scores,
            training=training,
        )

    def start(self, memory, memory_mask=None, *, length):
        """Return the states that `step` needs to begin with.

        Args:
            memory: (batch, source time, source units).
            memory_mask: (batch, source time) of booleans, True = real token; or None.
            length: Number of steps, at most. A step beyond it is not told from the last one.

        Returns:
            Dict of tensors whose shapes stay as they are: ``t``, the number of the next step, a
            scalar; ``blocks``, see `TransformerDecoderBlock.start`; and ``memory_mask``, if any.

        Raises:
            ValueError: If the decoder has no weights yet.
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} `{self.name}` has no weights yet. Call it once, or load "
                "its weights, before `start`."
            )
        memory = ops.cast(ops.convert_to_tensor(memory), self.compute_dtype)
        states = {
            "t": ops.zeros((), "int32"),
            "blocks": [block.start(memory, length) for block in self.blocks],
        }
        if memory_mask is not None:
            states["memory_mask"] = ops.cast(ops.convert_to_tensor(memory_mask), "bool")
        return states

    def step(self, x, states):
        """Decode one position.

        Args:
            x: (batch, units), its position in it.
            states: What `start` or the step before returned.

        Returns:
            (batch, units), and the new states.
        """
        x = ops.cast(x, self.compute_dtype)[:, None]
        blocks = []
        for block, state in zip(self.blocks, states["blocks"], strict=True):
            x, state = block.step(x, state, states["t"], states.get("memory_mask"))
            blocks.append(state)
        return self.normalised(x)[:, 0], {**states, "t": states["t"] + 1, "blocks": blocks}
