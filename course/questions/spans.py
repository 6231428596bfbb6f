"""From characters to pieces and back, and the best span of those that are allowed."""

import numpy as np

LONGEST = 30  # pieces in an answer


def pieces_of(spans, begin, end):
    """Return the first and the last piece that characters begin to end touch; None where none does.

    The spans (pieces, 2) say where each piece begins and ends. An answer that begins or ends inside
    a piece gets the whole piece: there is nothing smaller.

    Example:
        >>> spans = [(0, 3), (4, 7), (7, 9)]  # the emb ##ed
        >>> pieces_of(spans, 4, 9), pieces_of(spans, 5, 6), pieces_of(spans, 3, 4)
        ((1, 2), (1, 1), None)
    """
    spans = np.asarray(spans)
    first = np.searchsorted(spans[:, 1], begin, side="right")  # the first that ends after `begin`
    last = np.searchsorted(spans[:, 0], end, side="left") - 1  # the last that begins before `end`
    return (int(first), int(last)) if first <= last else None


def best_spans(start, end, allowed, longest=LONGEST):
    r"""Return first piece, last piece and score of the best legal span of each window, (windows,).

    $$(i, j) = \mathrm{argmax}\; s_i + e_j \quad \text{where } i \le j < i + L
    \text{ and both are in the passage}$$

    The scores `start` and `end` and the pieces that are `allowed` are (windows, time).

    Example:
        >>> first, last, score = best_spans([[9, 1, 0, 5]], [[0, 4, 3, 1]], [[0, 1, 1, 1]])
        >>> first.tolist(), last.tolist(), score.tolist()  # 9 is forbidden, and 5 + 4 backwards
        ([3], [3], [6.0])
    """
    if longest < 1:
        raise ValueError(f"longest must be positive, got {longest!r}.")
    allowed = np.asarray(allowed, bool)
    if not allowed.any(axis=1).all():
        raise ValueError("allowed has a window in which nothing is allowed.")
    start = np.where(allowed, np.asarray(start, np.float32), -np.inf)
    end = np.where(allowed, np.asarray(end, np.float32), -np.inf)
    windows, time = start.shape
    best = np.full(windows, -np.inf, np.float32)
    first, last = np.zeros(windows, int), np.zeros(windows, int)
    for more in range(min(longest, time)):  # spans of one piece, of two, and so on
        scores = start[:, : time - more] + end[:, more:]
        place = scores.argmax(axis=1)
        score = scores[np.arange(windows), place]
        better = score > best
        best[better] = score[better]
        first[better], last[better] = place[better], place[better] + more
    return first, last, best
