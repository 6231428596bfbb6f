"""The tagger of notebook 4-2: vectors of words, letters and forms, an LSTM each way, a CRF."""

import keras
import numpy as np
from keras import ops

from course.bucketing import like_lengths
from course.entities.tokens import BUCKETS, FORMS, LABELS, LETTERS
from course.schedules import warm_cosine
from seqlib import layers, losses


@keras.saving.register_keras_serializable("seqlib")
class LetterCNN(keras.layers.Layer):
    r"""Make a vector of a word's letters: a convolution over them, and of each filter the largest.

    $$y_f = \max_l \big(W_f \cdot (c_{l-1}, c_l, c_{l+1})\big) + b_f$$

    From ids (batch, time, letters), 0 for padding, it makes (batch, time, filters).
    """

    def __init__(self, characters, units=30, filters=40, width=3, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.characters, self.units, self.filters, self.width = characters, units, filters, width
        self.dropout = dropout
        self.embedding = keras.layers.Embedding(characters, units, dtype=self.dtype_policy)
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.convolution = keras.layers.Conv1D(
            filters, width, padding="same", dtype=self.dtype_policy
        )

    def build(self, input_shape):
        """Make the weights."""
        self.embedding.build(input_shape)
        self.convolution.build((None, input_shape[-1], self.units))

    def call(self, inputs, training=False):
        """Return the vectors; see the class."""
        real = ops.cast(inputs != 0, self.compute_dtype)[..., None]
        vectors = self.drop(self.embedding(inputs), training=training) * real
        shape, letters = ops.shape(inputs), inputs.shape[-1]
        flat = ops.reshape(vectors, (-1, letters, self.units))  # (words, letters, units)
        seen = self.convolution(flat) + ops.reshape(100.0 * (real - 1), (-1, letters, 1))
        # The largest by pooling: its gradient is quicker than that of a maximum.
        return ops.reshape(ops.max_pool(seen, letters), (*shape[:2], self.filters))

    def compute_output_shape(self, input_shape):
        """Return the shape of the result."""
        return (*input_shape[:2], self.filters)

    def get_config(self):
        """Return the arguments."""
        names = ("characters", "units", "filters", "width", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def build(
    word_encoder,
    pretrained=None,
    encoder=None,
    *,
    letters=True,
    crf=True,
    units=128,
    filters=40,
    dimension=50,
    dropout=0.5,
    labels=LABELS,
    seed=0,
):
    """Return a tagger, a `keras.Model` from the arrays of a `tokens.WordEncoder`.

    It makes log-potentials, (batch, time, tags, tags), with a CRF, which chooses the tags together,
    else logits, (batch, time, tags). Vectors of words are those of `pretrained`, a frozen
    `layers.PretrainedEmbedding` that taggers can share, or are learned, of this `dimension`. An
    `encoder`, a `pretrained.BertEncoder` that is trained further, asks for a
    `pieces.WordPieceEncoder`. `letters` says whether it reads the letters, by so many `filters`,
    and the forms of words.
    """
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("words", "trained", "form")
    }
    inputs["letters"] = keras.Input((None, LETTERS), dtype="int32", name="letters")
    mask = NotPadding()(inputs["form"])
    parts = []
    if encoder is not None:
        inputs |= {
            name: keras.Input((None,), dtype="int32", name=name)
            for name in ("pieces", "types", "first")
        }
        hidden = encoder(inputs["pieces"], types=inputs["types"])
        parts.append(FirstPieces(name="first_pieces")(hidden, inputs["first"]))
    if pretrained is None:
        own = keras.layers.Embedding(len(word_encoder.trained), dimension, name="own")
        parts.append(own(inputs["trained"]))
    else:
        known = pretrained(inputs["words"])
        own = keras.layers.Embedding(
            len(word_encoder.trained), known.shape[-1], embeddings_initializer="zeros", name="own"
        )
        parts.append(known + own(inputs["trained"]))
    if letters:
        parts.append(LetterCNN(len(word_encoder.characters), filters=filters)(inputs["letters"]))
        parts.append(keras.layers.Embedding(len(FORMS), 10, name="forms")(inputs["form"]))
    x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    x = keras.layers.Dropout(dropout, seed=seed)(x)
    x = keras.layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x, mask=mask)
    x = keras.layers.Dropout(dropout, seed=seed + 1)(x)
    scores = keras.layers.Dense(len(labels), name="scores")(x)
    if crf:
        scores = layers.LinearChainCRF(layers.allowed_in_iob2(labels), name="crf")(
            scores, mask=mask
        )
    return keras.Model(inputs, scores, name="tagger")


