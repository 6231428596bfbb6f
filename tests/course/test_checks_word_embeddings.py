"""The checks of notebook 2-1: right answers pass, typical wrong ones and empty ones do not."""

import numpy as np
import pandas as pd
import pytest

from course.checks import CheckFailed
from course.checks import word_embeddings as checks


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cosine(u, v):
    return (u * v).sum(axis=-1) / np.sqrt((u * u).sum(axis=-1) * (v * v).sum(axis=-1))


def nearest(matrix, query, k):
    return sorted(range(len(matrix)), key=lambda row: -cosine(matrix[row], query))[:k]


def analogy(matrix, a, b, c):
    target = unit(matrix[b]) - unit(matrix[a]) + unit(matrix[c])
    return next(row for row in nearest(matrix, target, len(matrix)) if row not in (a, b, c))


def rank_correlation(x, y):
    return pd.Series(x).rank().corr(pd.Series(y).rank())


def keep_probability(counts, threshold):
    f = counts / sum(counts)
    return np.array([min(1, (threshold / x) ** 0.5 + threshold / x) for x in f])


def noise_distribution(counts):
    powers = np.sqrt(counts) * np.sqrt(np.sqrt(counts))
    return powers / powers.sum()


def skip_gram_pairs(ids, reach):
    return [
        (word, ids[j])
        for i, word in enumerate(ids)
        for j in range(max(0, i - reach[i]), min(len(ids), i + reach[i] + 1))
        if i != j
    ]


def negative_sampling_loss(true_scores, noise_scores):
    return np.logaddexp(0, -true_scores) + np.logaddexp(0, noise_scores).sum(axis=-1)


def negative_sampling_gradients(v, u, labels):
    slope = sigmoid(u @ v) - labels
    return slope @ u, slope[:, None] * v


def cbow_context(vectors, mask):
    return np.einsum("bcd,bc->bd", vectors, mask / mask.sum(axis=1, keepdims=True))


def glove_loss(scores, counts, limit):
    rows = counts > 0
    weights = np.minimum((counts[rows] / limit) ** 0.75, 1)
    return np.sum(weights * (scores[rows] - np.log(counts[rows])) ** 2)


def weat_effect(x, y, a, b):
    x, y, a, b = map(unit, (x, y, a, b))
    s = [np.mean(w @ a.T, axis=1) - np.mean(w @ b.T, axis=1) for w in (x, y)]
    return (s[0].mean() - s[1].mean()) / np.concatenate(s).std()


def neutralise(w, g):
    w, g = unit(w), unit(g)
    return unit(w - (w @ g) * g)


def equalise(first, second, g):
    first, second, g = unit(first), unit(second), unit(g)
    nu = (first + second) / 2
    nu = nu - (nu @ g) * g
    sign = np.sign((first - second) @ g)
    return nu + np.sqrt(1 - nu @ nu) * sign * g, nu - np.sqrt(1 - nu @ nu) * sign * g


SOLUTIONS = [
    cosine,
    nearest,
    analogy,
    rank_correlation,
    keep_probability,
    noise_distribution,
    skip_gram_pairs,
    negative_sampling_loss,
    negative_sampling_gradients,
    cbow_context,
    glove_loss,
    weat_effect,
    neutralise,
    equalise,
]


def given_words_count(matrix, a, b, c):
    return nearest(matrix, unit(matrix[b]) - unit(matrix[a]) + unit(matrix[c]), 1)[0]


def lengths_kept(first, second, g):
    """The equations of the course, as they stand, on vectors that do not have length 1."""
    mu = (first + second) / 2
    along = (mu @ g) / (g @ g) * g
    nu = mu - along
    parts = []
    for w in (first, second):
        part = (w @ g) / (g @ g) * g - along
        root = np.sqrt(np.abs(1 - nu @ nu))
        parts.append(nu + root * part / np.linalg.norm(w - nu - along))
    return tuple(parts)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("cosine", lambda u, v: (u * v).sum(axis=-1)),
        ("cosine", lambda u, v: np.sum(u * v) / np.linalg.norm(u) / np.linalg.norm(v)),
        ("nearest", lambda m, q, k: np.argsort(-(m @ q))[:k]),
        ("nearest", lambda m, q, k: nearest(m, q, k)[::-1]),
        ("analogy", given_words_count),
        ("analogy", lambda m, a, b, c: analogy(m, b, a, c)),
        ("rank_correlation", lambda x, y: np.corrcoef(x, y)[0, 1]),
        ("rank_correlation", lambda x, y: np.corrcoef(np.argsort(x), np.argsort(y))[0, 1]),
        ("keep_probability", lambda n, t: np.sqrt(t / (n / n.sum()))),
        ("noise_distribution", lambda n: n / n.sum()),
        ("noise_distribution", lambda n: n**0.75),
        ("skip_gram_pairs", lambda ids, reach: [(a, b) for a in ids for b in ids]),
        ("skip_gram_pairs", lambda ids, reach: [(b, a) for a, b in skip_gram_pairs(ids, reach)]),
        ("negative_sampling_loss", lambda t, n: -np.log(sigmoid(t))),
        (
            "negative_sampling_loss",
            lambda t, n: -np.log(sigmoid(t)) - np.log(sigmoid(-n)).sum(axis=-1),
        ),
        ("negative_sampling_gradients", lambda v, u, y: (u.T @ (sigmoid(u @ v)), u)),
        (
            "negative_sampling_gradients",
            lambda v, u, y: tuple(-g for g in negative_sampling_gradients(v, u, y)),
        ),
        ("cbow_context", lambda v, m: v.mean(axis=1)),
        ("cbow_context", lambda v, m: (v * m[..., None]).mean(axis=1)),
        ("glove_loss", lambda s, n, limit: np.sum((s - np.log(np.maximum(n, 1))) ** 2)),
        ("weat_effect", lambda x, y, a, b: weat_effect(y, x, a, b)),
        ("weat_effect", lambda x, y, a, b: x.mean() - y.mean()),
        ("neutralise", lambda w, g: w - (w @ g) * g),
        ("neutralise", lambda w, g: w - (w @ g) / (g @ g) * g),
        ("equalise", lengths_kept),
        ("equalise", lambda a, b, g: equalise(b, a, g)),
    ],
)
def test_typical_wrong_answers_fail(check, wrong):
    with np.errstate(all="ignore"), pytest.raises(CheckFailed, match="Hint"):
        getattr(checks, check)(wrong)
