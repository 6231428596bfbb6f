"""Activations in one pass: the numbers of Keras, in graphs of any size, and their gradients."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import norm

from seqlib.layers import TransformerEncoderBlock
from seqlib.layers.fused.gelu import fast_activation, gelu

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="other backends have one way"
)
tf = pytest.importorskip("tensorflow")

NUMBERS = np.linspace(-6, 6, 360, dtype="float32").reshape(3, 10, 12)


@tf.function(input_signature=[tf.TensorSpec([None, None, 12], tf.float32)])
def compiled(x):
    """Value and gradient, in a graph of open sizes."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = gelu(x)
    return y, tape.gradient(y, x)


@pytest.mark.parametrize("shape", [(3, 10, 12), (1, 30, 12), (30, 1, 12), (0, 4, 12)])
def test_gelu_and_its_gradient_are_exact(shape):
    x = np.resize(NUMBERS, shape)
    y, slope = compiled(x)
    np.testing.assert_allclose(y, x * norm.cdf(x), atol=2e-6)
    np.testing.assert_allclose(slope, norm.cdf(x) + x * norm.pdf(x), atol=2e-6)


def test_a_graph_has_a_program_of_xla_and_the_shape_of_the_input():
    @tf.function
    def outer(x):
        y = gelu(x)
        assert y.shape == x.shape
        return y

    graph = outer.get_concrete_function(tf.TensorSpec([None, 7, 12], tf.float32)).graph
    assert any(
        op.type in ("PartitionedCall", "StatefulPartitionedCall") for op in graph.get_operations()
    )


@pytest.mark.parametrize("graph", [False, True])
def test_half_precision_is_rounded_once(graph):
    half = tf.cast(NUMBERS, tf.bfloat16)
    program = tf.function(gelu) if graph else gelu
    exact = half.numpy().astype("float64")
    exact = exact * norm.cdf(exact)
    found = program(half)
    assert found.dtype == tf.bfloat16
    rounded = tf.cast(exact, tf.bfloat16)
    np.testing.assert_array_equal(tf.cast(found, tf.float32), tf.cast(rounded, tf.float32))


def test_gelu_takes_the_place_of_that_of_keras_alone_and_keeps_its_name():
    assert fast_activation(keras.activations.gelu) is gelu
    assert fast_activation(keras.activations.relu) is keras.activations.relu
    block = TransformerEncoderBlock(num_heads=2, inner_dim=16, activation="gelu")
    block.build(NUMBERS.shape)
    assert block.get_config()["activation"] == "gelu"
    twin = keras.layers.Dense.from_config(block.inner.get_config())
    assert twin.activation is gelu


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_block_compiled_as_a_whole_gives_the_same(jit_compile):
    block = TransformerEncoderBlock(num_heads=2, inner_dim=16, activation="gelu")
    eager = ops.convert_to_numpy(block(NUMBERS))
    whole = tf.function(lambda x: block(x), jit_compile=jit_compile)
    np.testing.assert_allclose(whole(NUMBERS), eager, atol=1e-5)
