"""A reader that says where an answer begins and where it ends, and what it is trained on."""

import keras
import numpy as np
from keras import ops

from course.bucketing import BucketedDataset, like_lengths
from course.questions.spans import LONGEST, best_spans
from course.weights import load_encoder, load_weights, save_weights, weights_as_arrays

WIDTHS = (112, 144, 176, 224, 288, 384)  # few, so that few programs are compiled

_NEVER = -1e9  # the score of padding


class SpanReader(keras.Model):
    r"""Two scores for each piece: how well an answer would begin there, and end there.

    $$s_t = w_s \cdot h_t + b_s, \qquad e_t = w_e \cdot h_t + b_e$$

    with $h_t$ what an encoder of the BERT family makes of the piece. Each is a softmax over the
    pieces; the loss is the mean of the two cross-entropies, which is
    `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` on labels (batch, 2). From ids
    and types, each (batch, time), it makes float32 scores (batch, 2, time); those of padding are
    -1e9.

    Example:
        >>> from seqlib.pretrained import BertEncoder
        >>> encoder = BertEncoder(
        ...     20, units=8, num_layers=1, num_heads=2, inner_dim=16, max_length=10
        ... )
        >>> reader = SpanReader(encoder)
        >>> ids, types = ops.array([[2, 7, 3, 8, 3, 0]]), ops.array([[0, 0, 0, 1, 1, 0]])
        >>> tuple(reader((ids, types)).shape)
        (1, 2, 6)

    Source: Devlin et al., BERT: pre-training of deep bidirectional Transformers (2019), section
    4.2.
    """

    def __init__(self, encoder, seed=0):
        super().__init__()
        self.encoder = encoder
        first = keras.initializers.TruncatedNormal(stddev=0.02, seed=seed)
        self.heads = keras.layers.Dense(2, kernel_initializer=first, dtype="float32", name="heads")
        self.heads.build((None, None, encoder.settings["units"]))
        self.built = True

    @classmethod
    def load(cls, path=None, seed=0, **kwargs):
        """Make a reader on a trained encoder, its heads new; see `course.weights.load_encoder`."""
        return cls(load_encoder(path, **kwargs), seed=seed)

    def call(self, inputs, training=False):
        """Return scores; see the class for arguments and returns."""
        ids, types = inputs
        hidden = self.encoder(ids, types=types, training=training)  # (batch, time, units)
        scores = ops.transpose(self.heads(ops.cast(hidden, "float32")), (0, 2, 1))
        return ops.where(ops.not_equal(ids, 0)[:, None], scores, _NEVER)


def save(path, reader, **others):
    """Write how the blocks and heads of a reader differ from MiniLM's, and other arrays."""
    save_weights(path, reader.trainable_weights, _minilm_weights(), **others)


def load(path, reader):
    """Load what `save` wrote into a reader on MiniLM; return the other arrays in the file."""
    return load_weights(path, reader.trainable_weights, _minilm_weights())


def _minilm_weights():
    """Return where training began, arrays by name: MiniLM's weights, and zeros for the heads."""
    arrays = weights_as_arrays(SpanReader.load().trainable_weights)
    return {name: array * (not name.startswith("heads/")) for name, array in arrays.items()}


class Batches(BucketedDataset):
    """Training batches of `Windows` of like lengths, with their labels; see `BucketedDataset`."""

    def __init__(self, windows, labels, batch_size=32, seed=0, widths=WIDTHS, **kwargs):
        self.windows, self.labels = windows, labels
        super().__init__(windows.lengths, widths, batch_size, seed, **kwargs)

    def arrays(self, rows, width):
        """Return inputs and labels of some windows."""
        packed = self.windows.arrays(rows, width)
        return (packed.ids, packed.types), self.labels[rows]


def window_scores(model, windows, rows, width):
    """Return a `SpanReader`'s scores of begins and of ends for windows, by number, and `Packed`."""
    packed = windows.arrays(rows, width)
    start, end = np.moveaxis(model.predict_on_batch((packed.ids, packed.types)), 1, 0)
    return start, end, packed


def answers(model, windows, batch_size=32, longest=LONGEST, widths=WIDTHS, progress=None):
    """Answer the questions of all windows: the best legal span over all windows of a question.

    Returns the answers as they stand in the passages, a list of strings, and their first character
    and the one after the last, (questions, 2) of ints. `longest` is the number of pieces in an
    answer; `progress`, if any, is called with the number of windows after each batch.
    """
    number = len(windows.questions)
    best, places = np.full(number, -np.inf), np.zeros((number, 2), np.int64)
    size = min(batch_size, len(windows))
    for width, rows in like_lengths(windows.lengths, widths, size):
        # Batches are filled up, since every new size would be compiled.
        start, end, packed = window_scores(model, windows, np.resize(rows, size), width)
        first, last, scores = best_spans(start, end, packed.allowed, longest)
        for row, score in enumerate(scores[: len(rows)]):
            question = windows.question[rows[row]]
            if score > best[question]:
                best[question] = score
                spans = packed.spans[row]
                places[question] = spans[first[row], 0], spans[last[row], 1]
        if progress is not None:
            progress(len(rows))
    texts = [
        windows.passages[passage][begin:end]
        for passage, (begin, end) in zip(windows.passage, places, strict=True)
    ]
    return texts, places
