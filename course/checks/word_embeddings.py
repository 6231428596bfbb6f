"""Checks of the exercises in notebook 2-1, word embeddings."""

import numpy as np

from course.checks import exercise
from course.checks.central_differences import central_differences
from seqlib.word_vectors import bias

_GENERATOR = np.random.default_rng(21)
_VECTORS = _GENERATOR.normal(size=(12, 5)) * _GENERATOR.uniform(0.2, 5, size=(12, 1))
_DIRECTION = np.array([0.0, 3.0, 0.0, 4.0, 0.0])  # not of length 1, on purpose


@exercise("the sum of products over the last axis, divided by both lengths (np.linalg.norm).")
def cosine(check):
    u, v = _VECTORS[:4], _VECTORS[4:8]
    expected = np.sum(bias.unit(u) * bias.unit(v), axis=-1)
    check.case(u[0], v[0], expected=expected[0])
    hint = "work along the last axis (axis=-1), so that it serves rows of arrays too."
    check.case(u, v, expected=expected, hint=hint)
    check.passed("one pair and many, whatever the lengths")


@exercise("cosines of all rows with the query, then np.argsort of minus these, the first k.")
def nearest(check):
    for query in (_VECTORS[3], 40 * _VECTORS[7]):
        order = np.argsort(-(bias.unit(_VECTORS) @ bias.unit(query)))
        check.case(_VECTORS, query, 1, expected=order[:1])
        check.case(_VECTORS, query, 4, expected=order[:4])
    check.passed("the right rows, the nearest first")


@exercise(
    "scale all rows to length 1; the target is b - a + c; the scores are matrix @ target; "
    "set those of a, b and c to -np.inf before np.argmax."
)
def analogy(check):
    units = bias.unit(_VECTORS)
    for a, b, c in ((0, 1, 2), (5, 3, 9), (4, 8, 6)):
        scores = units @ (units[b] - units[a] + units[c])
        scores[[a, b, c]] = -np.inf
        check.case(_VECTORS, a, b, c, expected=np.argmax(scores))
    check.passed("vectors scaled first, the three given words left out")


@exercise("pd.Series(x).rank() gives ranks, ties their mean; np.corrcoef(ranks, ranks)[0, 1].")
def rank_correlation(check):
    x, ranks = np.array([1.0, 2.0, 2.0, 5.0, 100.0]), np.array([1, 2.5, 2.5, 4, 5])
    cases = [
        ([20.0, 2.5, 7.5, 55.0, 150.0], [3, 1, 2, 4, 5]),
        ([9.0, 7.0, 7.0, 7.0, -3.0], [5, 3, 3, 3, 1]),
    ]
    for y, its_ranks in cases:
        check.case(x, np.array(y), expected=np.corrcoef(ranks, its_ranks)[0, 1])
    check.passed("only the order counts, ties share their rank")


@exercise("f = counts / counts.sum(); np.minimum(1, np.sqrt(t / f) + t / f).")
def keep_probability(check):
    counts = np.array([60_000, 3_000, 900, 40, 2])
    for threshold in (1e-3, 1e-2):
        ratio = threshold / (counts / counts.sum())
        check.case(counts, threshold, expected=np.minimum(1, np.sqrt(ratio) + ratio))
    check.passed("frequent words thinned, rare ones all kept, never above 1")


@exercise("counts ** 0.75, divided by its sum.")
def noise_distribution(check):
    powers = np.array([1000, 64, 27, 8, 1])  # of the counts, to the power 3/4
    check.case(np.array([10_000, 256, 81, 16, 1]), expected=powers / 1100)
    check.passed("the power 3/4, and a sum of one")


@exercise(
    "for each place i, every place j from max(0, i - reach[i]) to min(len(ids), i + reach[i] "
    "+ 1) but i itself gives the pair (ids[i], ids[j])."
)
def skip_gram_pairs(check):
    first = [(7, 7), (7, 8), (7, 8), (7, 9), (8, 7), (8, 7), (8, 9), (9, 7), (9, 8)]
    check.case([7, 8, 9, 7], [1, 2, 1, 3], expected=first, read=sorted)
    second = [(4, 5), (4, 6), (5, 4), (5, 6), (6, 5)]
    check.case([4, 5, 6], [9, 1, 1], expected=second, read=sorted)
    check.case([3], [5], expected=[])
    check.passed("each word with those in its reach, none beyond the sentence")


