"""The decoder: blocks that look at what was written and at a source, all at once or by steps."""

import keras
from keras import ops

from seqlib.layers.attention import join_masks
from seqlib.layers.transformer.base import TransformerBlock, TransformerStack


@keras.saving.register_keras_serializable("seqlib")
class TransformerDecoderBlock(TransformerBlock):
    r"""Let each position look at those before it, then at a source, then think by itself.

    $$h = \mathrm{norm}(x + \mathrm{attention}(x, x)), \quad
    g = \mathrm{norm}(h + \mathrm{attention}(h, m)), \quad
    y = \mathrm{norm}(g + \phi(g W_1 + b_1) W_2 + b_2)$$

    with $m$ the *memory*, what an encoder made of the source; with `norm_first` the norms stand
    before attention and network instead.

    Args:
        num_heads: Number of heads.
        inner_dim: Size of the hidden layer of the network.
        **kwargs: The other settings; see `TransformerLayer`.

    Call arguments:
        inputs: $x$, (batch, time, units).
        memory: $m$, (batch, source time, source units).
        inputs_mask: (batch, time) of booleans, **True = real token**; the one that Keras carries
            along with the inputs where None.
        memory_mask: The same for the memory, (batch, source time). Nothing attends to padding.
        use_causal_mask: Whether a position sees itself and those before it alone; True unless told
            otherwise.
        return_attention_scores: Whether to return the attention weights as well.
        training: Whether to apply dropout.

    Returns:
        $y$, (batch, time, units), with the mask of the inputs; with `return_attention_scores` also
        a pair of weights: those of the self-attention, (batch, num_heads, time, time), and those of
        the source, (batch, num_heads, time, source time).

    Example:
        >>> block = TransformerDecoderBlock(num_heads=2, inner_dim=16)
        >>> tuple(block(ops.ones((1, 3, 8)), ops.ones((1, 5, 8))).shape)
        (1, 3, 8)

    Source:
        Vaswani et al., Attention is all you need (2017).
    """

    def build(self, inputs_shape, memory_shape):
        """Make the parts for (batch, time, units) of the inputs and of the memory."""
        self.attention = self.make_attention(
            "attention", inputs_shape, inputs_shape, self.rotary, part=1
        )
        self.attention_norm = self.make_norm("attention_norm", inputs_shape)
        self.memory_attention = self.make_attention(
            "memory_attention", inputs_shape, memory_shape, rotary=False, part=2
        )
        self.memory_norm = self.make_norm("memory_norm", inputs_shape)
        self.build_feed_forward(inputs_shape)
        self.built = True

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
        options = {"query_mask": inputs_mask, "return_attention_scores": True, "training": training}

        def attend(x):
            return self.attention(
                x, x, value_mask=inputs_mask, use_causal_mask=use_causal_mask, **options
            )

        def attend_to_memory(x):
            return self.memory_attention(x, memory, value_mask=memory_mask, **options)

        x, weights = self.residual(attend, inputs, self.attention_norm, training)
        x, memory_weights = self.residual(attend_to_memory, x, self.memory_norm, training)
        x, _ = self.residual(self.feed_forward, x, self.network_norm, training)
        return (x, (weights, memory_weights)) if return_attention_scores else x

    def initial_state(self, memory, length):
        """Return a cache for `length` steps, and the keys and values of the memory."""
        return {
            "self": self.attention.empty_cache(ops.shape(memory)[0], length),
            "memory": self.memory_attention.project_memory(memory),
        }

    def step(self, x, state, t, memory_mask=None):
        """Decode position `t`, (batch, 1, units); return the same of the output, and the state."""
        mask = join_masks((None, 1, None), value_mask=memory_mask)

        def attend(x):
            return self.attention.attend_next(x, state["self"], t)

        def attend_to_memory(x):
            return self.memory_attention.attend(x, state["memory"], mask)

        x, cache = self.residual(attend, x, self.attention_norm)
        x, _ = self.residual(attend_to_memory, x, self.memory_norm)
        x, _ = self.residual(self.feed_forward, x, self.network_norm)
        return x, {"self": cache, "memory": state["memory"]}


@keras.saving.register_keras_serializable("seqlib")
class TransformerDecoder(TransformerStack):
    r"""Write a sequence while looking at a source.

    $$x^{(n)} = \mathrm{block}_n(x^{(n-1)}, m), \qquad n = 1 \ldots N$$

    With `norm_first` a last layer normalization follows. In training all positions are decoded at
    once. When a sequence is made token by token, `initial_state` and `step` give the same numbers
    with far less work: keys and values of what was written are kept in a *cache*, and those of the
    source are computed once.

    Args:
        num_layers: $N$, the number of blocks.
        num_heads: Number of heads of each attention.
        inner_dim: Size of the hidden layer of each network.
        **kwargs: The other settings; see `TransformerLayer`.

    Call arguments and returns are those of `TransformerDecoderBlock`, but the weights are
    returned as a list, a pair for each block. The inputs must hold their positions already, unless
    `rotary` is set.

    Example:
        >>> decoder = TransformerDecoder(2, num_heads=2, inner_dim=16)
        >>> x, memory = keras.random.normal((1, 3, 8)), keras.random.normal((1, 5, 8))
        >>> whole, states = decoder(x, memory), decoder.initial_state(memory, length=3)
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

    def initial_state(self, memory, memory_mask=None, *, length):
        """Return the states that `step` needs to begin with, for at most `length` steps.

        They are a dict of tensors whose shapes stay as they are: ``t``, the number of the next
        step, a scalar; ``blocks``, keys and values for each; and ``memory_mask``, if any.
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} `{self.name}` has no weights yet. Call it once, or load "
                "its weights, before `initial_state`."
            )
        memory = ops.cast(ops.convert_to_tensor(memory), self.compute_dtype)
        states = {
            "t": ops.zeros((), "int32"),
            "blocks": [block.initial_state(memory, length) for block in self.blocks],
        }
        if memory_mask is not None:
            states["memory_mask"] = ops.cast(ops.convert_to_tensor(memory_mask), "bool")
        return states

    def step(self, x, states):
        """Decode one position, (batch, units); return the same of the output, and the states."""
        x = ops.cast(x, self.compute_dtype)[:, None]
        blocks = []
        for block, state in zip(self.blocks, states["blocks"], strict=True):
            x, state = block.step(x, state, states["t"], states.get("memory_mask"))
            blocks.append(state)
        return self.final_norm(x)[:, 0], {**states, "t": states["t"] + 1, "blocks": blocks}
