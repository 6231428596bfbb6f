"""Batches of sequences of like lengths: little padding, and few widths to compile for."""

import numpy as np


def draw_batches(lengths, widths, batch_size, generator):
    """Draw an epoch: sequences of like lengths together, the batches in any order.

    What does not fill a batch is left out, and so is what is longer than the last width.

    Args:
        lengths: Length of each sequence, an array.
        widths: Widths of the arrays, rising.
        batch_size: Number of sequences in a batch.
        generator: `numpy.random.Generator`.

    Returns:
        List of pairs: the width of a batch, and the numbers of its sequences. The first two differ
        in width where any two do: Keras takes a width for fixed that both of them have.

    Example:
        >>> lengths = np.array([3, 9, 4, 10, 2, 8, 30])
        >>> drawn = draw_batches(lengths, (4, 10), 3, np.random.default_rng(0))
        >>> sorted((width, sorted(rows.tolist())) for width, rows in drawn)
        [(4, [0, 2, 4]), (10, [1, 3, 5])]
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