@exercise("np.logaddexp(0, -x) is -log(sigmoid(x)), and does not overflow.")
def negative_sampling_loss(check):
    true = np.array([2.0, -1.0, 0.0])
    noise = np.array([[0.5, -3.0], [1.0, 2.0], [0.0, -0.5]])
    expected = np.log(1 + np.exp(-true)) + np.log(1 + np.exp(noise)).sum(axis=1)
    check.case(true, noise, expected=expected)
    hint = "exp overflows for large scores: use np.logaddexp(0, ...)."
    large = np.array([-1000.0]), np.array([[1000.0]])
    check.case(*large, expected=np.array([2000.0]), hint=hint)
    check.passed("true pairs and noise, one loss a pair, no overflow")


@exercise(
    "slope = sigmoid(u @ v) - labels, one number for each row of u; the gradient of v is "
    "slope @ u, that of u is np.outer(slope, v)."
)
def negative_sampling_gradients(check):
    v, u, labels = _VECTORS[0] / 3, _VECTORS[1:5] / 3, np.array([1.0, 0.0, 0.0, 0.0])

    def loss():
        scores = u @ v
        return np.sum(np.logaddexp(0, scores) - labels * scores)

    expected = central_differences(loss, v), central_differences(loss, u)
    check.case(v, u, labels, expected=expected)
    check.passed("both equal to finite differences of the loss")


@exercise("sum of vectors * mask[..., None] over axis 1, divided by the number of neighbors.")
def cbow_context(check):
    vectors = _VECTORS.reshape(2, 6, 5)[:, :4]
    mask = np.array([[True, True, False, True], [False, True, False, False]])
    expected = np.stack([vectors[0][mask[0]].mean(axis=0), vectors[1][mask[1]].mean(axis=0)])
    check.case(vectors, mask, expected=expected)
    check.passed("padding does not count, neither above nor below the fraction bar")


@exercise(
    "weight = np.minimum(1, (counts / limit) ** 0.75); error = scores - log(counts); where the "
    "count is zero the weight is zero, so put log(1) there: np.log(np.maximum(counts, 1e-9)) "
    "would do, as long as it is finite."
)
def glove_loss(check):
    counts = np.array([[0.0, 2.0, 50.0], [100.0, 1000.0, 0.5]])
    scores = np.array([[3.0, 1.0, 3.0], [4.0, 7.0, -1.0]])
    pairs = ((score, count) for score, count in zip(scores.flat, counts.flat, strict=True) if count)
    expected = sum(min(1, (n / 100) ** 0.75) * (score - np.log(n)) ** 2 for score, n in pairs)
    check.case(scores, counts, 100.0, expected=expected, tolerance=1e-5)
    check.passed("zeros do not count, large counts count no more than one")


@exercise(
    "scale all rows to length 1; s = targets @ a.T averaged minus targets @ b.T averaged; the "
    "difference of the means of s over x and over y, divided by the standard deviation of s "
    "over both together."
)
def weat_effect(check):
    x, y, a, b = np.split(_VECTORS, [3, 6, 9])
    check.case(x, y, a, b, expected=bias.weat(x, y, a, b).effect_size)
    check.passed("vectors of length 1, means apart, in standard deviations of all")


@exercise(
    "scale the vector and the direction to length 1; take (w @ g) * g away; scale what is "
    "left to length 1."
)
def neutralize(check):
    for vector in _VECTORS[:3]:
        check.case(vector, _DIRECTION, expected=bias.neutralize(vector, _DIRECTION))
    check.passed("orthogonal to the direction, and of length 1")


@exercise(
    "with both words and the direction of length 1: mu is their mean, nu = mu - (mu @ g) g; "
    "each word becomes nu + np.sqrt(1 - nu @ nu) * sign * g, where sign is that of "
    "(w - mu) @ g."
)
def equalize(check):
    for rows in ([0, 1], [2, 5], [7, 4]):
        expected = tuple(bias.equalize(_VECTORS[rows], _DIRECTION))
        check.case(*_VECTORS[rows], _DIRECTION, expected=expected)
    check.passed("both of length 1, mirrored in the direction, equal in all else")
