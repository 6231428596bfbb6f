"""The conditional random field: every path counted out, masks, gradients, what is forbidden."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers, losses
from seqlib.layers import linear_chain
from tests.seqlib.layers.check_layer import (
    FEATURES,
    MASK,
    Kind,
    check_config,
    check_dtype_policies,
    check_mask,
    check_padding,
    check_shapes,
    example_input,
)
from tests.seqlib.layers.gradients import relative_error, slopes, to_numpy, value_and_gradients

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
KIND = Kind(makes=({},), sequence={}, last=None)
DOUBLE = keras.backend.backend() == "tensorflow"


def make(**arguments):
    seeded = keras.initializers.RandomNormal(stddev=1.0, seed=4)
    return layers.LinearChainCRF(transition_initializer=seeded, **arguments)


def drawn(batch, time, tags, seed=0):
    """A layer with random weights, and scores for it."""
    rng = np.random.default_rng(seed)
    layer = layers.LinearChainCRF()
    layer.build((None, None, tags))
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer, rng.normal(size=(batch, time, tags)).astype("float32")


def counted_out(layer, scores, real):
    """Every path through the real steps of one row, and its score, by the formula as it stands."""
    between, begin, end = map(to_numpy, layer.transition_scores())
    scores = scores[np.asarray(real, bool)]
    paths = list(itertools.product(range(scores.shape[1]), repeat=len(scores)))
    totals = []
    for path in paths:
        total = sum(scores[t, tag] for t, tag in enumerate(path))
        total += sum(between[pair] for pair in itertools.pairwise(path))
        totals.append(total + (begin[path[0]] + end[path[-1]] if path else 0))
    return paths, np.array(totals, "float64")


@pytest.mark.parametrize(("masked", "tags"), [(True, 1), (True, 3), (False, 3)])
def test_all_is_as_when_every_path_is_counted_out(masked, tags):
    layer, scores = drawn(5, 6, tags)
    mask = MASK if masked else np.ones((5, 6), bool)
    potentials = layer(scores, mask=mask if masked else None)
    normaliser = to_numpy(linear_chain.log_partition(potentials))
    likely = to_numpy(linear_chain.marginals(potentials))
    tags_found, best = map(to_numpy, linear_chain.best_path(potentials))
    assert likely.shape == (5, 6, tags)
    for row, real in enumerate(mask):
        paths, totals = counted_out(layer, scores[row], real)
        expected = np.log(np.exp(totals).sum())
        np.testing.assert_allclose(normaliser[row], expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(best[row], totals.max(), rtol=1e-5, atol=1e-5)
        assert tuple(tags_found[row][real]) == paths[totals.argmax()]
        share = np.exp(totals - expected)
        for place, step in enumerate(np.flatnonzero(real)):
            of_tag = [share[[p[place] == tag for p in paths]].sum() for tag in range(tags)]
            np.testing.assert_allclose(likely[row, step], of_tag, rtol=1e-4, atol=1e-6)
        given = np.full((1, 6), -1)
        for path, total in list(zip(paths, totals, strict=True))[:: max(1, len(paths) // 7)]:
            given[0, real] = path
            score = to_numpy(linear_chain.path_score(potentials[row : row + 1], given))[0]
            np.testing.assert_allclose(score, total, rtol=1e-5, atol=1e-5)


def test_the_loss_is_the_log_likelihood_of_a_token():
    layer, scores = drawn(2, 4, 3)
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool)
    tags = np.array([[2, 1, -1, -1], [0, 1, 2, 0]])
    expected = []
    for row, real in enumerate(mask):
        paths, totals = counted_out(layer, scores[row], real)
        own = totals[paths.index(tuple(tags[row][real]))]
        expected.append(np.log(np.exp(totals).sum()) - own)
    loss, potentials = losses.ChainCrossentropy(), layer(scores, mask=mask)
    np.testing.assert_allclose(
        float(to_numpy(loss(tags, potentials))), sum(expected) / 6, rtol=1e-5
    )
    weighted = to_numpy(loss(tags, potentials, sample_weight=np.array([0.0, 2.0])))
    np.testing.assert_allclose(weighted, expected[1] / 4, rtol=1e-5)
    again = losses.ChainCrossentropy.from_config(loss.get_config())
    assert float(to_numpy(again(tags, potentials))) == float(to_numpy(loss(tags, potentials)))
    with pytest.raises(ValueError, match="log-potentials"):
        loss(tags, scores)
    for rows in (slice(1), slice(2)):  # a fully masked row costs nothing, alone or not
        mask[0], tags[0] = False, -1
        potentials = layer(scores[rows], mask=mask[rows])
        each = to_numpy(loss.call(tags[rows], potentials))
        np.testing.assert_array_equal(each > 0, [False, True][rows])
        assert np.isfinite(to_numpy(loss(tags[rows], potentials)))


def test_what_is_forbidden_never_happens():
    allowed = layers.allowed_in_iob2(LABELS)
    layer = layers.LinearChainCRF(allowed)
    rng = np.random.default_rng(0)
    scores = rng.normal(scale=5, size=(40, 7, len(LABELS))).astype("float32")
    mask = np.arange(7) < rng.integers(1, 8, size=(40, 1))
    potentials = layer(scores, mask=mask)
    for row, tags in enumerate(to_numpy(layers.BestPath()(potentials))):
        path = [len(LABELS), *tags[mask[row]], len(LABELS)]
        assert all(allowed[pair] for pair in itertools.pairwise(path))
    likely = to_numpy(linear_chain.marginals(potentials))
    assert (likely[:, 0, [2, 4]] == 0).all()  # nothing begins inside
    np.testing.assert_allclose(likely.sum(axis=-1), 1, rtol=1e-4)


def test_the_forbidden_is_left_out_of_the_sum_exactly():
    allowed = layers.allowed_in_iob2(LABELS[:3])
    layer = layers.LinearChainCRF(allowed)
    scores = np.random.default_rng(1).normal(size=(1, 4, 3)).astype("float32")
    potentials = layer(scores)
    paths, totals = counted_out(layer, scores[0], np.ones(4, bool))
    kept = [all(allowed[pair] for pair in itertools.pairwise([3, *path, 3])) for path in paths]
    assert 0 < sum(kept) < len(paths)
    expected = np.log(np.exp(totals[kept]).sum())
    np.testing.assert_allclose(
        to_numpy(linear_chain.log_partition(potentials))[0], expected, rtol=1e-6
    )


def test_what_is_forbidden_learns_nothing():
    layer = layers.LinearChainCRF(layers.allowed_in_iob2(LABELS))
    scores = np.random.default_rng(1).normal(size=(2, 5, 5)).astype("float32")
    tags = np.array([[0, 1, 2, 0, 3], [3, 4, 1, 0, 0]])
    layer(scores)

    def loss():
        return losses.ChainCrossentropy()(tags, layer(scores))

    _, gradients = value_and_gradients(loss, layer.trainable_weights)
    between, begin, _ = gradients
    assert (between[~layer.allowed[:-1, :-1]] == 0).all()
    assert (begin[[2, 4]] == 0).all()
    assert np.count_nonzero(between) == layer.allowed[:-1, :-1].sum()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_of_the_loss_equal_finite_differences(compiled):
    if compiled and keras.backend.backend() != "tensorflow":
        pytest.skip("compiled by TensorFlow")
    dtype, step, tolerance = ("float64", 1e-5, 1e-7) if DOUBLE else ("float32", 1e-2, 5e-3)
    layer = make(dtype=dtype)
    x = keras.Variable(example_input(dtype=dtype), dtype=dtype)
    mask = MASK
    tags = np.where(mask, np.random.default_rng(0).integers(0, FEATURES, mask.shape), -1)
    layer(x)
    variables = [x, *layer.trainable_weights]
    rng = np.random.default_rng(2)
    for variable in layer.trainable_weights:
        variable.assign(rng.normal(size=variable.shape))

    def loss():
        return losses.ChainCrossentropy(dtype=dtype)(tags, layer(x, mask=mask))

    if compiled:
        import tensorflow as tf

        @tf.function
        def both():
            with tf.GradientTape() as tape:
                value = loss()
            return value, tape.gradient(value, [variable.value for variable in variables])

        value, gradients = both()
        np.testing.assert_allclose(float(value), float(loss()), rtol=1e-9)
        gradients = [to_numpy(gradient) for gradient in gradients]
    else:
        _, gradients = value_and_gradients(loss, variables)
    assert relative_error(*slopes(loss, variables, gradients, rng, step)) < tolerance
    assert (gradients[0][~mask] == 0).all()


def test_the_layer_is_a_layer_like_any_other():
    check_shapes(make, KIND)
    check_config(make, kind=KIND)
    check_mask(make, KIND)
    check_padding(make, KIND)
    allowed = layers.allowed_in_iob2(LABELS[:-1])
    check_config(lambda **arguments: make(allowed=allowed, **arguments), kind=KIND)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_stays_finite(policy):
    check_dtype_policies(make, KIND)
    allowed = layers.allowed_in_iob2(LABELS)
    full, half = (layers.LinearChainCRF(allowed, dtype=dtype) for dtype in ("float32", policy))
    scores = np.random.default_rng(0).normal(size=(5, 6, 5)).astype("float32")
    mask = MASK
    tags = np.where(mask, 0, -1)
    tags[mask & (np.cumsum(mask, axis=1) == 1)] = 1
    for layer in (full, half):
        layer.build(scores.shape)
    half.set_weights(full.get_weights())
    expected = float(to_numpy(losses.ChainCrossentropy()(tags, full(scores, mask=mask))))
    potentials = half(scores, mask=mask)
    assert keras.backend.standardize_dtype(potentials.dtype) == policy.removeprefix("mixed_")
    assert np.isfinite(to_numpy(ops.cast(potentials, "float32"))).all()
    loss = float(to_numpy(losses.ChainCrossentropy()(tags, potentials)))
    assert loss == pytest.approx(expected, rel=2e-2)


def test_a_model_learns_at_every_length():
    """The tag of a word is its own or, of word 8, that of the word before."""
    rng = np.random.default_rng(0)
    words = rng.integers(1, 9, size=(8, 6))
    words *= np.arange(6) < rng.integers(1, 7, size=(8, 1))
    tags = np.where(words == 8, np.roll(words, 1, axis=1), words) % 3 - (words == 0)
    model = keras.Sequential(
        [keras.layers.Embedding(9, 3, mask_zero=True), layers.LinearChainCRF()]
    )
    model.compile(keras.optimizers.Adam(0.2), losses.ChainCrossentropy())
    first = model.fit(words, tags, epochs=25, verbose=0).history["loss"]
    second = model.fit(words[:, :4], tags[:, :4], epochs=25, verbose=0).history["loss"]
    assert first[-1] < first[0] / 2
    assert second[-1] < first[0] / 2
    assert all(np.isfinite(to_numpy(weight)).all() for weight in model.weights)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="compiled by TensorFlow")
def test_a_tag_beyond_the_tags_has_no_loss_however_it_is_compiled():
    import tensorflow as tf

    potentials = ops.zeros((1, 2, 3, 3))
    loss = tf.function(losses.ChainCrossentropy(), jit_compile=True)
    assert float(loss(np.array([[0, 2]]), potentials)) == pytest.approx(np.log(3), rel=1e-6)
    assert np.isnan(loss(np.array([[0, 3]]), potentials))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"`allowed` has the shape \(2, 3\)"):
        layers.LinearChainCRF(np.ones((2, 3)))
    with pytest.raises(ValueError, match="for 2 tags, but the inputs have 4"):
        layers.LinearChainCRF(np.ones((3, 3)))(example_input())
    with pytest.raises(ValueError, match="'S-PER'"):
        layers.allowed_in_iob2(["O", "S-PER"])
