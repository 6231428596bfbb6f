"""The Transformer: from ids of a source and of a target to the logits of the next token."""

import keras
from keras import ops

from seqlib.layers.arguments import checked_choice, checked_size
from seqlib.layers.positions import LearnedPositions, SinusoidalPositions
from seqlib.layers.transformer.base import TransformerLayer
from seqlib.layers.transformer.decoder import TransformerDecoder
from seqlib.layers.transformer.encoder import TransformerEncoder

POSITIONS = ("sinusoidal", "learned", "rotary", None)
TIES = (None, "output", "all")


@keras.saving.register_keras_serializable("seqlib")
class Transformer(TransformerLayer, keras.Model):
    r"""Translate one sequence of ids into another.

    $$x_t = \sqrt{d}\, E_{s_t} + P_t, \qquad m = \mathrm{encoder}(x), \qquad
    \ell_t = \mathrm{decoder}(\sqrt{d}\, E'_{y_{<t}} + P,\; m)_t\, W$$

    The model is trained like any of Keras: `fit` with pairs (source, target input) and, as labels,
    the target one step ahead. **Id 0 is padding**, in source and target: nothing attends to it, and
    a loss leaves it out, since the logits carry the mask of the target.

    `initial_state` and `step` are what `seqlib.decoding` asks of a model: see the example.

    Args:
        source_vocabulary: Number of source ids, padding included.
        target_vocabulary: Number of target ids, padding included.
        units: $d$, the size of a vector.
        num_layers: Number of blocks of the encoder, and of the decoder.
        num_heads: Number of heads of each attention.
        inner_dim: Size of the hidden layer in a block; four times `units` where None.
        positions: "sinusoidal", "learned", "rotary" (in self-attention), or None for none.
        max_length: Number of positions that are learned; None unless they are.
        tie_embeddings: None; "output", where $W$ is the transpose of the target's embedding $E'$;
            or "all", where the source has the same embedding too, which takes one vocabulary.
        scale_embeddings: Whether embeddings are multiplied by $\sqrt{d}$.
        **kwargs: The other settings of `TransformerLayer`: `dropout`, `norm_first` and so on.
            Dropout applies to the embeddings too.

    Call arguments:
        inputs: A pair: source ids, (batch, source time), and target ids, (batch, time), the start
            token first.
        return_attention_scores: Whether to return the attention weights of the decoder as well.
        training: Whether to apply dropout.

    Returns:
        Logits $\ell$, (batch, time, target vocabulary): at each place those of the next token; with
        `return_attention_scores` also the weights, see `TransformerDecoder`.

    Example:
        >>> import numpy as np
        >>> from seqlib.decoding import greedy
        >>> model = Transformer(7, 9, units=8, num_layers=1, num_heads=2)
        >>> source, target = np.array([[3, 4, 2, 0]]), np.array([[1, 5, 6]])
        >>> tuple(model((source, target)).shape)
        (1, 3, 9)
        >>> tokens, _ = greedy(model.step, model.initial_state(source, length=5), [1], length=5)
        >>> tuple(tokens.shape)
        (1, 5)

    Source:
        Vaswani et al., Attention is all you need (2017); tied embeddings: Press & Wolf, Using the
        output embedding to improve language models (2017).
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        *,
        units=128,
        num_layers=2,
        num_heads=4,
        inner_dim=None,
        positions="sinusoidal",
        max_length=None,
        tie_embeddings=None,
        scale_embeddings=True,
        **kwargs,
    ):
        units = checked_size(self, "units", units)
        inner_dim = 4 * units if inner_dim is None else inner_dim
        super().__init__(num_heads, inner_dim, rotary=positions == "rotary", **kwargs)
        self.source_vocabulary = checked_size(self, "source_vocabulary", source_vocabulary)
        self.target_vocabulary = checked_size(self, "target_vocabulary", target_vocabulary)
        self.units = units
        self.num_layers = checked_size(self, "num_layers", num_layers)
        self.positions = positions
        self.max_length = max_length
        self.tie_embeddings = tie_embeddings
        self.scale_embeddings = bool(scale_embeddings)
        self._check_choices()
        made = {**self.settings(), "dtype": self.dtype_policy}
        self.encoder = TransformerEncoder(self.num_layers, name="encoder", **made)
        if self.seed is not None:
            made["seed"] = self.seed + 1
        self.decoder = TransformerDecoder(self.num_layers, name="decoder", **made)
        self.target_embedding = self._embedding(self.target_vocabulary, "target_embedding")
        self.source_embedding = self.target_embedding
        if tie_embeddings != "all":
            self.source_embedding = self._embedding(self.source_vocabulary, "source_embedding")
        self.source_positions = self._positions("source_positions")
        self.target_positions = self._positions("target_positions")
        self.head = None
        if tie_embeddings is None:
            self.head = keras.layers.Dense(
                self.target_vocabulary, dtype=self.dtype_policy, name="head"
            )
        self.attach_mask = AttachMask(dtype=self.dtype_policy, name="attach_mask")
        self.seed_generator = keras.random.SeedGenerator(self.seed_of(999))

    def _check_choices(self):
        checked_choice(self, "positions", self.positions, POSITIONS)
        checked_choice(self, "tie_embeddings", self.tie_embeddings, TIES)
        if (self.positions == "learned") != (self.max_length is not None):
            raise ValueError(
                f"{type(self).__name__}: argument `max_length` got {self.max_length!r} with "
                f"{self.positions!r} positions. Allowed: a positive integer with learned ones, "
                "None with others."
            )
        if self.tie_embeddings == "all" and self.source_vocabulary != self.target_vocabulary:
            raise ValueError(
                f"{type(self).__name__}: one embedding for {self.source_vocabulary} source ids and "
                f"{self.target_vocabulary} target ids. Allowed: one vocabulary for both, or "
                "tie_embeddings='output'."
            )

    def _embedding(self, vocabulary, name):
        return keras.layers.Embedding(
            vocabulary,
            self.units,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=self.units**-0.5),
            dtype=self.dtype_policy,
            name=name,
        )

    def _positions(self, name):
        if self.positions == "sinusoidal":
            return SinusoidalPositions(dtype=self.dtype_policy, name=name)
        if self.positions == "learned":
            return LearnedPositions(self.max_length, dtype=self.dtype_policy, name=name)
        return None

    def build(self, inputs_shape=None):
        """Make all weights; none of their shapes depends on that of the inputs."""
        shape = (None, None, self.units)
        for layer in (self.source_embedding, self.target_embedding):
            if not layer.built:
                layer.build((None, None))
        for positions in (self.source_positions, self.target_positions):
            if positions is not None:
                positions.build(shape)
        self.encoder.build(shape)
        self.decoder.build(shape, shape)
        if self.head is not None:
            self.head.build(shape)
        self.attach_mask.build((None, None, self.target_vocabulary))
        self.built = True

    def call(self, inputs, return_attention_scores=False, training=False):
        """Return the logits of whole sequences; see the class for arguments and returns."""
        source, target = inputs
        memory, memory_mask = self.encode(source, training=training)
        x = self._embedded(target, self.target_embedding, self.target_positions, training)
        x, weights = self.decoder(
            x,
            memory,
            inputs_mask=padding_mask(target),
            memory_mask=memory_mask,
            return_attention_scores=True,
            training=training,
        )
        logits = self.attach_mask(self._logits(x), mask=padding_mask(target))
        return (logits, weights) if return_attention_scores else logits

    def encode(self, source, training=False):
        """Return the memory of source ids, (batch, source time, units), and its mask."""
        mask = padding_mask(source)
        x = self._embedded(source, self.source_embedding, self.source_positions, training)
        return self.encoder(x, mask=mask, training=training), mask

    def initial_state(self, source, *, length):
        """Encode ids, (batch, source time); return the states that `length` steps begin with."""
        if self.max_length is not None and length > self.max_length:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: `length` got {length}. Allowed: at most the "
                f"{self.max_length} positions that were learned."
            )
        if not self.built:
            self.build()
        memory, mask = self.encode(ops.convert_to_tensor(source, "int32"))
        return self.decoder.initial_state(memory, mask, length=length)

    def step(self, tokens, states):
        """Return the logits of the next token, (batch, target vocabulary), and the new states.

        They are those that a call on all tokens so far has at its last position, but -inf for
        padding, which is thus never chosen. `tokens` are ids, (batch,), the start token first.
        """
        x = self._embedded(
            tokens[:, None], self.target_embedding, self.target_positions, t=states["t"]
        )
        x, states = self.decoder.step(x[:, 0], states)
        is_padding = ops.arange(self.target_vocabulary) == 0
        return ops.where(is_padding, -float("inf"), self._logits(x)), states

    def _embedded(self, ids, embedding, positions, training=False, t=None):
        """Return vectors with their positions in them, (batch, time, units)."""
        x = embedding(ids)
        if self.scale_embeddings:
            x = x * self.units**0.5
        if positions is not None:
            x = positions(x) if t is None else positions(x, t)
        if training and self.dropout:
            x = keras.random.dropout(x, self.dropout, seed=self.seed_generator)
        return x

    def _logits(self, x):
        if self.head is not None:
            return self.head(x)
        # Asked of the layer: a quantized table has scales beside it, and LoRA two more matrices.
        table = self.target_embedding(ops.arange(self.target_vocabulary))
        return ops.matmul(x, ops.transpose(table))

    def compute_mask(self, inputs, previous_mask=None):
        """Return the mask of the target, which the logits carry."""
        return padding_mask(inputs[1])

    def compute_output_shape(self, inputs_shape):
        """Return the shape of the logits."""
        return (*inputs_shape[1], self.target_vocabulary)

    def get_config(self):
        """Return the arguments that make this model again."""
        config = super().get_config()
        del config["rotary"]
        return {
            **config,
            "source_vocabulary": self.source_vocabulary,
            "target_vocabulary": self.target_vocabulary,
            "units": self.units,
            "num_layers": self.num_layers,
            "positions": self.positions,
            "max_length": self.max_length,
            "tie_embeddings": self.tie_embeddings,
            "scale_embeddings": self.scale_embeddings,
        }


class AttachMask(keras.Layer):
    """Attach a mask for the loss: to train on JAX, Keras runs a model's `call`, which has none."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        """Return the inputs; Keras adds the mask that is given."""
        return inputs


def padding_mask(ids):
    """Return which ids are no padding: True = real token."""
    return ops.not_equal(ids, 0)
