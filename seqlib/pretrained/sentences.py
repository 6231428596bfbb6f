"""One vector for a sentence: near where the meaning is near."""

import functools

import keras
import numpy as np
from keras import ops

from seqlib.pretrained.loading import load_bert
from seqlib.pretrained.wordpiece import WordPiece

BUCKET = 16  # lengths are rounded up to a multiple, so that few programs are compiled


class SentenceEncoder:
    r"""The mean of a sentence's vectors, scaled to length one.

    $$e = \frac{\bar h}{\lVert \bar h \rVert}, \qquad
    \bar h = \frac{\sum_t m_t h_t}{\sum_t m_t}$$

    with the mask $m$. The product of two such vectors is the cosine of the angle between them.

    Args:
        encoder: `BertEncoder`.
        wordpiece: The `WordPiece` that it was trained with.

    Example:
        >>> encoder = SentenceEncoder.load()
        >>> encoder.embeddings(["A cat sleeps.", "A kitten naps.", "Stocks fell."]).shape
        (3, 384)

    Source:
        Reimers & Gurevych, Sentence-BERT (2019).
    """

    def __init__(self, encoder, wordpiece):
        self.encoder, self.wordpiece = encoder, wordpiece
        self._model = _MeanOfUnits(encoder)

    @classmethod
    def load(cls, path=None):
        """Load encoder and pieces; see `load_bert` for `path`, None for MiniLM."""
        return cls(load_bert(path), WordPiece.load(path))

    def embeddings(self, sentences, *, batch_size=32, length=256):
        """Return one vector for each sentence: an array (sentences, units) of float32.

        Args:
            sentences: List of strings.
            batch_size: Number of sentences, of like length, that are encoded together.
            length: Number of pieces, marks included, after which a sentence is cut; at most the
                encoder's `max_length`. MiniLM was trained on sentences up to 256.
        """
        longest = self.encoder.settings["max_length"]
        if length > longest:
            raise ValueError(f"`length` got {length}. Allowed: at most {longest}.")
        ids = self.wordpiece.encode(sentences, length=length).ids
        lengths = (ids != 0).sum(axis=1)
        ids = np.pad(ids, ((0, 0), (0, BUCKET)))  # room to round up
        order = np.argsort(-lengths, kind="stable")
        vectors = np.empty((len(ids), self.encoder.settings["units"]), np.float32)
        for begin in range(0, len(order), batch_size):
            rows = order[begin : begin + batch_size]
            width = min(-(-int(lengths[rows[0]]) // BUCKET) * BUCKET, longest)
            vectors[rows] = self._model.predict_on_batch(ids[rows, :width])
        return vectors


def sentence_embeddings(sentences, **kwargs):
    """Return a vector for each sentence, (sentences, 384), by MiniLM, which is loaded once.

    Other arguments are those of `SentenceEncoder.embeddings`.

    Example:
        >>> happy, dog, sunny = sentence_embeddings(
        ...     ["That is a happy person", "That is a happy dog", "Today is a sunny day"]
        ... )
        >>> round(float(happy @ dog), 2), round(float(happy @ sunny), 2)
        (0.69, 0.26)
    """
    return _minilm().embeddings(sentences, **kwargs)


@functools.cache
def _minilm():
    return SentenceEncoder.load()


class _MeanOfUnits(keras.Model):
    """Encoder, mean over what is real, and scaling, as one compiled call."""

    def __init__(self, encoder):
        super().__init__(name="mean_of_units")
        self.encoder = encoder

    def call(self, ids):
        mask = ops.not_equal(ids, 0)
        hidden = ops.cast(self.encoder(ids, mask=mask), "float32")  # (batch, time, units)
        weights = ops.cast(mask, "float32")[:, :, None]
        total = ops.sum(hidden * weights, axis=1)
        # A mean has the direction of the sum: the number of tokens cancels out.
        return total / ops.maximum(ops.norm(total, axis=-1, keepdims=True), 1e-12)
