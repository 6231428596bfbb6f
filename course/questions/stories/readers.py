"""Two readers of stories: one reads from end to end, the other looks back at what it needs."""

import keras
import numpy as np
from keras import ops

from seqlib import layers

_LEAST = 1e-3  # the share of attention that a word has without being looked at


class RecurrentReader(keras.Model):
    """Read story and question as one text, word by word, with an LSTM, then answer.

    All that the answer may need has to be carried along in the last state: it was read before the
    question was known. Takes sentences (batch, sentences, words) and question (batch, words).

    Example:
        >>> reader = RecurrentReader(20, 6, units=8)
        >>> tuple(reader((np.ones((2, 4, 5), "int32"), np.ones((2, 5), "int32"))).shape)
        (2, 6)
    """

    def __init__(self, vocabulary, answers, units=48, dropout=0.1, seed=0):
        super().__init__()
        vectors = keras.initializers.RandomNormal(stddev=0.3, seed=seed)
        self.vectors = keras.layers.Embedding(vocabulary, units, vectors, name="vectors")
        self.lstm = layers.LSTM(units, name="lstm")
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        self.answer = keras.layers.Dense(answers, name="answer")
        self((np.ones((1, 1, 1), "int32"), np.ones((1, 1), "int32")))  # make all weights

    def call(self, inputs, training=False):
        """Return logits; see the class for arguments and returns."""
        sentences, question = inputs
        count, width = sentences.shape[1:]
        story = ops.reshape(sentences, (-1, count * width))
        words = ops.concatenate([story, question], axis=1)  # (batch, time)
        vectors = self.dropout(self.vectors(words), training=training)
        state = self.lstm(vectors, mask=ops.not_equal(words, 0))
        return self.answer(self.dropout(state, training=training))


