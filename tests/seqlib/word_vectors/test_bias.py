"""Neutralize, equalize and the association test: the equations, and what they promise."""

import itertools

import numpy as np
import pytest

from seqlib.word_vectors import WordVectors, direction, equalize, neutralize, unit, weat


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def along():
    return draw(8, seed=9)


def test_neutralized_vectors_are_orthogonal_and_of_length_1(along):
    vectors = draw(3, 5, 8)
    found = neutralize(vectors, along)
    assert found.shape == vectors.shape
    np.testing.assert_allclose(found @ along, 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1)
    one = neutralize(vectors[1, 2], 7 * along)  # one at a time, and another length: the same
    np.testing.assert_allclose(one, found[1, 2], atol=1e-12)
    w, g = unit(vectors[1, 2]), unit(along)
    rest = w - (w @ g) * g
    np.testing.assert_allclose(one, rest / np.linalg.norm(rest), atol=1e-12)


def test_neutralized_along_several_directions_or_of_nothing_else(along):
    directions = draw(3, 8, seed=4)
    directions[2] = directions[0] + directions[1]  # and not even independent
    found = neutralize(draw(5, 8), directions)
    np.testing.assert_allclose(found @ directions.T, 0, atol=1e-12)
    assert not neutralize([3 * along, -along], along).any()
    assert not neutralize(np.float32([3 * along]), along).any()
    assert neutralize(np.float32([along]), draw(8)).dtype == np.float32


@pytest.mark.parametrize("size", [2, 3])
def test_equalized_words_differ_along_the_direction_alone(along, size):
    sets = draw(6, size, 8)
    found = equalize(sets, along)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1)
    g = unit(along)
    rest = found - (found @ g)[..., None] * g
    np.testing.assert_allclose(rest, np.broadcast_to(rest[:, :1], rest.shape), atol=1e-12)
    if size == 2:  # then they lie on both sides, equally far
        np.testing.assert_allclose(found[:, 0] @ g, -(found[:, 1] @ g), atol=1e-12)
        order = np.sign(unit(sets) @ g @ [1, -1])
        np.testing.assert_array_equal(np.sign(found[:, 0] @ g), order)
    neutral = neutralize(draw(8, seed=2), along)
    distances = np.linalg.norm(found - neutral, axis=-1)
    np.testing.assert_allclose(distances, np.broadcast_to(distances[:, :1], distances.shape))


def test_equalize_is_the_published_equation(along):
    a, b = unit(draw(2, 8))
    g = unit(along)
    mean = (a + b) / 2
    mean_b = (mean @ g) * g
    common = mean - mean_b
    expected = []
    for w in (a, b):
        w_b = (w @ g) * g
        scale = np.sqrt(1 - common @ common)
        expected.append(common + scale * (w_b - mean_b) / np.linalg.norm(w_b - mean_b))
    np.testing.assert_allclose(equalize([5 * a, 2 * b], along), expected, atol=1e-12)


def test_the_direction_of_pairs_is_the_one_in_which_they_differ(along):
    centres, g = draw(7, 1, 8, seed=3), unit(along)
    pairs = unit(centres) + np.array([0.4, -0.4])[:, None] * g  # (pairs, 2, dimension)
    found = direction(pairs)
    assert found.shape == (1, 8)
    assert found[0] @ g > 0.95
    assert direction(pairs[:, ::-1])[0] @ g < -0.95  # the first word lies on the positive side
    two = direction(draw(7, 3, 8), components=2)
    np.testing.assert_allclose(two @ two.T, np.eye(2), atol=1e-12)
    with pytest.raises(ValueError, match=r"components is 5. Allowed: 1 to 1"):
        direction([[[1.0, 0.0], [0.0, 1.0]]], components=5)
    with pytest.raises(ValueError, match=r"pairs has shape \(2, 3\)"):
        direction(draw(2, 3))


def test_what_does_not_fit_is_refused(along):
    with pytest.raises(ValueError, match=r"direction has shape \(7,\). Allowed: \(8,\) or"):
        neutralize(draw(2, 8), along[:7])
    with pytest.raises(ValueError, match="direction is zero"):
        neutralize(draw(2, 8), np.zeros(8))
    with pytest.raises(ValueError, match="do not differ along the direction"):
        equalize([[along, along]], along)
    x = draw(2, 3)
    with pytest.raises(ValueError, match=r"b has shape \(0, 3\)"):
        weat(x, x, x, np.empty((0, 3)))
    with pytest.raises(ValueError, match="all targets have the same association"):
        weat(x[:1], x[:1], x, x[:1])


def brute_force(x, y, a, b):
    """Return effect size and p-value, written as the definitions are."""

    def cosine(u, v):
        return u @ v / np.linalg.norm(u) / np.linalg.norm(v)

    def s(w):
        return np.mean([cosine(w, v) for v in a]) - np.mean([cosine(w, v) for v in b])

    x, y = [s(w) for w in x], [s(w) for w in y]
    effect_size = (np.mean(x) - np.mean(y)) / np.std(x + y)
    values, observed = np.array(x + y), np.mean(x) - np.mean(y)
    differences = []
    for chosen in itertools.combinations(range(len(values)), len(x)):
        is_x = np.isin(np.arange(len(values)), chosen)
        differences.append(values[is_x].mean() - values[~is_x].mean())
    return effect_size, np.mean(np.array(differences) >= observed - 1e-12)


@pytest.mark.parametrize("sizes", [(4, 4, 5, 5), (3, 5, 2, 4), (1, 1, 1, 1)])
def test_weat_is_what_the_definitions_say(sizes):
    groups = [draw(size, 8, seed=number) for number, size in enumerate(sizes)]
    found = weat(*groups)
    effect_size, p_value = brute_force(*groups)
    assert found.exact
    assert found.effect_size == pytest.approx(effect_size)
    assert found.p_value == pytest.approx(p_value)
    assert -2 <= found.effect_size <= 2
    swapped = weat(groups[0], groups[1], groups[3], groups[2])
    assert swapped.effect_size == pytest.approx(-effect_size)


def test_a_drawn_p_value_is_near_the_exact_one_the_same_each_time_and_never_zero():
    groups = [draw(6, 8, seed=number) for number in range(4)]
    exact = weat(*groups)
    assert exact.divisions == 924
    drawn = weat(*groups, divisions=900, seed=1)
    assert (drawn.exact, drawn.divisions) == (False, 900)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.06)
    assert drawn == weat(*groups, divisions=900, seed=1)
    assert drawn.p_value != weat(*groups, divisions=900, seed=2).p_value
    assert drawn.effect_size == exact.effect_size
    x, y = np.eye(2)[[0] * 12], np.eye(2)[[1] * 12]
    found = weat(x, y, x[:1], y[:1], divisions=1000)
    assert found.effect_size == pytest.approx(2)
    assert 0 < found.p_value <= 2 / 1001


def test_the_methods_look_the_words_up(along):
    words = [f"w{n}" for n in range(20)]
    vectors = WordVectors(words, draw(20, 8))
    pairs = [["w0", "w1"], ["w2", "w3"]]
    np.testing.assert_array_equal(vectors.direction(pairs), direction(vectors[pairs]))
    np.testing.assert_array_equal(vectors.neutralize("w4", along), neutralize(vectors["w4"], along))
    np.testing.assert_array_equal(vectors.equalize(pairs, along), equalize(vectors[pairs], along))
    groups = [words[0:4], words[4:8], words[8:12], words[12:16]]
    assert vectors.weat(*groups) == weat(*(vectors[group] for group in groups))
