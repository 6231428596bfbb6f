"""The nearest of many vectors to each of some queries, a part of the queries at a time."""

import numpy as np

_SCORES = 16_000_000  # that are in memory at once: 64 MB


def nearest(matrix, lengths, queries, k, left_out=None):
    r"""Find the rows with the greatest cosine to each query.

    $$\cos(w, q) = \frac{w \cdot q}{\lVert w \rVert \lVert q \rVert}$$

    Args:
        matrix: $w$, array (words, dimension).
        lengths: $\lVert w \rVert$, array (words,); a row of length 0 has the cosine 0.
        queries: $q$, array (queries, dimension), each of length 1.
        k: How many rows to find for each query.
        left_out: Rows that do not count, array (queries, any number) of ids; -1 for none.

    Returns:
        Ids and cosines, two arrays (queries, at most k), the greatest cosine first. Where fewer
        than k rows count, the ids at the end are -1 and their cosines minus infinity.

    Example:
        >>> words, queries = np.array([[1.0, 0], [0, 2], [0, 0]]), np.array([[0.6, 0.8]])
        >>> ids, cosines = nearest(words, np.array([1, 2, 0]), queries, k=2)
        >>> ids.tolist(), cosines.tolist()
        ([[1, 0]], [[0.8, 0.6]])
    """
    k = min(k, len(matrix))
    scale = 1 / np.where(lengths == 0, 1, lengths)
    ids = np.empty((len(queries), k), np.int64)
    cosines = np.empty((len(queries), k), np.result_type(matrix, queries))
    step = max(_SCORES // len(matrix), 1)
    for begin in range(0, len(queries), step):
        part = slice(begin, begin + step)
        scores = queries[part] @ matrix.T  # (part, words)
        scores *= scale
        if left_out is not None:
            rows, columns = np.nonzero(left_out[part] >= 0)
            scores[rows, left_out[part][rows, columns]] = -np.inf
        tops = np.argpartition(scores, -k, axis=1)[:, -k:]  # (part, k), in no order
        values = np.take_along_axis(scores, tops, axis=1)
        order = np.lexsort((tops, -values), axis=1)  # of equal ones the first row
        ids[part] = np.take_along_axis(tops, order, axis=1)
        cosines[part] = np.take_along_axis(values, order, axis=1)
    ids[np.isneginf(cosines)] = -1
    return ids, cosines