class MemoryReader(keras.Model):
    r"""Keep each word of the story, in its sentence, and look back several times.

    A GRU in both directions reads each sentence by itself, its words marked with 1 where the
    question has the same word and 0 where not. It gives each word $i$ a vector of its context, to
    which a vector for the age of its sentence is added: $k_i$. Another reads the question: $q$.
    Then, from $m_0 = q$ on, each hop attends to the words and makes a new question of what it
    found,

    $$w^{(h)} = \mathrm{softmax}\Big(\frac{k\, m_{h-1}}{\sqrt d}\Big), \qquad
    m_h = \mathrm{relu}\Big(W_h \Big[m_{h-1},\; \sum_i w^{(h)}_i k_i,\; q\Big]\Big)$$

    An answer is a word that the last hop looks at, or what the last $m$ says, or both:

    $$z_a = \log\Big(\varepsilon + \sum_{i:\, x_i = a} w^{(H)}_i\Big) + v_a \cdot m_H + b_a$$

    Neither a word that is marked nor one that is pointed at need be learned one by one: what holds
    for the bakery holds for the museum. `answers` are ids among the words, 0 for one that is no
    word of any story; with `between` a GRU also goes over the sentences, so that each knows of
    those around it. It takes what `RecurrentReader` takes.

    Example:
        >>> reader = MemoryReader(20, [3, 4, 5], hops=2, longest=4, units=8)
        >>> inputs = np.ones((2, 4, 5), "int32"), np.ones((2, 5), "int32")
        >>> tuple(reader(inputs).shape), reader.attention_weights(inputs).shape
        ((2, 3), (2, 2, 4))

    Source: Sukhbaatar et al., End-to-end memory networks (2015); Kadlec et al., Text understanding
    with the attention sum reader network (2016); the mark is the exact match of Chen et al.,
    Reading Wikipedia to answer open-domain questions (2017).
    """

    def __init__(
        self,
        vocabulary,
        answers,
        hops=2,
        longest=14,
        units=32,
        between=False,
        dropout=0.1,
        seed=0,
    ):
        super().__init__()
        size = 2 * units
        vectors = keras.initializers.RandomNormal(stddev=0.3, seed=seed)
        ages = keras.initializers.RandomNormal(stddev=0.1, seed=seed + 1)
        self.answers = np.asarray(answers, np.int32)
        self.vectors = keras.layers.Embedding(vocabulary, units, vectors, name="vectors")
        self.sentence = keras.layers.Bidirectional(
            layers.GRU(units, return_sequences=True, return_state=True), name="sentence"
        )
        self.question = layers.GRU(size, name="question")
        self.ages = keras.layers.Embedding(longest + 1, size, ages, name="ages")
        self.between = None
        if between:
            self.between = keras.layers.Bidirectional(
                layers.GRU(units, return_sequences=True), name="between"
            )
        self.attention = layers.DotProductAttention("scaled", name="attention")
        self.update = [
            keras.layers.Dense(size, "relu", name=f"update_{hop}") for hop in range(hops)
        ]
        self.output_layer = keras.layers.Dense(len(self.answers), name="output")
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        self((np.ones((1, 1, 1), "int32"), np.ones((1, 1), "int32")))  # make all weights

    def call(self, inputs, training=False):
        """Return logits; see the class for arguments and returns."""
        memory, all_weights = self._read(inputs, training)
        sentences, _ = inputs
        words = ops.reshape(sentences, (-1, sentences.shape[1] * sentences.shape[2]))
        is_answer = words[:, :, None] == ops.convert_to_tensor(self.answers)
        pointed = all_weights[-1][:, :, None] * ops.cast(is_answer, self.compute_dtype)
        said = self.output_layer(self.dropout(memory, training=training))
        return ops.log(_LEAST + ops.sum(pointed, axis=1)) + said

    def attention_weights(self, inputs, words=False):
        """Return how much each hop looks at each sentence, (batch, hops, sentences).

        With `words` those of a sentence are told apart, (batch, hops, sentences, words). Either way
        it sums to one for each hop.
        """
        _, all_weights = self._read(inputs, training=False)
        count, width = inputs[0].shape[1:]
        weights = np.stack([ops.convert_to_numpy(each) for each in all_weights], axis=1)
        weights = weights.reshape(*weights.shape[:2], count, width)
        return weights if words else weights.sum(axis=-1)

    def _read(self, inputs, training):
        """Return the last memory, (batch, size), and the weights of each hop, (batch, words)."""
        sentences, question = inputs
        _, count, width = sentences.shape
        flat = ops.reshape(sentences, (-1, width))  # each sentence by itself
        marks = ops.any(ops.equal(sentences[..., None], question[:, None, None]), axis=-1)
        marks = ops.logical_and(marks, ops.not_equal(sentences, 0))
        marks = ops.cast(ops.reshape(marks, (-1, width, 1)), self.compute_dtype)
        vectors = self.dropout(self.vectors(flat), training=training)
        vectors = ops.concatenate([vectors, marks], axis=-1)
        context, forward, backward = self.sentence(vectors, mask=ops.not_equal(flat, 0))
        size = context.shape[-1]
        real = ops.any(ops.not_equal(sentences, 0), axis=-1)  # (batch, sentences)
        about = self.ages(_age(real))
        if self.between is not None:
            whole = ops.reshape(ops.concatenate([forward, backward], axis=-1), (-1, count, size))
            about = about + self.between(self.dropout(whole, training=training), mask=real)
        keys = ops.reshape(context, (-1, count, width, size)) + about[:, :, None]
        keys = self.dropout(ops.reshape(keys, (-1, count * width, size)), training=training)
        mask = ops.reshape(ops.not_equal(sentences, 0), (-1, count * width))

        vectors = self.dropout(self.vectors(question), training=training)
        asked = self.question(vectors, mask=ops.not_equal(question, 0))
        memory, all_weights = asked, []
        for update in self.update:
            found, weights = self.attention(
                memory[:, None], keys, value_mask=mask, return_attention_scores=True
            )
            memory = update(ops.concatenate([memory, found[:, 0], asked], axis=-1))
            all_weights.append(weights[:, 0])
        return memory, all_weights


def _age(real):
    """Return 1 for the last sentence of a story, 2 for the one before, and 0 for padding."""
    real = ops.cast(real, "int32")
    return real * ops.flip(ops.cumsum(ops.flip(real, axis=1), axis=1), axis=1)
