"""Batches of excerpts to learn from, moved to other keys."""

import keras
import numpy as np


class Excerpts(keras.utils.PyDataset):
    """Batches of excerpts of `Work`s, drawn anew and moved to another key in each epoch.

    A work is moved by as many semitones as keep each voice within the range that the voices have in
    all works together; the sharps of the key signature move along. A batch is ``((tokens, pitches,
    form, known), tokens)``, with tokens and pitches (batch, length, 4), form (batch, length, 3) and
    `known` (batch,), 1 for the half of which the model sees the whole melody beforehand.
    """

    def __init__(self, some_works, length=128, batch_size=16, seed=0, transposed=True):
        super().__init__()
        self.works, self.length, self.batch_size = some_works, length, batch_size
        self.transposed = transposed
        self.random = np.random.default_rng(seed)
        low, high = (np.array(ends) for ends in zip(*map(_ends, some_works), strict=True))
        # The work with the highest lowest note has that far to fall, and so on: (works,)
        self.down = np.max(low.min(axis=0) - low, axis=1)
        self.up = np.min(high.max(axis=0) - high, axis=1)
        counts = [max(1, round(len(work.tokens) / length)) for work in some_works]
        self.places = np.repeat(np.arange(len(some_works)), counts)
        self.on_epoch_end()

    def __len__(self):
        return len(self.places) // self.batch_size

    def __getitem__(self, index):
        chosen = self.places[index * self.batch_size : (index + 1) * self.batch_size]
        arrays = (np.stack(rows) for rows in zip(*map(self._excerpt, chosen), strict=True))
        tokens, pitches, form = arrays
        known = self.random.integers(2, size=len(chosen)).astype("float32")
        return (tokens, pitches, form, known), tokens

    def on_epoch_end(self):
        """Mix the works."""
        self.random.shuffle(self.places)

    def _excerpt(self, place):
        work = self.works[place]
        latest = max(0, len(work.tokens) - self.length // 2)
        # Beginnings are drawn more often than their share: generation starts with one.
        begin = max(0, self.random.integers(-self.length // 4, latest + 1))
        move = 0
        if self.transposed:
            move = int(self.random.integers(self.down[place], self.up[place] + 1))
        return work.inputs(slice(begin, begin + self.length), self.length, move)


def _ends(work):
    """Return the lowest and the highest pitch of each voice, two arrays (4,)."""
    pitches = np.ma.masked_less(work.pitches, 0)
    return pitches.min(axis=0).filled(60), pitches.max(axis=0).filled(60)
