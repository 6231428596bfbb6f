"""What the attention layers share: the call, its masks, dropout of the weights."""

import keras
from keras import ops

from seqlib.layers.arguments import checked_rank, checked_rate
from seqlib.layers.attention.masks import join_masks, masked_softmax
from seqlib.layers.keras_internals import forget_masks


class AttentionLayer(keras.Layer):
    r"""For each query, a mean of values, weighted by how well their keys fit the query.

    $$w = \mathrm{softmax}(s(q, k)), \qquad c = \sum_i w_i v_i$$

    A subclass says what is computed once for a sequence of values, in `project_memory`, and gives
    each query its scores, in `scores`. The call does both; who asks step after step about the same
    values, as a decoder does, calls `project_memory` once and `attend` at each step.

    Args:
        dropout: Share of the weights dropped in training, in [0, 1).
        seed: Seed of the dropout.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        query: (batch, query time, query features).
        value: (batch, value time, value features).
        key: (batch, value time, key features); the values where None.
        query_mask: (batch, query time) of booleans, **True = real token**. Padding attends to
            nothing and gets zeros.
        value_mask: (batch, value time) of booleans, True = real token. Nothing attends to padding.
        key_mask: Another of that kind; joined with `value_mask`.
        attention_mask: (query time, value time), also with a batch, and where there are heads with
            batch and heads before it; True = may attend. A size of 1 stands for all.
        use_causal_mask: Whether a query attends to values up to its own time alone. Where there are
            more values than queries, the queries are the last ones, as when going on after a
            beginning (Keras takes them for the first ones).
        return_attention_scores: Whether to return the weights as well.
        training: Whether to apply dropout.

    Returns:
        $c$, (batch, query time, value features); with `return_attention_scores` also the weights,
        (batch, query time, value time). Where all is masked both are zero. Masks that Keras carries
        along with `query`, `value` and `key` count where none are given, and the query's goes on
        with the output.
    """

    mask_as_keras = False

    def __init__(self, *, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.dropout = checked_rate(self, "dropout", dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=False,
        use_causal_mask=False,
    ):
        """Attend; see the class for arguments and returns."""
        self._check_ranks(query, value, key)
        if self.mask_as_keras:
            forget_masks(query, value, key)
        heads = self.weights_shape(query.shape, value.shape)[1:-2]
        batch, query_time = ops.shape(query)[:2]
        shape = (batch, *heads, query_time, ops.shape(value)[1])
        mask = join_masks(shape, query_mask, value_mask, attention_mask, use_causal_mask, key_mask)
        memory = self.project_memory(value, key)
        context, weights = self.attend(query, memory, mask, training=training)
        return (context, weights) if return_attention_scores else context

    def project_memory(self, value, key=None):
        """Return what no query changes, as `attend` takes it: a dict of ``keys`` and ``values``."""
        raise NotImplementedError

    def scores(self, query, keys):
        """Return how well each projected key fits each query, (..., query time, value time)."""
        raise NotImplementedError

    def attend(self, query, memory, mask=None, training=False):
        """Attend to what `project_memory` returned; return context and weights, as a call does."""
        weights = masked_softmax(self.scores(query, memory["keys"]), mask)
        return ops.matmul(self._dropout(weights, training), memory["values"]), weights

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        """Return the shape of the context."""
        return (*query_shape[:-1], value_shape[-1])

    def compute_output_spec(
        self, query, value, key=None, *args, return_attention_scores=False, **kwargs
    ):
        """Return shape and dtype of what a call returns."""
        self._check_ranks(query, value, key)
        key_shape = None if key is None else key.shape
        shape = self.compute_output_shape(query.shape, value.shape, key_shape)
        context = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return context
        shape = self.weights_shape(query.shape, value.shape)
        return context, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def weights_shape(self, query_shape, value_shape):
        """Return the shape of the weights that a call returns."""
        return (query_shape[0], query_shape[1], value_shape[1])

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "dropout": self.dropout, "seed": self.seed}

    def _check_ranks(self, query, value, key):
        for name, x in (("query", query), ("value", value), ("key", key)):
            if x is not None:
                checked_rank(self, name, x, ("batch", "time", "features"))
        times = None if key is None else {value.shape[1], key.shape[1]} - {None}
        if times and len(times) > 1:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: argument `key` has the shape "
                f"{tuple(key.shape)}, and `value` {tuple(value.shape)}. Allowed: as many keys as "
                "values."
            )

    def _dropout(self, weights, training):
        if not (training and self.dropout):
            return weights
        return keras.random.dropout(weights, self.dropout, seed=self.seed_generator)

    def _cast_weight(self, variable):
        # Keras casts weights inside a call; `attend` and `project_memory` are used outside as well.
        return ops.cast(variable, self.compute_dtype)
