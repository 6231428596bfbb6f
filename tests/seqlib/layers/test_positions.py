"""Positions: what the formulas promise, and what a user of Keras expects."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from tests.seqlib.layers.check_layer import (
    Kind,
    check_config,
    check_mask,
    check_shapes,
)
from tests.seqlib.layers.gradients import to_numpy

MAKERS = {
    "sinusoidal": layers.SinusoidalPositions,
    "rotary": layers.RotaryPositions,
    "learned": lambda **kwargs: layers.LearnedPositions(20, **kwargs),
}


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def encoding(positions, dim=32):
    return to_numpy(layers.SinusoidalPositions().encoding(positions, dim))


def test_the_sines_are_those_of_the_paper():
    positions, dim = np.arange(50), 6
    expected = np.zeros((50, dim))
    for i in range(dim // 2):
        expected[:, 2 * i] = np.sin(positions / 10_000 ** (2 * i / dim))
        expected[:, 2 * i + 1] = np.cos(positions / 10_000 ** (2 * i / dim))
    np.testing.assert_allclose(encoding(positions, dim), expected, atol=1e-5)
    x = drawn(2, 50, dim)
    np.testing.assert_allclose(to_numpy(layers.SinusoidalPositions()(x)), x + expected, atol=1e-5)


def test_rotary_keeps_lengths_and_turns_pairs():
    x = drawn(2, 3, 30, 8)
    y = to_numpy(layers.RotaryPositions()(x))
    np.testing.assert_allclose(np.linalg.norm(y, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-5)
    angles = np.arange(30)[:, None] / 10_000 ** (np.arange(4) / 4)
    turned = (x[..., :4] + 1j * x[..., 4:]) * np.exp(1j * angles)
    np.testing.assert_allclose(y, np.concatenate([turned.real, turned.imag], -1), atol=1e-4)


def test_attention_with_rotary_positions_sees_distances_alone():
    attention = layers.MultiHeadAttention(2, 4, rotary=True)
    plain = layers.MultiHeadAttention(2, 4)
    x = drawn(1, 5, 8)
    attention(x, x), plain(x, x)
    plain.set_weights(attention.get_weights())
    padded = np.concatenate([drawn(1, 3, 8, seed=1), x], axis=1)  # the same, three places later
    mask = np.arange(8)[None] >= 3
    later = attention(padded, padded, value_mask=mask)[:, 3:]
    np.testing.assert_allclose(to_numpy(attention(x, x)), to_numpy(later), atol=1e-5)
    order = [3, 0, 4, 1, 2]
    mixed = x[:, order]
    np.testing.assert_allclose(to_numpy(plain(mixed, mixed)), to_numpy(plain(x, x))[:, order], 1e-4)
    changed = to_numpy(attention(mixed, mixed)) - to_numpy(attention(x, x))[:, order]
    assert np.abs(changed).max() > 1e-2  # to this one the order matters
    again = layers.MultiHeadAttention.from_config(attention.get_config())
    assert again.rotary
    with pytest.raises(ValueError, match="key_dim"):
        layers.MultiHeadAttention(2, 3, rotary=True)


def test_learned_positions_are_rows_of_the_table():
    layer = layers.LearnedPositions(5)
    x = drawn(2, 4, 3)
    np.testing.assert_allclose(to_numpy(layer(x)), x + to_numpy(layer.table)[:4], rtol=1e-6)
    assert [weight.shape for weight in layer.trainable_weights] == [(5, 3)]
    with pytest.raises(ValueError, match="at most 5"):
        layer(drawn(1, 6, 3))


@pytest.mark.parametrize("name", MAKERS)
def test_positions_may_be_given(name):
    layer, x = MAKERS[name](), drawn(2, 5, 4)
    whole = to_numpy(layer(x))
    step = ops.convert_to_tensor(3, "int32")
    np.testing.assert_allclose(to_numpy(layer(x[:, 3:4], step)), whole[:, 3:4], atol=1e-6)
    last = layer(x[:, 2:], positions=[2, 3, 4])
    np.testing.assert_allclose(to_numpy(last), whole[:, 2:], atol=1e-6)
    rows = np.array([[0, 1, 2, 3, 4], [7, 7, 0, 1, 9]])
    given = to_numpy(layer(x, rows))
    np.testing.assert_allclose(given[0], whole[0], atol=1e-6)
    zeros = to_numpy(layer(x[1:], np.zeros(5, "int32")))[0]
    np.testing.assert_allclose(given[1, 2], zeros[2], atol=1e-6)


@pytest.mark.parametrize("name", MAKERS)
def test_they_are_layers_of_keras(name):
    for check in (check_shapes, check_config, check_mask):
        check(MAKERS[name], kind=Kind(makes=({},), sequence={}, last=None))


@pytest.mark.parametrize("name", ["sinusoidal", "rotary"])
def test_half_precision_tells_far_positions_apart(name):
    full, half = MAKERS[name](), MAKERS[name](dtype="float16")
    x = np.ones((1, 2, 4), "float32")
    far = np.array([3000, 3001])  # float16 has no 3001
    y = half(x, far)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    y = to_numpy(ops.cast(y, "float32"))
    np.testing.assert_allclose(y, to_numpy(full(x, far)), atol=5e-3)
    assert np.abs(y[0, 0] - y[0, 1]).max() > 0.1


def test_arguments_are_refused_by_name():
    for made in (layers.SinusoidalPositions, layers.RotaryPositions):
        with pytest.raises(ValueError, match="max_wavelength"):
            made(max_wavelength=1)
        with pytest.raises(ValueError, match="even"):
            made()(drawn(1, 2, 3))
    with pytest.raises(ValueError, match="max_length"):
        layers.LearnedPositions(0)
