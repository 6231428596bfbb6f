"""Multi-head attention: scaled dot products side by side, each with a view of its own."""

import keras
from keras import ops

from seqlib.layers.arguments import checked_size, clone_initializer
from seqlib.layers.attention.layer import AttentionLayer
from seqlib.layers.attention.masks import masked_softmax
from seqlib.layers.positions import RotaryPositions


@keras.saving.register_keras_serializable("seqlib")
class MultiHeadAttention(AttentionLayer):
    r"""Several heads attend at once, each to what it learned to look for.

    $$\mathrm{head}_i = \mathrm{softmax}\!\left(\frac{(q W^Q_i)(k W^K_i)^\top}{\sqrt{d}}\right)
    v W^V_i, \qquad y = [\mathrm{head}_1 \ldots \mathrm{head}_n]\, W^O$$

    Weights have the shapes and the order of `keras.layers.MultiHeadAttention`, and can be copied
    across.

    Args:
        num_heads: $n$, a positive integer.
        key_dim: $d$, the size of a head's queries and keys.
        value_dim: Size of a head's values; `key_dim` where None.
        dropout: Share of the weights dropped in training, in [0, 1).
        use_bias: Whether projections have a bias.
        output_shape: Size of the output, also as a tuple of one; that of the query where None.
        kernel_initializer, bias_initializer: First values of the matrices and of the biases.
        kernel_regularizer, bias_regularizer: Penalties on them.
        kernel_constraint, bias_constraint: Projections after each update.
        rotary: Whether queries and keys are rotated by their positions, both counted from 0; see
            `RotaryPositions`. `key_dim` must be even.
        mask_as_keras: Whether to do with masks what Keras's layer does: a query that may attend to
            nothing, such as a padded one, gets the mean of all values in place of zeros, and the
            inputs lose the masks that they carry.
        **kwargs: `seed` and what every attention takes; see `AttentionLayer`, which also documents
            the call.

    Returns:
        $y$, (batch, query time, output size); with `return_attention_scores` also the weights,
        (batch, num_heads, query time, value time).

    Example:
        >>> attention = MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = ops.ones((1, 3, 8))
        >>> output, weights = attention(x, x, use_causal_mask=True, return_attention_scores=True)
        >>> tuple(output.shape), ops.convert_to_numpy(weights)[0, 0, :2].tolist()
        ((1, 3, 8), [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])

    Source:
        Vaswani et al., Attention is all you need (2017).
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        output_shape=None,
        *,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        rotary=False,
        mask_as_keras=False,
        **kwargs,
    ):
        super().__init__(dropout=dropout, **kwargs)
        self.num_heads = checked_size(self, "num_heads", num_heads)
        self.key_dim = checked_size(self, "key_dim", key_dim)
        self.value_dim = self.key_dim
        if value_dim is not None:
            self.value_dim = checked_size(self, "value_dim", value_dim)
        self.output_size = None
        if output_shape is not None:
            is_tuple = isinstance(output_shape, (list, tuple)) and len(output_shape) == 1
            size = output_shape[0] if is_tuple else output_shape
            self.output_size = checked_size(self, "output_shape", size)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.mask_as_keras = bool(mask_as_keras)
        self.rotary = RotaryPositions(dtype=self.dtype_policy) if rotary else None
        if rotary and self.key_dim % 2:
            raise ValueError(
                f"{type(self).__name__}: argument `key_dim` got {key_dim} with rotary positions. "
                "Allowed: an even number."
            )

    def build(self, query_shape, value_shape, key_shape=None):
        """Make the weights for (batch, time, features) of queries, values and keys."""
        heads, key_dim, value_dim = self.num_heads, self.key_dim, self.value_dim
        features = query_shape[-1], (key_shape or value_shape)[-1], value_shape[-1]
        for name, size, dim in zip(
            ("query", "key", "value"), features, (key_dim, key_dim, value_dim), strict=True
        ):
            self._add_projection(name, (size, heads, dim), (heads, dim))
        size = self.output_size or query_shape[-1]
        self._add_projection("output", (heads, value_dim, size), (size,))
        self.built = True

    def _add_projection(self, name, kernel_shape, bias_shape):
        kernel = self.add_weight(
            shape=kernel_shape,
            name=f"{name}_kernel",
            initializer=clone_initializer(self.kernel_initializer),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        bias = None
        if self.use_bias:
            bias = self.add_weight(
                shape=bias_shape,
                name=f"{name}_bias",
                initializer=clone_initializer(self.bias_initializer),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        setattr(self, f"{name}_kernel", kernel)
        setattr(self, f"{name}_bias", bias)

    def project_memory(self, value, key=None):
        """Return the keys and values of all heads, (batch, heads, value time, dim) each."""
        keys = self._rotate(self._project(value if key is None else key, "key"))
        return {"keys": keys, "values": self._project(value, "value")}

    def empty_cache(self, batch, length):
        """Return a memory of zeros for `length` steps, to be filled by `attend_next`."""
        return {
            name: ops.zeros((batch, self.num_heads, length, dim), self.compute_dtype)
            for name, dim in (("keys", self.key_dim), ("values", self.value_dim))
        }

    def attend_next(self, x, cache, t):
        """Attend from step `t`, (batch, 1, features), to all up to it; return output and cache."""
        query, key = (self._rotate(self._project(x, name), t) for name in ("query", "key"))
        new = {"keys": key, "values": self._project(x, "value")}
        cache = {
            name: ops.slice_update(cache[name], (0, 0, t, 0), array) for name, array in new.items()
        }
        mask = ops.arange(cache["keys"].shape[2])[None, None] <= t  # (1, 1, length)
        return self._attend(query, cache, mask, training=False)[0], cache

    def scores(self, query, keys):
        """Return the scores of projected queries, (batch, heads, query time, value time)."""
        return ops.matmul(query * self.key_dim**-0.5, ops.transpose(keys, (0, 1, 3, 2)))

    def attend(self, query, memory, mask=None, training=False):
        """Attend to values that `project_memory` was given; weights have an axis for heads."""
        return self._attend(self._rotate(self._project(query, "query")), memory, mask, training)

    def _attend(self, query, memory, mask, training):
        if mask is not None and len(mask.shape) == 3:
            mask = mask[:, None]  # the same for all heads
        weights = masked_softmax(self.scores(query, memory["keys"]), mask, self.mask_as_keras)
        heads = ops.matmul(self._dropout(weights, training), memory["values"])
        heads = ops.transpose(heads, (0, 2, 1, 3))  # (batch, query time, heads, value_dim)
        kernel = self._cast_weight(self.output_kernel)
        heads = ops.reshape(heads, (*ops.shape(heads)[:2], self.num_heads * self.value_dim))
        output = ops.matmul(heads, ops.reshape(kernel, (-1, kernel.shape[-1])))
        if self.output_bias is not None:
            output = output + self._cast_weight(self.output_bias)
        if mask is not None and not self.mask_as_keras:  # zeros, not the bias
            may_attend = ops.any(mask, axis=(1, 3))  # (batch, query time or 1)
            output = ops.where(may_attend[:, :, None], output, 0)
        return output, weights

    def _project(self, x, name):
        """Return what each head makes of a tensor, (batch, heads, time, dim)."""
        kernel, bias = getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias")
        product = ops.matmul(x, ops.reshape(self._cast_weight(kernel), (kernel.shape[0], -1)))
        if bias is not None:
            product = product + ops.reshape(self._cast_weight(bias), (-1,))
        heads = ops.reshape(product, (*ops.shape(product)[:2], *kernel.shape[1:]))
        return ops.transpose(heads, (0, 2, 1, 3))

    def _rotate(self, heads, positions=None):
        return heads if self.rotary is None else self.rotary(heads, positions)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        """Return the shape of the output."""
        return (*query_shape[:-1], self.output_size or query_shape[-1])

    def weights_shape(self, query_shape, value_shape):
        """Return the shape of the weights that a call returns."""
        return (query_shape[0], self.num_heads, query_shape[1], value_shape[1])

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "use_bias": self.use_bias,
            "output_shape": self.output_size,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
            "rotary": self.rotary is not None,
            "mask_as_keras": self.mask_as_keras,
        }

    @classmethod
    def from_config(cls, config):
        """Make a layer from what `get_config` returned."""
        config = dict(config)
        if "output_dim" in config:  # its name at first
            config["output_shape"] = config.pop("output_dim")
        return cls(**config)
