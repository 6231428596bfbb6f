"""Additive attention: a small network scores each key beside the query."""

import keras
from keras import ops

from seqlib.layers.arguments import checked_size, clone_initializer
from seqlib.layers.attention.layer import AttentionLayer


@keras.saving.register_keras_serializable("seqlib")
class AdditiveAttention(AttentionLayer):
    r"""Attention whose scores come from a network with one hidden layer.

    $$s(q, k) = v^\top \tanh(q W + k U + b)$$

    Query and key may have any sizes. `keras.layers.AdditiveAttention` is the part inside the tanh
    without its matrices: it has $v$ alone.

    Args:
        units: Size of the hidden layer, a positive integer.
        use_bias: Whether there is a $b$.
        kernel_initializer: First values of $W$, $U$ and $v$.
        **kwargs: `dropout`, `seed` and what every attention takes; see `AttentionLayer`, which also
            documents the call.

    Example:
        >>> attention = AdditiveAttention(8, seed=0)
        >>> query, value = ops.ones((2, 3, 4)), ops.ones((2, 5, 6))
        >>> context, weights = attention(query, value, return_attention_scores=True)
        >>> tuple(context.shape), tuple(weights.shape)
        ((2, 3, 6), (2, 3, 5))

    Source:
        Bahdanau, Cho & Bengio, Neural machine translation by jointly learning to align and
        translate (2015).
    """

    def __init__(self, units, *, use_bias=True, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units = checked_size(self, "units", units)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, query_shape, value_shape, key_shape=None):
        """Make the weights for (batch, time, features) of queries, values and keys."""
        self.query_kernel = self._add_kernel("query_kernel", (query_shape[-1], self.units))
        self.key_kernel = self._add_kernel(
            "key_kernel", ((key_shape or value_shape)[-1], self.units)
        )
        self.score_kernel = self._add_kernel("score_kernel", (self.units, 1))
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), name="bias", initializer="zeros")
        self.built = True

    def _add_kernel(self, name, shape):
        initializer = clone_initializer(self.kernel_initializer)
        return self.add_weight(shape=shape, name=name, initializer=initializer)

    def project_memory(self, value, key=None):
        """Return $k U + b$, (batch, value time, units), as the keys, and the values."""
        keys = ops.matmul(value if key is None else key, self._cast_weight(self.key_kernel))
        if self.bias is not None:
            keys = keys + self._cast_weight(self.bias)
        return {"keys": keys, "values": value}

    def scores(self, query, keys):
        """Return $s(q, k)$, (batch, query time, value time)."""
        queries = ops.matmul(query, self._cast_weight(self.query_kernel))
        hidden = ops.tanh(queries[:, :, None] + keys[:, None])  # (batch, query, value time, units)
        return ops.sum(hidden * self._cast_weight(self.score_kernel)[:, 0], axis=-1)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
