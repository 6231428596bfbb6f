"""One convention for masks, True = attend: what is left out changes nothing, in any precision."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from seqlib.layers.attention import causal_mask, join_masks, masked_softmax
from tests.seqlib.layers.gradients import to_numpy, value_and_gradients
from tests.seqlib.layers.test_attention import (
    ALLOWED,
    BATCH,
    FEATURES,
    KINDS,
    LAYERS,
    SEEN,
    TIME,
    arrays,
)

HALVES = ("float16", "bfloat16")
WAYS = {
    "value mask": ({"value_mask": SEEN}, np.repeat(SEEN[:, None], TIME, axis=1)),
    "key mask": ({"key_mask": SEEN}, np.repeat(SEEN[:, None], TIME, axis=1)),
    "query mask": ({"query_mask": SEEN}, np.repeat(SEEN[:, :, None], TIME, axis=2)),
    "attention mask": ({"attention_mask": ALLOWED}, ALLOWED),
    "for all": ({"attention_mask": ALLOWED[0]}, np.repeat(ALLOWED[:1], BATCH, axis=0)),
    "causal": ({"use_causal_mask": True}, np.tril(np.ones((BATCH, TIME, TIME), bool))),
    "all at once": (
        {
            "query_mask": SEEN,
            "value_mask": SEEN,
            "key_mask": SEEN[:, ::-1].astype("int32"),  # numbers do as well
            "attention_mask": ALLOWED,
            "use_causal_mask": True,
        },
        ALLOWED & SEEN[:, :, None] & (SEEN & SEEN[:, ::-1])[:, None] & np.tri(TIME, dtype=bool),
    ),
}


def of_heads(mask, weights):
    """Return a mask, (batch, query time, value time), in the shape of weights."""
    return np.broadcast_to(mask[:, None] if len(weights.shape) == 4 else mask, weights.shape)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KINDS)
def test_weights_sum_to_one_over_what_may_be_attended_to(name, way):
    call, allowed = WAYS[way]
    query, value = arrays((BATCH, TIME, FEATURES), (BATCH, TIME, FEATURES))
    output, weights = LAYERS[name]()(query, value, return_attention_scores=True, **call)
    weights = to_numpy(weights)
    assert weights.shape in ((BATCH, TIME, TIME), (BATCH, 2, TIME, TIME))
    mask = of_heads(allowed, weights)
    assert (weights[mask] > 0).all()
    assert not weights[~mask].any()
    np.testing.assert_allclose(weights.sum(axis=-1), mask.any(axis=-1), rtol=1e-5, atol=0)
    assert not to_numpy(output)[~allowed.any(axis=-1)].any()


@pytest.mark.parametrize("way", ["query mask", "causal", "all at once"])
@pytest.mark.parametrize("name", KINDS)
def test_what_is_masked_changes_nothing(name, way):
    """The outputs of one query, and their gradient, know nothing of what it may not see."""
    call, allowed = WAYS[way]
    query, value, other = arrays(*[(BATCH, TIME, FEATURES)] * 3)
    layer = LAYERS[name]()
    expected = to_numpy(layer(query, value, **call))
    for asked in range(TIME):
        hidden = ~allowed[:, asked]  # (batch, value time)
        changed = np.where(hidden[..., None], 50 * other, value)
        output = to_numpy(layer(query, changed, **call))
        np.testing.assert_array_equal(output[:, asked], expected[:, asked])

        variable = keras.Variable(value)

        def loss(variable=variable, asked=asked):
            return ops.sum(ops.sin(layer(query, variable, **call)[:, asked] + 1))

        _, (gradient,) = value_and_gradients(loss, [variable])
        assert not gradient[hidden].any()
        assert (np.abs(gradient[~hidden]).max(axis=-1) > 0).all()


@pytest.mark.parametrize(
    ("dtype", "scale"), [("float32", 1e4), ("float16", 100), ("float16", 1e4), ("bfloat16", 1e4)]
)
@pytest.mark.parametrize("name", ["additive", "dot", "scaled", "general", "heads"])
def test_wholly_masked_rows_are_zero_whatever_the_precision_and_the_scores(name, dtype, scale):
    """Features near 1e4 have scores beyond the largest number that float16 has, 65504."""
    query, value = arrays((BATCH, TIME, FEATURES), (BATCH, TIME, FEATURES))
    mask = np.array(SEEN)
    mask[1] = False
    layer = LAYERS[name](dtype={"float32": "float32"}.get(dtype, f"mixed_{dtype}"))
    inputs = [keras.Variable(scale * one, dtype=dtype) for one in (query, value)]

    def loss():
        output = layer(*inputs, value_mask=mask)
        return ops.sum(ops.tanh(ops.cast(output, "float32")))

    output, weights = layer(*inputs, value_mask=mask, return_attention_scores=True)
    for one in (output, weights):
        assert keras.backend.standardize_dtype(one.dtype) == dtype
        one = to_numpy(ops.cast(one, "float32"))
        assert np.isfinite(one).all()
        assert not one[1].any()
    total = to_numpy(ops.cast(weights, "float32")).sum(axis=-1)
    np.testing.assert_allclose(total[[0, 2]], 1, atol=1e-5 if dtype == "float32" else 2e-2)
    _, gradients = value_and_gradients(loss, [*inputs, *layer.trainable_weights])
    for gradient in gradients:
        assert np.isfinite(gradient.astype("float32")).all()
    for gradient in gradients[:2]:
        assert not gradient[1].astype("float32").any()


@pytest.mark.parametrize("dtype", ["float32", *HALVES])
def test_softmax_over_large_scores(dtype):
    mask = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], bool)
    scores = ops.cast([[1e4, -1e4, 6e4], [6e4, -5e4, -6e4], [-6e4, 0, 6e4]], dtype)
    weights = masked_softmax(scores, mask)
    assert keras.backend.standardize_dtype(weights.dtype) == dtype
    expected = [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_array_equal(to_numpy(ops.cast(weights, "float32")), expected)
    plain = to_numpy(ops.cast(masked_softmax(scores), "float32"))
    np.testing.assert_array_equal(plain, [[0, 0, 1], [1, 0, 0], [0, 0, 1]])


def test_what_is_masked_never_wins_and_scores_beyond_half_precision_are_its_largest():
    mask = np.array([[True, True, False]])
    weights = masked_softmax(ops.convert_to_tensor(np.float32([[-2e30, -2e30, 0]])), mask)
    np.testing.assert_allclose(to_numpy(weights), [[0.5, 0.5, 0]])
    scores = ops.cast(np.float32([[np.inf, 1, np.inf], [-np.inf, 1, 2], [-np.inf] * 3]), "float16")
    weights = to_numpy(ops.cast(masked_softmax(scores), "float32"))
    np.testing.assert_allclose(weights[0], [0.5, 0, 0.5], atol=1e-3)
    np.testing.assert_allclose(weights[2], [1 / 3] * 3, atol=1e-3)
    assert weights[1, 0] == 0


@pytest.mark.parametrize("name", KINDS)
def test_dropout_is_for_training_and_follows_its_seed(name):
    query, value = arrays((BATCH, TIME, FEATURES), (BATCH, 40, FEATURES))
    plain, *dropping = (LAYERS[name](dropout=rate, seed=seed) for rate, seed in RATES)
    untouched = to_numpy(plain(query, value))
    found = []
    for layer in dropping:
        layer.build(query.shape, value.shape)
        layer.set_weights(plain.get_weights())
        np.testing.assert_array_equal(to_numpy(layer(query, value)), untouched)
        found.append([to_numpy(layer(query, value, training=True)) for _ in range(30)])
    one, same, other = found
    np.testing.assert_array_equal(one, same)
    for first, second in ((one[0], one[1]), (one[0], other[0]), (one[0], untouched)):
        assert np.abs(first - second).max() > 0.01
    assert np.abs(np.mean(one, axis=0) - untouched).mean() < 0.15


RATES = [(0.0, 4), (0.5, 4), (0.5, 4), (0.5, 5)]  # and seeds


def test_weights_that_are_returned_are_whole_though_some_are_dropped():
    query, value = arrays((BATCH, TIME, FEATURES), (BATCH, TIME, FEATURES))
    layer = layers.DotProductAttention(dropout=0.5, seed=1)
    _, weights = layer(query, value, training=True, return_attention_scores=True)
    np.testing.assert_allclose(to_numpy(weights).sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_queries_are_the_last_of_more_values(name):
    """So one goes on after a beginning as if all had been asked at once."""
    (x,) = arrays((BATCH, TIME, FEATURES))
    layer = LAYERS[name]()
    whole = to_numpy(layer(x, x, use_causal_mask=True))
    for known in range(TIME):
        rest = to_numpy(layer(x[:, known:], x, use_causal_mask=True))
        np.testing.assert_allclose(rest, whole[:, known:], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(to_numpy(causal_mask(2, 4)), np.tri(4, dtype=bool)[2:])


def test_masks_join():
    shape = (BATCH, TIME, TIME)
    assert join_masks(shape) is None
    assert join_masks(shape, value_mask=SEEN).shape == (BATCH, 1, TIME)
    for call, allowed in WAYS.values():
        np.testing.assert_array_equal(
            np.broadcast_to(to_numpy(join_masks(shape, **call)), allowed.shape), allowed
        )


ONES = np.ones
WRONG = {
    "query_mask": [ONES((BATCH, TIME + 1), bool), ONES((BATCH, TIME, 1)), ONES(BATCH)],
    "value_mask": [ONES((BATCH, 4)), ONES((BATCH, 1, 1, TIME)), ONES((BATCH, 1)), ONES((2, TIME))],
    "key_mask": [ONES((BATCH, 4)), ONES(TIME)],
    "attention_mask": [
        *map(ONES, ((BATCH, 3, 4, TIME), TIME, (4, TIME + 1), (BATCH, TIME, 4), (2, 4, TIME)))
    ],
}


@pytest.mark.parametrize("name", ["additive", "scaled", "heads"])
@pytest.mark.parametrize("argument", WRONG)
def test_masks_of_another_shape_are_refused_by_name(name, argument):
    query, value = arrays((BATCH, 4, FEATURES), (BATCH, TIME, FEATURES))
    layer = LAYERS[name]()
    layer(query, value)
    for mask in WRONG[argument]:
        with pytest.raises(ValueError, match=rf"`{argument}` has the shape .* Allowed: .* True ="):
            layer(query, value, **{argument: mask})