@keras.saving.register_keras_serializable("seqlib")
class FirstPieces(keras.layers.Layer):
    """Take of pieces (batch, pieces, units) the first of each word: (batch, time, units)."""

    def call(self, hidden, first):
        """Look up; see the class."""
        return ops.take_along_axis(hidden, first[..., None], axis=1)

    def compute_mask(self, hidden, previous_mask=None):
        """Return None: which words are padding is known elsewhere."""

    def compute_output_shape(self, hidden_shape, first_shape):
        """Return the shape of the result."""
        return (*first_shape, hidden_shape[-1])


@keras.saving.register_keras_serializable("seqlib", "Real")  # so that saved models load
class NotPadding(keras.layers.Layer):
    """Say where ids are no padding, (batch, time) of bool."""

    def call(self, inputs):
        """Compare with 0."""
        return ops.not_equal(inputs, 0)

    def compute_output_spec(self, inputs):
        """Return the shape and type."""
        return keras.KerasTensor(inputs.shape, dtype="bool")


def has_crf(model):
    """Return whether a tagger chooses its tags together."""
    return len(model.output.shape) == 4


def compile_for(model, steps, rate=4e-3, average=0.0):
    """Get a tagger ready for so many steps of training; `rate` is the highest.

    With `average` a moving average of the weights, of this momentum, replaces them at the end.
    """
    options = {"use_ema": True, "ema_momentum": average} if average else {}
    optimizer = keras.optimizers.Adam(warm_cosine(rate, steps), global_clipnorm=5.0, **options)
    loss = losses.ChainCrossentropy() if has_crf(model) else _each_tag()
    model.compile(optimizer, loss)


def _each_tag():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)


class Tagger:
    """Answers with tags: a trained model of `build`, compiled for a few rising `widths`."""

    def __init__(self, model, word_encoder, labels=LABELS, batch_size=64, widths=BUCKETS):
        self.word_encoder, self.labels, self.batch_size = word_encoder, labels, batch_size
        self.widths = widths
        best = layers.BestPath()(model.output) if has_crf(model) else ArgmaxTags()(model.output)
        self.model = keras.Model(model.input, best)

    def __call__(self, sentences):
        """Return the tags of each sentence, a list of words, in a list of lists of strings."""
        answers = [None] * len(sentences)
        for places, arrays in self.batches(sentences):
            tags = self.model.predict_on_batch(arrays)
            for place, words in self.named(places, tags, sentences):
                answers[place] = words
        return answers

    def batches(self, sentences):
        """Yield batches of sentences of like lengths: their numbers, and arrays of one size.

        Where the arrays are filled up they have more rows than there are numbers.
        """
        prepared = self.word_encoder.prepare(sentences)
        lengths = [len(words) for words in sentences]
        for width, places in like_lengths(lengths, self.widths, self.batch_size):
            full = np.resize(places, self.batch_size)
            yield places, self.word_encoder.pack([prepared[place] for place in full], width)

    def named(self, places, tags, sentences):
        """Yield number and tags of each sentence of a batch: `tags` (batch, time) by name."""
        for place, row in zip(places, np.asarray(tags), strict=False):
            yield place, [self.labels[tag] for tag in row[: len(sentences[place])]]


@keras.saving.register_keras_serializable("seqlib", "Largest")  # so that saved models load
class ArgmaxTags(keras.layers.Layer):
    """Choose each tag by itself: (batch, time, tags) -> (batch, time)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        """Return the ids of the largest."""
        return ops.cast(ops.argmax(inputs, axis=-1), "int32")

    def compute_output_shape(self, input_shape):
        """Return the shape of the ids."""
        return tuple(input_shape[:-1])
