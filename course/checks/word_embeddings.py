"""Checks of the exercises in notebook 2-1, word embeddings."""

import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed
from seqlib.word_vectors import bias

_GENERATOR = np.random.default_rng(21)
_VECTORS = _GENERATOR.normal(size=(12, 5)) * _GENERATOR.uniform(0.2, 5, size=(12, 1))
_DIRECTION = np.array([0.0, 3.0, 0.0, 4.0, 0.0])  # not of length 1, on purpose


def _run(name, learner, hint, *arguments, count=1):
    """Call the learner's function with copies, so that nothing given is changed."""
    with attempt(name, hint):
        value = learner(*(x.copy() if isinstance(x, np.ndarray) else x for x in arguments))
    return answered(name, value, hint, count=count)


def cosine(learner):
    """Check the cosine of two vectors, and of rows of two arrays."""
    hint = "the sum of products over the last axis, divided by both lengths (np.linalg.norm)."
    u, v = _VECTORS[:4], _VECTORS[4:8]
    expected = np.sum(bias.unit(u) * bias.unit(v), axis=-1)
    compare("cosine", _run("cosine", learner, hint, u[0], v[0]), expected[0], hint)
    hint = "work along the last axis (axis=-1), so that it serves rows of arrays too."
    compare("cosine", _run("cosine", learner, hint, u, v), expected, hint)
    passed("cosine", "one pair and many, whatever the lengths")


def nearest(learner):
    """Check the rows with the greatest cosine."""
    hint = "cosines of all rows with the query, then np.argsort of minus these, the first k."
    for query in (_VECTORS[3], 40 * _VECTORS[7]):
        order = np.argsort(-(bias.unit(_VECTORS) @ bias.unit(query)))
        for k in (1, 4):
            value = _run("nearest", learner, hint, _VECTORS, query, k)
            compare("nearest", np.asarray(value), order[:k], hint)
    passed("nearest", "the right rows, the nearest first")


def analogy(learner):
    """Check the word that completes an analogy."""
    hint = (
        "scale all rows to length 1; the target is b - a + c; the scores are matrix @ target; "
        "set those of a, b and c to -np.inf before np.argmax."
    )
    units = bias.unit(_VECTORS)
    for a, b, c in ((0, 1, 2), (5, 3, 9), (4, 8, 6)):
        scores = units @ (units[b] - units[a] + units[c])
        scores[[a, b, c]] = -np.inf
        value = _run("analogy", learner, hint, _VECTORS, a, b, c)
        compare("analogy", value, np.argmax(scores), hint)
    passed("analogy", "vectors scaled first, the three given words left out")


def rank_correlation(learner):
    """Check Spearman's correlation, ties included."""
    hint = "pd.Series(x).rank() gives ranks, ties their mean; np.corrcoef(ranks, ranks)[0, 1]."
    x = np.array([1.0, 2.0, 2.0, 5.0, 100.0])
    ranks = np.array([1, 2.5, 2.5, 4, 5])
    for y, its_ranks in (
        (np.exp(np.array([3.0, 1.0, 2.0, 4.0, 5.0])), np.array([3, 1, 2, 4, 5])),
        (np.array([9.0, 7.0, 7.0, 7.0, -3.0]), np.array([5, 3, 3, 3, 1])),
    ):
        expected = np.corrcoef(ranks, its_ranks)[0, 1]
        compare("rank_correlation", _run("rank_correlation", learner, hint, x, y), expected, hint)
    passed("rank_correlation", "only the order counts, ties share their rank")


def keep_probability(learner):
    """Check the share of the occurrences of words that are kept."""
    hint = "f = counts / counts.sum(); np.minimum(1, np.sqrt(t / f) + t / f)."
    counts = np.array([60_000, 3_000, 900, 40, 2])
    for threshold in (1e-3, 1e-2):
        ratio = threshold / (counts / counts.sum())
        expected = np.minimum(1, np.sqrt(ratio) + ratio)
        value = _run("keep_probability", learner, hint, counts, threshold)
        compare("keep_probability", value, expected, hint)
    passed("keep_probability", "frequent words thinned, rare ones all kept, never above 1")


def noise_distribution(learner):
    """Check the distribution from which noise words are drawn."""
    hint = "counts ** 0.75, divided by its sum."
    counts = np.array([10_000, 256, 81, 16, 1])
    expected = counts**0.75 / np.sum(counts**0.75)
    value = _run("noise_distribution", learner, hint, counts)
    compare("noise_distribution", value, expected, hint)
    passed("noise_distribution", "the power 3/4, and a sum of one")


def skip_gram_pairs(learner):
    """Check the pairs of words and neighbours of a sentence."""
    hint = (
        "for each place i, every place j from max(0, i - reach[i]) to min(len(ids), i + reach[i] "
        "+ 1) but i itself gives the pair (ids[i], ids[j])."
    )
    for ids, reach in (([7, 8, 9, 7], [1, 2, 1, 3]), ([4, 5, 6], [9, 1, 1]), ([3], [5])):
        expected = [
            (ids[i], ids[j])
            for i in range(len(ids))
            for j in range(len(ids))
            if j != i and abs(i - j) <= reach[i]
        ]
        value = _run("skip_gram_pairs", learner, hint, ids, reach)
        pairs = sorted(tuple(int(part) for part in pair) for pair in value)
        if pairs != sorted(expected):
            raise CheckFailed(
                f"skip_gram_pairs: given {pairs}; expected {sorted(expected)} for the ids {ids} "
                f"with the reach {reach}.\n  Hint: {hint}"
            )
    passed("skip_gram_pairs", "each word with those in its reach, none beyond the sentence")


