"""One block of a decoder: what was said so far, then the source, then a network."""

import keras

from seqlib.layers.attention import join_masks
from seqlib.layers.transformer.block import TransformerBlock


@keras.saving.register_keras_serializable("seqlib")
class TransformerDecoderBlock(TransformerBlock):
    r"""Let each position look at those before it, then at a source, then think by itself.

    $$h = \mathrm{norm}(x + \mathrm{attention}(x, x)), \quad
    g = \mathrm{norm}(h + \mathrm{attention}(h, m)), \quad
    y = \mathrm{norm}(g + \phi(g W_1 + b_1) W_2 + b_2)$$

    with $m$ the *memory*, what an encoder made of the source; with `norm_first` the norms stand
    before attention and network instead.

    Args:
        num_heads: See `TransformerLayer`, which lists all settings.
        inner_dim: Likewise.
        **kwargs: Likewise.

    Call arguments:
        inputs: $x$, (batch, time, units).
        memory: $m$, (batch, source time, source units).
        inputs_mask: (batch, time) of booleans, **True = real token**; the one that Keras carries
            along with the inputs where None.
        memory_mask: (batch, source time), likewise. Nothing attends to padding.
        use_causal_mask: Whether a position sees itself and those before it alone; True unless told
            otherwise.
        return_attention_scores: Whether to return the attention weights as well.
        training: Whether to apply dropout.

    Returns:
        $y$, (batch, time, units), with the mask of the inputs; with `return_attention_scores` also
        a pair of weights: those of the self-attention, (batch, num_heads, time, time), and those of
        the source, (batch, num_heads, time, source time).

    Raises:
        ValueError: If an argument has a value outside what is allowed, or `units` is no multiple of
            `num_heads` and `key_dim` is not given.

    Example:
        Step after step, the source's keys and values computed once, or all at once:

        >>> from keras import ops
        >>> block = TransformerDecoderBlock(num_heads=2, inner_dim=16)
        >>> x, memory = keras.random.normal((1, 3, 8)), keras.random.normal((1, 5, 8))
        >>> whole, state = block(x, memory), block.start(memory, length=3)
        >>> for t in range(3):
        ...     y, state = block.step(x[:, t : t + 1], state, t)
        >>> bool(ops.max(ops.abs(y[:, 0] - whole[:, 2])) < 1e-5)
        True

    Source:
        Vaswani et al., Attention is all you need (2017).
    """

    def build(self, inputs_shape, memory_shape):
        """Make the parts for (batch, time, units) of the inputs and of the memory."""
        units = inputs_shape[-1]
        self.attention = self.make_attention("attention", units, self.rotary, part=1)
        self.attention.build(inputs_shape, inputs_shape)
        self.attention_norm = self.make_norm("attention_norm")
        self.attention_norm.build(inputs_shape)
        self.memory_attention = self.make_attention("memory_attention", units, False, part=2)
        self.memory_attention.build(inputs_shape, memory_shape)
        self.memory_norm = self.make_norm("memory_norm")
        self.memory_norm.build(inputs_shape)
        self.build_network(inputs_shape)
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

        def attend(x):
            return self.attention(
                x,
                x,
                query_mask=inputs_mask,
                value_mask=inputs_mask,
                use_causal_mask=use_causal_mask,
                return_attention_scores=True,
                training=training,
            )

        def attend_to_memory(x):
            return self.memory_attention(
                x,
                memory,
                query_mask=inputs_mask,
                value_mask=memory_mask,
                return_attention_scores=True,
                training=training,
            )

        x, weights = self.wrap(attend, inputs, self.attention_norm, training)
        x, memory_weights = self.wrap(attend_to_memory, x, self.memory_norm, training)
        x, _ = self.wrap(self.network, x, self.network_norm, training)
        return (x, (weights, memory_weights)) if return_attention_scores else x

    def start(self, memory, length):
        """Return what `step` needs to begin with.

        Args:
            memory: (batch, source time, source units).
            length: Number of steps, at most.

        Returns:
            Dict: ``said``, room for keys and values of the steps, two of (batch, num_heads, length,
            key_dim); ``memory``, keys and values of the memory, (batch, num_heads, source time,
            key_dim).
        """
        return {
            "said": self.attention.start_cache(keras.ops.shape(memory)[0], length),
            "memory": self.memory_attention.project_memory(memory),
        }

    def step(self, x, state, t, memory_mask=None):
        """Decode one position, as a call with a causal mask does all at once.

        Args:
            x: The position, (batch, 1, units).
            state: What `start` or the step before returned.
            t: Number of the step, a scalar, the first one 0.
            memory_mask: (batch, source time), True = real token.

        Returns:
            $y$, (batch, 1, units), and the new state.
        """
        mask = join_masks((1, None), value_mask=memory_mask)
        x, said = self.wrap(
            lambda x: self.attention.attend_next(x, state["said"], t), x, self.attention_norm
        )
        x, _ = self.wrap(
            lambda x: self.memory_attention.attend(x, state["memory"], mask), x, self.memory_norm
        )
        x, _ = self.wrap(self.network, x, self.network_norm)
        return x, {"said": said, "memory": state["memory"]}

    def compute_output_spec(self, inputs, memory, *args, return_attention_scores=False, **kwargs):
        """Return shape and dtype of what a call returns."""
        output = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        shape = (inputs.shape[0], self.num_heads, inputs.shape[1])
        sizes = inputs.shape[1], memory.shape[1]
        return output, tuple(
            keras.KerasTensor((*shape, size), dtype=self.compute_dtype) for size in sizes
        )
