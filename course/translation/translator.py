"""From sentences to sentences: pieces in, a search, pieces out."""

import numpy as np
from keras import ops

from course.bucketing import like_lengths
from seqlib.compiled import BACKEND
from seqlib.decoding import beam_search, greedy
from seqlib.text import pad


class Translator:
    """A model together with the pieces that it reads and writes.

    The model has `initial_state` ((source ids, length=steps at most) -> states) and `step` ((ids,
    states) -> (logits, states)), as `RecurrentTranslator` and `Transformer` have; `source` and
    `target` are the `seqlib.text.Subwords` of the two languages. The search is compiled for arrays
    of `batch_size` sentences that are padded to the least of `widths`, in pieces, that will do; a
    sentence longer than the last is cut.

    Example:
        >>> from course.translation.recurrent import RecurrentTranslator
        >>> from seqlib.text import Subwords
        >>> pieces = Subwords.train(["a b c"], size=12)
        >>> model = RecurrentTranslator(len(pieces), len(pieces), width=4, units=2)
        >>> translate = Translator(model, pieces, pieces, batch_size=2)
        >>> [type(text).__name__ for text in translate(["a b", "c", "b"], width=2)]
        ['str', 'str', 'str']
    """

    def __init__(
        self, model, source, target, batch_size=128, early_stopping=False, widths=(12, 24, 64)
    ):
        self.model, self.source, self.target = model, source, target
        self.batch_size, self.early_stopping, self.widths = batch_size, early_stopping, widths
        self._starts = {}  # number of steps: the compiled start

    def __call__(self, sentences, width=1, length_penalty=1.0):
        """Translate a list of sentences by a beam of a width, 1 for greedy; see `beam_search`."""
        ids = [self.source.encode(text, end="<end>")[: self.widths[-1]] for text in sentences]
        found = [None] * len(ids)
        for columns, rows in like_lengths([len(row) for row in ids], self.widths, self.batch_size):
            source = pad([ids[row] for row in rows], columns)
            missing = self.batch_size - len(rows) if len(ids) > 1 else 0
            source = np.concatenate([source, np.repeat(source[:1], missing, axis=0)])
            tokens = self._search(source, width, length_penalty)
            for row, said in zip(rows, tokens, strict=False):
                found[row] = self.target.decode(said)
        return found

    def compile(self, width=1, length_penalty=1.0):
        """Compile the search for every size of batch, before speed is measured."""
        for columns in self.widths:
            source = pad([[self.source.id("<end>")]] * self.batch_size, columns)
            self._search(source, width, length_penalty)

    def attend(self, sentence):
        """Translate one sentence greedily, and say where a recurrent model looked.

        Returns the translation; the source's pieces and the target's, each with its end; and the
        weights, (target pieces, source pieces).
        """
        ids = self.source.encode(sentence, end="<end>")
        source = ops.convert_to_tensor(pad([ids]))
        states = self.model.initial_state(source, length=max_target_length(len(ids)))
        token, said, weights = self.target.id("<start>"), [], []
        while len(said) < max_target_length(len(ids)) and token != self.target.id("<end>"):
            logits, states, looked = self.model.attentive_step(
                ops.convert_to_tensor([token]), states
            )
            token = int(ops.convert_to_numpy(logits)[0].argmax())
            said.append(token)
            weights.append(ops.convert_to_numpy(looked)[0])
        pieces = self.source.pieces(ids), self.target.pieces(said)
        return self.target.decode(said), *pieces, np.stack(weights)

    def _search(self, source, width, length_penalty):
        """Return the pieces found for an array of sources, (batch, length)."""
        how = {"length": max_target_length(source.shape[1]), "end_token": self.target.id("<end>")}
        states = self._start(source, how["length"])
        first = np.full(len(source), self.target.id("<start>"), "int32")
        if width == 1:
            tokens, _ = greedy(self.model.step, states, first, **how)
            return ops.convert_to_numpy(tokens)
        tokens, _ = beam_search(
            self.model.step,
            states,
            first,
            width=width,
            length_penalty=length_penalty,
            early_stopping=self.early_stopping,
            **how,
        )
        return ops.convert_to_numpy(tokens)[:, 0]

    def _start(self, source, length):
        """Return the states before the first of at most `length` steps."""
        if length not in self._starts:
            self._starts[length] = BACKEND.compile(
                lambda source: self.model.initial_state(source, length=length)
            )
        return self._starts[length](ops.convert_to_tensor(source))


def max_target_length(source_length):
    """Return how many pieces a translation may have at most."""
    return int(1.5 * source_length) + 6