def negative_sampling_loss(learner):
    """Check the loss of scores, large ones too."""
    hint = "np.logaddexp(0, -x) is -log(sigmoid(x)), and does not overflow."
    true = np.array([2.0, -1.0, 0.0])
    noise = np.array([[0.5, -3.0], [1.0, 2.0], [0.0, -0.5]])
    expected = np.logaddexp(0, -true) + np.logaddexp(0, noise).sum(axis=1)
    with np.errstate(all="ignore"):
        value = _run("negative_sampling_loss", learner, hint, true, noise)
        compare("negative_sampling_loss", value, expected, hint)
        hint = "exp overflows for large scores: use np.logaddexp(0, ...)."
        extreme = np.array([-1000.0]), np.array([[1000.0]])
        value = _run("negative_sampling_loss", learner, hint, *extreme)
    compare("negative_sampling_loss", value, np.array([2000.0]), hint)
    passed("negative_sampling_loss", "true pairs and noise, one loss a pair, no overflow")


def negative_sampling_gradients(learner):
    """Check the gradients by hand against finite differences."""
    hint = (
        "slope = sigmoid(u @ v) - labels, one number for each row of u; the gradient of v is "
        "slope @ u, that of u is np.outer(slope, v)."
    )
    v, u, labels = _VECTORS[0] / 3, _VECTORS[1:5] / 3, np.array([1.0, 0.0, 0.0, 0.0])

    def loss(v, u):
        scores = u @ v
        return np.sum(np.logaddexp(0, scores) - labels * scores)

    def numeric(array, function):
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            step = np.zeros_like(array)
            step[place] = 1e-6
            gradient[place] = (function(array + step) - function(array - step)) / 2e-6
        return gradient

    expected = numeric(v, lambda x: loss(x, u)), numeric(u, lambda x: loss(v, x))
    name = "negative_sampling_gradients"
    value = _run(name, learner, hint, v, u, labels, count=2)
    compare(name, tuple(value), expected, hint, tolerance=1e-5)
    passed(name, "both equal to finite differences of the loss")


def cbow_context(learner):
    """Check the mean of the vectors of the neighbours."""
    hint = "sum of vectors * mask[..., None] over axis 1, divided by the number of neighbours."
    vectors = _VECTORS.reshape(2, 6, 5)[:, :4]
    mask = np.array([[True, True, False, True], [False, True, False, False]])
    expected = np.stack([vectors[0][mask[0]].mean(axis=0), vectors[1][mask[1]].mean(axis=0)])
    value = _run("cbow_context", learner, hint, vectors, mask)
    compare("cbow_context", np.asarray(value), expected, hint)
    passed("cbow_context", "padding does not count, neither above nor below the fraction bar")


def glove_loss(learner):
    """Check the weighted squares of GloVe."""
    hint = (
        "weight = np.minimum(1, (counts / limit) ** 0.75); error = scores - log(counts); where the "
        "count is zero the weight is zero, so put log(1) there: np.log(np.maximum(counts, 1e-9)) "
        "would do, as long as it is finite."
    )
    counts = np.array([[0.0, 2.0, 50.0], [100.0, 1000.0, 0.5]])
    scores = np.array([[3.0, 1.0, 3.0], [4.0, 7.0, -1.0]])
    seen = np.where(counts > 0, counts, 1)
    expected = np.sum(np.minimum(1, (counts / 100) ** 0.75) * (scores - np.log(seen)) ** 2)
    with np.errstate(all="ignore"):
        value = _run("glove_loss", learner, hint, scores, counts, 100.0)
    compare("glove_loss", np.asarray(value), expected, hint, tolerance=1e-5)
    passed("glove_loss", "zeros do not count, large counts count no more than one")


def weat_effect(learner):
    """Check the effect size of the association test."""
    hint = (
        "scale all rows to length 1; s = targets @ a.T averaged minus targets @ b.T averaged; the "
        "difference of the means of s over x and over y, divided by the standard deviation of s "
        "over both together."
    )
    x, y, a, b = np.split(_VECTORS, [3, 6, 9])
    expected = bias.weat(x, y, a, b).effect_size
    compare("weat_effect", _run("weat_effect", learner, hint, x, y, a, b), expected, hint)
    passed("weat_effect", "vectors of length 1, means apart, in standard deviations of all")


def neutralise(learner):
    """Check that the part along a direction is taken out and the length is 1 again."""
    hint = (
        "scale the vector and the direction to length 1; take (w @ g) * g away; scale what is "
        "left to length 1."
    )
    for vector in _VECTORS[:3]:
        value = _run("neutralise", learner, hint, vector, _DIRECTION)
        compare("neutralise", value, bias.neutralize(vector, _DIRECTION), hint)
    passed("neutralise", "orthogonal to the direction, and of length 1")


def equalise(learner):
    """Check the pair that differs along the direction alone."""
    hint = (
        "with both words and the direction of length 1: mu is their mean, nu = mu - (mu @ g) g; "
        "each word becomes nu + np.sqrt(1 - nu @ nu) * sign * g, where sign is that of "
        "(w - mu) @ g."
    )
    for first, second in ((0, 1), (2, 5), (7, 4)):
        pair = _VECTORS[[first, second]]
        value = _run("equalise", learner, hint, pair[0], pair[1], _DIRECTION, count=2)
        compare("equalise", tuple(value), tuple(bias.equalize(pair, _DIRECTION)), hint)
    passed("equalise", "both of length 1, mirrored in the direction, equal in all else")
