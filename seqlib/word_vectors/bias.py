"""Measure and remove the bias along a direction: neutralize, equalize, and the association test.

All equations are about vectors of length 1, so every vector is scaled to it first: with others the
square root in `equalize` can become imaginary.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

_AT_ONCE = 20_000  # ways to divide that are looked at in one product


def unit(vectors):
    """Scale vectors, (..., dimension), to length 1; a vector of zeros stays as it is.

    Example:
        >>> unit([3.0, 4.0]).tolist()
        [0.6, 0.8]
    """
    vectors = np.asarray(vectors)
    vectors = vectors.astype(np.result_type(vectors, np.float32), copy=False)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)  # (..., 1)
    return vectors / np.where(lengths == 0, 1, lengths)


def direction(pairs, components=1):
    r"""Find the directions in which the words of some pairs differ, such as she-he, woman-man.

    The directions are the first principal components of

    $$\big\{ x - \mu_D : x \in D \big\}, \qquad \mu_D = \frac{1}{|D|} \sum_{x \in D} x,$$

    over all sets $D$ together.

    Args:
        pairs: Array (sets, words in a set, dimension).
        components: How many directions.

    Returns:
        Array (components, dimension) of orthogonal vectors of length 1, the one with the largest
        variance first. The first word of the first set lies on the positive side of each.

    Example:
        >>> pairs = [[[0.0, 1.0], [0.0, -1.0]], [[0.6, 0.8], [0.6, -0.8]]]
        >>> direction(pairs).round(3).tolist()
        [[0.0, 1.0]]

    Source:
        Bolukbasi et al., Man is to computer programmer as woman is to homemaker? (2016), step 1.
    """
    pairs = unit(pairs)
    if pairs.ndim != 3 or pairs.shape[1] < 2:
        raise ValueError(
            f"pairs has shape {pairs.shape}. Allowed: (sets, at least 2 words, dimension)."
        )
    centered = (pairs - pairs.mean(axis=1, keepdims=True)).reshape(-1, pairs.shape[-1])
    rank = np.linalg.matrix_rank(centered)
    if not 1 <= components <= rank:
        raise ValueError(f"components is {components}. Allowed: 1 to {rank}, as the sets differ.")
    found = np.linalg.svd(centered, full_matrices=False)[2][:components]
    sides = np.where(found @ centered[0] < 0, -1, 1)
    return (found * sides[:, None]).astype(pairs.dtype)


def neutralize(vectors, direction):
    r"""Take the part along a direction out of some vectors.

    $$w' = \frac{w - w_B}{\lVert w - w_B \rVert}, \qquad w_B = \sum_b (w \cdot b)\, b$$

    Args:
        vectors: $w$, array (..., dimension).
        direction: One direction, (dimension,), or several, $b$, (components, dimension). They
            need not have length 1, nor be orthogonal.

    Returns:
        $w'$, array like `vectors`, of length 1 and orthogonal to every direction; zero for a vector
        that lies along it.

    Example:
        >>> neutralize([[3.0, 4.0]], [0.0, 1.0]).tolist()
        [[1.0, 0.0]]

    Source:
        Bolukbasi et al. (2016), step 2a.
    """
    vectors = unit(vectors)
    rest = vectors - _along(vectors, direction)
    tiny = np.linalg.norm(rest, axis=-1, keepdims=True) < 1e-6  # what rounding leaves of nothing
    return np.where(tiny, 0, unit(rest))


def equalize(sets, direction):
    r"""Make the words of each set differ along a direction alone, and by the same amount.

    $$w' = \nu + \sqrt{1 - \lVert \nu \rVert^2}\, \frac{w_B - \mu_B}{\lVert w_B - \mu_B \rVert},
    \qquad \nu = \mu - \mu_B,$$

    with $\mu$ the mean of the set, and $w_B$, $\mu_B$ the parts along the direction. Afterwards a
    neutralized word is as near to one word of the set as to any other.

    Args:
        sets: $w$, array (..., words in a set, dimension), such as pairs (pairs, 2, dimension).
        direction: As for `neutralize`.

    Returns:
        $w'$, array like `sets`, of length 1.

    Example:
        >>> equalize([[0.6, 0.8], [0.8, -0.6]], [0.0, 1.0]).round(3).tolist()
        [[0.7, 0.714], [0.7, -0.714]]

    Source:
        Bolukbasi et al. (2016), step 2a.
    """
    sets = unit(sets)
    mean = sets.mean(axis=-2, keepdims=True)  # (..., 1, dimension)
    common = mean - _along(mean, direction)
    apart = _along(sets - mean, direction)  # (..., words in a set, dimension)
    lengths = np.linalg.norm(apart, axis=-1, keepdims=True)
    if np.any(lengths < 1e-6):
        where = np.argwhere(lengths[..., 0] < 1e-6)[0].tolist()
        raise ValueError(
            f"the words of the set do not differ along the direction (word {where[-1]} of set "
            f"{where[:-1] or 0}): choose words that do, such as 'he' and 'she' for gender."
        )
    squares = np.sum(common**2, axis=-1, keepdims=True)  # at most 1, up to rounding
    return common + np.sqrt(np.maximum(1 - squares, 0)) * apart / lengths


def _along(vectors, direction):
    """Return the part of vectors in the space of some directions."""
    basis = np.atleast_2d(np.asarray(direction, dtype=np.float64))
    if basis.ndim != 2 or basis.shape[-1] != vectors.shape[-1]:
        raise ValueError(
            f"direction has shape {np.shape(direction)}. Allowed: ({vectors.shape[-1]},) or "
            f"(components, {vectors.shape[-1]}), the dimension of the vectors."
        )
    _, sizes, orthogonal = np.linalg.svd(basis, full_matrices=False)
    orthogonal = orthogonal[sizes > 1e-6 * max(sizes[0], 1e-30)].astype(vectors.dtype)
    if not np.any(basis):
        raise ValueError("direction is zero. Allowed: a vector that points somewhere.")
    return (vectors @ orthogonal.T) @ orthogonal


@dataclass(frozen=True)
class Association:
    """The outcome of a word embedding association test."""

    effect_size: float  # d, from -2 to 2: positive where x is nearer to a, and y to b
    p_value: float  # share of the ways to divide the targets with as strong an association
    statistic: float  # difference of the mean associations of the two groups of targets
    divisions: int  # how many ways to divide were looked at
    exact: bool  # whether these were all that there are


def weat(x, y, a, b, divisions=100_000, seed=0):
    r"""Test whether two groups of targets are associated with two groups of attributes.

    $$s(w) = \operatorname{mean}_{a \in A} \cos(w, a) - \operatorname{mean}_{b \in B} \cos(w, b),
    \qquad
    d = \frac{\operatorname{mean}_{x \in X} s(x) - \operatorname{mean}_{y \in Y} s(y)}
    {\operatorname{std}_{w \in X \cup Y} s(w)}$$

    The p-value is one-sided: the share of all ways to divide $X \cup Y$ into groups of these sizes
    whose difference of means is at least as large. All are counted where there are no more than
    `divisions`; else so many are drawn, and the one observed is counted with them.

    Args:
        x: First targets, array (words, dimension), such as flowers.
        y: Second targets, such as insects.
        a: First attributes, such as pleasant words.
        b: Second attributes, such as unpleasant words.
        divisions: How many ways to divide the targets to look at, at most.
        seed: Seed of the draw.

    Returns:
        `Association`. The standard deviation is that of the population, so that $d$ cannot leave
        [-2, 2] for groups of equal size.

    Example:
        >>> along, across = np.eye(2)
        >>> found = weat([along, along], [across, across], [along], [across])
        >>> found.effect_size, round(found.p_value, 3), found.divisions
        (2.0, 0.167, 6)

    Source:
        Caliskan, Bryson and Narayanan, Semantics derived automatically from language corpora
        contain human-like biases, Science 356 (2017).
    """
    groups = {}
    for name, vectors in zip("xyab", (x, y, a, b), strict=True):
        groups[name] = unit(np.asarray(vectors, dtype=np.float64))
        if groups[name].ndim != 2 or not len(groups[name]):
            raise ValueError(
                f"{name} has shape {np.shape(vectors)}. Allowed: (a word or more, dimension)."
            )
    targets = np.concatenate([groups["x"], groups["y"]])  # (targets, dimension)
    s = targets @ (groups["a"].mean(axis=0) - groups["b"].mean(axis=0))  # (targets,)
    size, total = len(groups["x"]), len(targets)
    deviation = s.std()
    if deviation < 1e-12:
        raise ValueError("all targets have the same association: there is nothing to compare.")
    observed = s[:size].mean() - s[size:].mean()

    exact = math.comb(total, size) <= divisions
    ways = _all_ways(total, size) if exact else _drawn_ways(total, size, divisions, seed)
    # With the sum over one group the other is known, and so is the difference of the means.
    least = s[:size].sum() - 1e-9 * deviation
    as_strong = looked_at = 0
    for way in ways:  # (ways, size)
        as_strong += int(np.sum(s[way].sum(axis=1) >= least))
        looked_at += len(way)
    p_value = as_strong / looked_at if exact else (as_strong + 1) / (looked_at + 1)
    return Association(float(observed / deviation), p_value, float(observed), looked_at, exact)


def _all_ways(total, size):
    """Yield all choices of `size` out of `total`, as arrays (ways, size)."""
    choices = itertools.combinations(range(total), size)
    while some := list(itertools.islice(choices, _AT_ONCE)):
        yield np.array(some)


def _drawn_ways(total, size, number, seed):
    """Yield `number` random choices of `size` out of `total`, as arrays (ways, size)."""
    generator = np.random.default_rng(seed)
    for begin in range(0, number, _AT_ONCE):
        shape = (min(_AT_ONCE, number - begin), total)
        yield np.argpartition(generator.random(shape), size - 1, axis=1)[:, :size]
