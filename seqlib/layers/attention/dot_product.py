"""Dot-product attention: a key fits a query as far as they point the same way."""

import keras
from keras import ops

from seqlib.layers.arguments import checked_choice
from seqlib.layers.attention.layer import AttentionLayer

SCORES = ("dot", "general", "scaled")


@keras.saving.register_keras_serializable("seqlib")
class DotProductAttention(AttentionLayer):
    r"""Attention whose scores are dot products.

    $$s(q, k) = \begin{cases} q \cdot k & \text{dot} \\ q \cdot (k U) & \text{general} \\
    q \cdot k \,/ \sqrt{d} & \text{scaled} \end{cases}$$

    Products of long vectors are large, and a softmax of large scores is all or nothing: division by
    $\sqrt{d}$, with $d$ the size of a key, keeps their spread near one. "general" learns $U$, so
    that query and key need not be of one size. "dot" equals `keras.layers.Attention`.

    Args:
        score: "dot", "general" or "scaled".
        kernel_initializer: First values of $U$, for "general".
        **kwargs: `dropout`, `seed` and what every attention takes; see `AttentionLayer`, which also
            documents the call.

    Example:
        >>> attention = DotProductAttention("scaled")
        >>> x = ops.array([[[9.0, 0.0], [0.0, 9.0]]])
        >>> context = attention(x, x)  # each attends to itself alone
        >>> ops.convert_to_numpy(context).round(3).tolist()
        [[[9.0, 0.0], [0.0, 9.0]]]

    Source:
        dot and general: Luong, Pham & Manning, Effective approaches to attention-based neural
        machine translation (2015); scaled: Vaswani et al., Attention is all you need (2017).
    """

    def __init__(self, score="scaled", *, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.score = checked_choice(self, "score", score, SCORES)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, query_shape, value_shape, key_shape=None):
        """Make the weights, if any, for (batch, time, features) of queries, values and keys."""
        size = (key_shape or value_shape)[-1]
        self.kernel = None
        if self.score == "general":
            self.kernel = self.add_weight(
                shape=(size, query_shape[-1]), name="kernel", initializer=self.kernel_initializer
            )
        elif query_shape[-1] != size:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: queries of size {query_shape[-1]} and keys "
                f"of size {size} have no dot product. Allowed: one size for both, or "
                "score='general'."
            )
        self.built = True

    def project_memory(self, value, key=None):
        """Return the keys, (batch, value time, query features), and the values."""
        keys = value if key is None else key
        if self.kernel is not None:
            keys = ops.matmul(keys, self._cast_weight(self.kernel))
        return {"keys": keys, "values": value}

    def scores(self, query, keys):
        """Return $s(q, k)$, (batch, query time, value time)."""
        if self.score == "scaled":
            query = query * query.shape[-1] ** -0.5  # before the product: float16 ends at 65504
        return ops.matmul(query, ops.transpose(keys, (0, 2, 1)))

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "score": self.score,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
