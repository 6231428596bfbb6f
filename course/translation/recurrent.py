"""A recurrent translator: a bidirectional encoder, and a decoder that attends to what it read."""

import keras
from keras import ops

from seqlib import layers


class RecurrentTranslator(keras.Model):
    r"""Read a sentence in both directions, then say it in another language, looking back.

    The encoder is a stack of bidirectional LSTMs. The decoder is an LSTM of both directions' size
    that begins with their last states; at each step it attends to the encoder's outputs
    (`layers.AttentionDecoder`). What it found and its state make a feature vector $o_t$, and

    $$p(y_t \mid y_{<t}, x) = \mathrm{softmax}(E\, o_t + b)$$

    with $E$ the same table of vectors that stands for the target's pieces on the way in. Without
    attention, $o_t$ is made of the state alone. It takes ids of the source (batch, source time),
    ending with ``<end>``, and of the target (batch, time), beginning with ``<start>``; 0 is
    padding.

    Example:
        >>> model = RecurrentTranslator(10, 12, width=8, units=4)
        >>> logits = model((ops.array([[4, 5, 3]]), ops.array([[2, 6]])))
        >>> tuple(logits.shape)
        (1, 2, 12)
    """

    def __init__(
        self,
        source_size,
        target_size,
        width=256,
        units=192,
        depth=1,
        attention=True,
        dropout=0.2,
        seed=0,
    ):
        super().__init__()
        vectors = keras.initializers.RandomNormal(stddev=0.1, seed=seed)
        self.source_vectors = keras.layers.Embedding(
            source_size, width, vectors, mask_zero=True, name="source"
        )
        self.target_vectors = keras.layers.Embedding(target_size, width, vectors, name="target")
        self.encoders = [
            keras.layers.Bidirectional(
                layers.LSTM(units, return_sequences=True, return_state=True), name=f"encoder_{n}"
            )
            for n in range(depth)
        ]
        self.decoder_lstm = layers.LSTM(2 * units, return_sequences=True, name="decoder_lstm")
        self.decoder = None
        if attention:
            self.decoder = layers.AttentionDecoder(
                self.decoder_lstm,
                layers.DotProductAttention("general"),
                query="current",
                name="decoder",
            )
        self.combine = keras.layers.Dense(width, "tanh", name="combine")
        self.bias = self.add_weight(shape=(target_size,), name="bias", initializer="zeros")
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        self((ops.ones((1, 1), "int32"), ops.ones((1, 1), "int32")))  # make all weights

    def call(self, inputs, training=False):
        """Return logits; see the class for arguments and returns."""
        source, target = inputs
        memory, mask, states = self.encode(source, training=training)
        vectors = self.dropout(self.target_vectors(target), training=training)
        if self.decoder is None:
            outputs = self.decoder_lstm(vectors, initial_state=states, training=training)
        else:
            outputs = self.decoder(
                vectors, memory, initial_state=states, value_mask=mask, training=training
            )
        return self.logits(outputs, training=training)

    def encode(self, source, training=False):
        """Return outputs (batch, source time, 2 * units), their mask, and the two last states."""
        mask = source != 0
        outputs = self.dropout(self.source_vectors(source), training=training)
        for encoder in self.encoders:
            outputs, *states = encoder(outputs, mask=mask, training=training)
            outputs = self.dropout(outputs, training=training)
        forward_h, forward_c, backward_h, backward_c = states
        states = [
            ops.concatenate([forward_h, backward_h], axis=-1),
            ops.concatenate([forward_c, backward_c], axis=-1),
        ]
        return outputs, mask, states

    def logits(self, outputs, training=False):
        """Return the scores of all target pieces, (..., target_size)."""
        features = self.dropout(self.combine(outputs), training=training)
        table, bias = (
            ops.cast(x, features.dtype) for x in (self.target_vectors.embeddings, self.bias)
        )
        return ops.matmul(features, ops.transpose(table)) + bias

    def initial_state(self, source, length=None):
        """Return the states of `step` for sources (batch, source time); any `length` does."""
        memory, mask, states = self.encode(source)
        if self.decoder is None:
            return {"states": states}
        return {"states": states, "memory": self.decoder.project_memory(memory, mask)}

    def step(self, tokens, states):
        """Return logits, (batch, target_size), and states after one more piece, (batch,)."""
        logits, states, _ = self.attentive_step(tokens, states)
        return logits, states

    def attentive_step(self, tokens, states):
        """Take one `step`; return also the weights of attention, (batch, source time), or None."""
        vectors = self.target_vectors(tokens)
        if self.decoder is None:
            outputs, after = self.decoder_lstm.cell(vectors, list(states["states"]))
            return self.logits(outputs), {"states": list(after)}, None
        outputs, after, weights = self.decoder.step(vectors, states["states"], states["memory"])
        return self.logits(outputs), {**states, "states": after}, weights
