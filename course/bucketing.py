"""Batches of sequences of like lengths: little padding, and few widths to compile for."""

import keras
import numpy as np


def like_lengths(lengths, widths, batch_size):
    """Put sequences of like lengths together, each once; the last batch of a width may be smaller.

    `widths` of the arrays rise; what is longer than the last gets one of its own. Yields the width
    of a batch, and the numbers of its sequences, an array.

    Example:
        >>> [(width, rows.tolist()) for width, rows in like_lengths([3, 9, 2, 1, 12], (4, 10), 2)]
        [(4, [3, 2]), (4, [0]), (10, [1]), (12, [4])]
    """
    lengths = np.asarray(lengths)
    order = np.argsort(lengths, kind="stable")
    places = np.searchsorted(widths, lengths[order])  # of the first width that is wide enough
    for place in np.unique(places):
        rows = order[places == place]
        width = widths[place] if place < len(widths) else int(lengths.max())
        for first in range(0, len(rows), batch_size):
            yield width, rows[first : first + batch_size]


def draw_batches(lengths, widths, batch_size, generator):
    """Draw an epoch: sequences of like lengths together, the batches (width, numbers) in any order.

    What does not fill a batch is left out, and so is what is longer than the last width. The first
    two differ in width where any do: Keras takes a width for fixed that both of them have.
    """
    order, shortest = [], 0
    for width in widths:
        rows = np.flatnonzero((lengths > shortest) & (lengths <= width))
        rows = generator.permutation(rows)
        for first in range(0, len(rows) - batch_size + 1, batch_size):
            order.append((width, rows[first : first + batch_size]))
        shortest = width
    generator.shuffle(order)
    other = next((n for n, batch in enumerate(order) if batch[0] != order[0][0]), 0)
    if order:
        order.insert(1, order.pop(other))
    return order


class BucketedDataset(keras.utils.PyDataset):
    """Training batches of like lengths, in another order each epoch; see `draw_batches`.

    A subclass has `arrays(rows, width)`, which returns inputs and labels of some sequences.
    """

    def __init__(self, lengths, widths, batch_size, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.lengths, self.widths, self.batch_size = lengths, widths, batch_size
        self.generator = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.order)

    def __getitem__(self, number):
        width, rows = self.order[number]
        return self.arrays(rows, width)

    def on_epoch_end(self):
        """Draw new batches."""
        self.order = draw_batches(self.lengths, self.widths, self.batch_size, self.generator)
