"""From spectrograms to text: the network, and a search with or without a language model."""

import numpy as np
from keras import ops

from course.bucketing import like_lengths
from course.speech_recognition.model import LETTERS, STRIDE
from course.speech_recognition.recordings import padded
from seqlib.compiled import BACKEND
from seqlib.decoding import ctc_beam_search, ctc_greedy


class Recognizer:
    """A network of `model.build`, and maybe a language model, a `seqlib.decoding.Automaton`.

    `weight` is that of the language model, `bonus` what each letter adds to a score beside it. The
    network is compiled for arrays of `batch_size` recordings that are padded to the least of
    `widths`, in frames, that will do.
    """

    def __init__(
        self,
        network,
        language_model=None,
        weight=0.8,
        bonus=0.8,
        batch_size=32,
        widths=(320, 448, 640),
    ):
        self.language_model, self.weight, self.bonus = language_model, weight, bonus
        self.batch_size, self.widths = batch_size, widths
        self._program = BACKEND.compile(lambda x: network(x, training=False))

    def logits(self, spectrograms):
        """Return what the network says of each recording, a list of (steps, letters)."""
        found = [None] * len(spectrograms)
        for rows, logits in self._batches(spectrograms):
            logits = ops.convert_to_numpy(logits)
            for row, said in zip(rows, logits, strict=False):
                found[row] = said[: len(spectrograms[row]) // STRIDE]
        return found

    def __call__(self, spectrograms, width=1):
        """Write down recordings by a beam of a width, 1 for greedy: a list of texts."""
        found = [None] * len(spectrograms)
        for rows, logits in self._batches(spectrograms):
            steps = np.zeros(self.batch_size, "int32")
            steps[: len(rows)] = [len(spectrograms[row]) // STRIDE for row in rows]
            tokens = ops.convert_to_numpy(self._search(logits, steps, width))
            for row, said in zip(rows, tokens, strict=False):
                found[row] = text_of(said)
        return found

    def _batches(self, spectrograms):
        lengths = [len(frames) for frames in spectrograms]
        for width, rows in like_lengths(lengths, self.widths, self.batch_size):
            frames = padded([spectrograms[row] for row in rows], width)
            missing = self.batch_size - len(rows)
            yield rows, self._program(np.pad(frames, ((0, missing), (0, 0), (0, 0))))

    def _search(self, logits, steps, width):
        if width == 1:
            return ctc_greedy(logits, steps).tokens
        language = {}
        if self.language_model is not None:
            language = {
                "language_model": self.language_model,
                "language_weight": self.weight,
                "label_bonus": self.bonus,
            }
        return ctc_beam_search(logits, steps, width=width, **language).tokens[:, 0]


def text_of(tokens):
    """Return the text of ids of letters (time,), -1 after the last.

    Example:
        >>> text_of([2, 1, 3, -1])
        'a b'
    """
    return "".join(LETTERS.decode([token for token in tokens if token > 0]))
