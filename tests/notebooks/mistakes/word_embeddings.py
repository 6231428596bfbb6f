AS_IN_THE_COURSE = """
mu = (first + second) / 2
along = (mu @ g) / (g @ g) * g
nu = mu - along
parts = []
for w in (first, second):
    part = (w @ g) / (g @ g) * g - along
    root = np.sqrt(np.abs(1 - nu @ nu))
    parts.append(nu + root * part / np.linalg.norm(w - nu - along))
return tuple(parts)"""

MISTAKES = [
    ("cosine", None, "return (u * v).sum(axis=-1)"),
    ("cosine", None, "return np.sum(u * v) / np.linalg.norm(u) / np.linalg.norm(v)", "axis=-1"),
    ("nearest", "cosine(matrix, query)", "matrix @ query"),
    ("nearest", "[:k]", "[:k][::-1]"),
    ("analogy", "    scores[[a, b, c]] = -np.inf\n", ""),
    ("analogy", "units[b] - units[a]", "units[a] - units[b]"),
    ("rank_correlation", None, "return np.corrcoef(x, y)[0, 1]"),
    ("rank_correlation", None, "return np.corrcoef(np.argsort(x), np.argsort(y))[0, 1]"),
    ("keep_probability", None, "return np.sqrt(threshold / (counts / counts.sum()))"),
    ("noise_distribution", "counts**0.75", "counts"),
    ("noise_distribution", "powers / powers.sum()", "powers"),
    ("skip_gram_pairs", None, "return [(a, b) for a in ids for b in ids]"),
    ("skip_gram_pairs", "(word, ids[j])", "(ids[j], word)"),
    ("negative_sampling_loss", " + noise", ""),
    (
        "negative_sampling_loss",
        None,
        "true, noise = 1 / (1 + np.exp(-true_scores)), 1 / (1 + np.exp(noise_scores))\n"
        "return -np.log(true) - np.log(noise).sum(axis=-1)",
        "overflow",
    ),
    ("negative_sampling_gradients", " - labels", ""),
    ("negative_sampling_gradients", "slope @ u, np", "-slope @ u, -np"),
    ("cbow_context", None, "return ops.mean(vectors, axis=1)"),
    ("cbow_context", "ops.sum(weights, axis=1)", "vectors.shape[1]"),
    ("glove_loss", "weights * errors**2", "errors**2"),
    ("weat_effect", "s(x).mean() - s(y).mean()", "s(y).mean() - s(x).mean()"),
    ("weat_effect", None, "return x.mean() - y.mean()"),
    ("neutralize", None, "return w - (w @ g) * g"),
    ("neutralize", None, "return w - (w @ g) / (g @ g) * g"),
    ("equalize", None, AS_IN_THE_COURSE),  # on vectors that do not have length 1
    ("equalize", "for w in (first, second)", "for w in (second, first)"),
]
