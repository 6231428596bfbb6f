"""The word-level language model of notebook 1-2, shared with the recipe that trains its weights."""

import keras
import numpy as np
from keras import ops

from seqlib import layers, text
from seqlib.compiled import BACKEND

__all__ = ["PARAGRAPH", "WordModel", "address_tokens", "split"]

PARAGRAPH = "¶"  # the token that ends a paragraph


def address_tokens(address):
    """Return the words and punctuation marks of an address, and a mark after each paragraph.

    Example:
        >>> address_tokens("Fellow-Citizens:" + chr(10) + chr(10) + "I am happy.")
        ['fellow', '-', 'citizens', ':', '¶', 'i', 'am', 'happy', '.', '¶']
    """
    paragraphs = [line for line in address.split("\n") if line.strip()]
    return [token for line in paragraphs for token in (*text.word_tokens(line), PARAGRAPH)]


def split(number, test=15, validation=22, seed=2):
    """Draw the addresses for training, validation and test: a dict of arrays of their numbers."""
    order = np.random.default_rng(seed).permutation(number)
    held_out = test + validation
    return {
        "training": order[held_out:],
        "validation": order[test:held_out],
        "test": order[:test],
    }


class WordModel(keras.Model):
    r"""LSTM language model with one table for input and output words.

    The score of word $w$ after features $h$ is $e_w \cdot h + b_w$, with $e_w$ the same vector
    that stands for $w$ on the way in. In training the softmax runs over the true word and
    `candidates` words drawn with replacement from $q(w) \propto \mathrm{count}(w)^{3/4}$. The score
    of a drawn word is lowered by $\log(\mathrm{candidates} \cdot q(w))$, so that the sum over the
    drawn words is on average the sum over all wrong ones, at a fraction of its cost. Evaluation
    uses all words. `counts` (vocabulary,) says how often each id occurs in the training text.

    Example:
        >>> model = WordModel(np.array([0, 5, 3, 2]), width=8, units=16)
        >>> features = model(np.array([[1, 2, 3]]))
        >>> tuple(features.shape), tuple(model.logits(features).shape)
        ((1, 3, 8), (1, 3, 4))

    Source: Press and Wolf, Using the output embedding to improve language models (2017), for the
    one table; Bengio and Senécal, Adaptive importance sampling to accelerate training of a neural
    probabilistic language model (2008), for the sampled softmax.
    """

    def __init__(self, counts, width=128, units=256, dropout=0.2, candidates=1000, seed=2):
        super().__init__()
        counts = np.asarray(counts, dtype="float64")
        drawn = counts**0.75 / (counts**0.75).sum()
        self.cumulative = np.cumsum(drawn).astype("float32")
        self.log_expected = np.log(np.maximum(drawn * candidates, 1e-9)).astype("float32")
        self.candidates = candidates
        self.random = keras.random.SeedGenerator(seed)
        self.embedding = keras.layers.Embedding(
            len(counts),
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.08, seed=seed),
        )
        self.lstm = layers.LSTM(units, return_sequences=True, return_state=True)
        self.projection = keras.layers.Dense(width)
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        self.bias = self.add_weight(shape=(len(counts),), name="bias")
        self.bias.assign(np.log(np.maximum(counts, 0.5) / counts.sum()))
        self(np.ones((1, 1), dtype="int32"))  # make all weights
        self._score = BACKEND.compile(self._score_window)

    def call(self, tokens, training=False):
        """Return features of the next word at each step, from empty states."""
        return self.features(tokens, training=training)[0]

    def features(self, tokens, states=None, training=False):
        """Return features of the next word (batch, time, width), and the last two states."""
        inputs = self.dropout(self.embedding(tokens), training=training)
        outputs, *states = self.lstm(inputs, initial_state=states, training=training)
        return self.projection(self.dropout(outputs, training=training)), states

    def logits(self, features):
        """Return the scores of all words ``(..., vocabulary)``."""
        return ops.matmul(features, ops.transpose(self.embedding.embeddings)) + self.bias

    def step(self, tokens, states):
        """Return logits ``(batch, vocabulary)`` and states after one more token ``(batch,)``."""
        features, states = self.features(tokens[:, None], states)
        return self.logits(features[:, 0]), states

    def initial_state(self, batch_size):
        """Return the states before the first token, two of ``(batch_size, units)``."""
        return [ops.zeros((batch_size, self.lstm.units)) for _ in range(2)]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the mean cross-entropy: over drawn words in training, over all otherwise."""
        loss = self.sampled_loss(y_pred, y) if training else self.exact_loss(y_pred, y)
        return ops.mean(loss)

    def exact_loss(self, features, targets):
        """Return the cross-entropy in nats ``(batch, time)``, over all words."""
        return keras.losses.sparse_categorical_crossentropy(
            targets, self.logits(features), from_logits=True
        )

    def sampled_loss(self, features, targets):
        """Return an estimate of `exact_loss` from the true word and those drawn."""
        uniform = keras.random.uniform((self.candidates,), seed=self.random)
        drawn = ops.searchsorted(ops.convert_to_tensor(self.cumulative), uniform)
        drawn = ops.minimum(ops.cast(drawn, targets.dtype), len(self.cumulative) - 1)
        true = ops.sum(features * self.embedding(targets), axis=-1) + ops.take(self.bias, targets)
        bias = ops.take(self.bias - ops.convert_to_tensor(self.log_expected), drawn)
        wrong = ops.matmul(features, ops.transpose(self.embedding(drawn))) + bias
        wrong = ops.where(targets[..., None] == drawn, -1e9, wrong)  # (batch, time, candidates)
        scores = ops.concatenate([true[..., None], wrong], axis=-1)
        return ops.logsumexp(scores, axis=-1) - true

    def log_probabilities(self, stream, rows=32, window=64):
        """Return the log-probability in nats of each token but the first of a long text (tokens,).

        The stream is cut into `rows` pieces that are read side by side, `window` tokens at a time,
        with the state carried along: only the first tokens of a piece lack their context.
        """
        stream = np.asarray(stream, dtype="int32")
        number = len(stream) - 1
        length = -(-number // (rows * window)) * window
        inputs, targets = np.zeros((2, rows * length), dtype="int32")
        inputs[:number], targets[:number] = stream[:-1], stream[1:]
        inputs, targets = inputs.reshape(rows, length), targets.reshape(rows, length)
        states, scores = self.initial_state(rows), []
        for begin in range(0, length, window):
            part = np.s_[:, begin : begin + window]
            score, states = self._score(
                ops.convert_to_tensor(inputs[part]), ops.convert_to_tensor(targets[part]), states
            )
            scores.append(ops.convert_to_numpy(score))
        return np.concatenate(scores, axis=1).reshape(-1)[:number]

    def _score_window(self, inputs, targets, states):
        features, states = self.features(inputs, states)
        return -self.exact_loss(features, targets), states
