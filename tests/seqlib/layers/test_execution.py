"""How a layer goes through a sequence: the choice, exports, shards, and what a kernel refuses."""

import itertools

import keras
import numpy as np
import pytest

import seqlib.layers
from seqlib.compiled import BACKEND
from seqlib.layers.fused.execution import right_padded
from seqlib.layers.keras_internals import inside_xla
from tests.seqlib.layers.check_layer import (
    BATCH,
    FEATURES,
    MASK,
    TIME,
    check_same_numbers,
    example_input,
    listed,
)
from tests.seqlib.layers.gradients import to_numpy
from tests.seqlib.layers.test_recurrent import UNITS, random_states
from tests.seqlib.layers.test_recurrent import pair as pair_of

LAYERS = ["GRU", "LSTM"]
on_tensorflow = pytest.mark.skipif(BACKEND.name != "tensorflow", reason="a feature of that backend")


def pair(name, engine="fused", **arguments):
    return pair_of(name, engine, **arguments)


def ours(name, **arguments):
    return pair(name, **arguments)[0]


@pytest.mark.parametrize("name", LAYERS)
def test_a_single_step_is_equal_to_keras(name):
    x, states = example_input()[:, :1], random_states(name)
    for zero_output_for_mask, return_sequences in itertools.product((False, True), repeat=2):
        both = pair(
            name,
            engine="auto",
            zero_output_for_mask=zero_output_for_mask,
            return_sequences=return_sequences,
            return_state=True,
        )
        assert both[0].execution(time=1, masked=True).name in ("one step", "reference")
        for call in ({}, {"mask": MASK[:, :1], "initial_state": states}):
            check_same_numbers(*both, x=x, **call)


@on_tensorflow
def test_no_word_about_training_means_that_nothing_is_trained():
    layer, x = ours("LSTM"), example_input()
    expected = to_numpy(layer(x, training=False))
    compiled = BACKEND.tf.function(lambda x: layer(x, training=None))
    np.testing.assert_allclose(to_numpy(compiled(BACKEND.tf.constant(x))), expected, rtol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_integers_are_taken_as_numbers(name):
    layer = ours(name)
    x = np.arange(BATCH * TIME * FEATURES).reshape(BATCH, TIME, FEATURES) % 3
    expected = to_numpy(layer(x.astype("float32")))
    np.testing.assert_allclose(to_numpy(layer(x)), expected, rtol=1e-6)


@on_tensorflow
def test_shards_of_a_batch_add_up(monkeypatch):
    """As many shards as there are cores; a shard may have no row at all."""
    from seqlib.layers.fused import kernel_programs as engine

    monkeypatch.setattr(engine, "shard_count", lambda batch: 3)
    for rows in (7, 2):
        x = np.random.default_rng(0).normal(size=(rows, TIME, FEATURES)).astype("float32")
        mask = np.random.default_rng(1).random((rows, TIME)) < 0.6
        both = pair("LSTM", return_sequences=True, return_state=True, dropout=0.3)
        check_same_numbers(
            *both, x=x, mask=mask, training=True, initial_state=random_states("LSTM", rows)
        )


@on_tensorflow
def test_a_graph_that_xla_compiles_is_recognised():
    import tensorflow as tf

    found = []
    for jit_compile in (False, True):
        inner = tf.function(lambda x: found.append(inside_xla()) or x)
        tf.function(lambda x, inner=inner: inner(x), jit_compile=jit_compile)(tf.zeros(2))
    assert found == [False, True]


@on_tensorflow
@pytest.mark.parametrize("name", LAYERS)
def test_a_gradient_is_right_whether_it_was_expected_or_not(name):
    """In `training` the forward pass keeps what a gradient needs; else it is computed again."""
    import tensorflow as tf

    layer = ours(name, return_sequences=True)
    x = tf.constant(example_input())
    layer(x)

    @tf.function
    def gradients(x, training):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(layer(x, training=training)))
        return tape.gradient(loss, [x, *layer.trainable_weights])

    for expected, not_expected in zip(gradients(x, True), gradients(x, False), strict=True):
        np.testing.assert_allclose(expected, not_expected, rtol=1e-5, atol=1e-6)


@on_tensorflow
@pytest.mark.parametrize(("name", "compiled"), [("GRU", False), ("LSTM", True)])
def test_a_second_derivative_is_refused_and_not_taken_for_zero(name, compiled):
    import tensorflow as tf

    layer = ours(name)
    layer(example_input())

    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(layer(x))
            first = inner.gradient(total, x)
        return outer.gradient(first, x)

    with pytest.raises(NotImplementedError, match="engine='reference'"):
        (tf.function(second) if compiled else second)(tf.constant(example_input()))


@on_tensorflow
def test_what_is_exported_runs_where_nothing_compiles(tmp_path):
    import tensorflow as tf

    layer = keras.layers.Bidirectional(ours("LSTM", engine="auto", return_sequences=True))
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.Masking(), layer])
    x = example_input()
    x[0, 4:] = 0
    expected = to_numpy(model(x))
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(to_numpy(served.serve(x)), expected, atol=1e-6)
    saved = (tmp_path / "served" / "saved_model.pb").read_bytes()
    assert b"XlaDynamicUpdateSlice" not in saved


@on_tensorflow
@pytest.mark.parametrize("name", LAYERS)
def test_an_export_to_onnx_runs(name, tmp_path):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    x = example_input()
    layer = ours(name, engine="auto")
    model = keras.Sequential([keras.Input((TIME, FEATURES)), layer])
    expected = model.predict(x, verbose=0)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(got, expected, atol=1e-6)


@on_tensorflow
def test_a_kernel_that_is_insisted_on_is_exported_too(tmp_path):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((None, FEATURES)), ours("LSTM")])
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    for batch, time in ((BATCH, TIME), (1, 11)):
        x = np.random.default_rng(time).normal(size=(batch, time, FEATURES)).astype("float32")
        np.testing.assert_allclose(to_numpy(served.serve(x)), to_numpy(model(x)), atol=1e-6)


@on_tensorflow
def test_what_tensorflow_cannot_see_of_a_shape_is_still_known_afterwards():
    import tensorflow as tf

    layer = ours("GRU", return_sequences=True, return_state=True)

    @tf.function(input_signature=[tf.TensorSpec((4, None, FEATURES))])
    def call(x):
        sequence, state = layer(x)
        assert sequence.shape.as_list() == [4, None, UNITS]
        assert state.shape.as_list() == [4, UNITS]
        return sequence

    for time in (1, 8, 9, 70):
        assert call(tf.ones((4, time, FEATURES))).shape == (4, time, UNITS)


@on_tensorflow
def test_the_way_is_chosen_by_what_gives_the_same_numbers():
    def name(layer, **how):
        return layer.execution(**how).name

    lstm, gru = seqlib.layers.LSTM, seqlib.layers.GRU
    assert name(lstm(4), time=20) == name(gru(4)) == name(gru(4), masked=True) == "fused"
    assert name(lstm(4, recurrent_dropout=0.5, use_bias=False)) == "fused"
    assert name(lstm(4), time=1) == "one step"
    assert name(lstm(4), time=20, eager=True) == "reference"
    assert name(lstm(4), time=20, exported=True) == "reference"
    assert name(lstm(4, engine="fused"), time=1, eager=True) == "fused"
    for layer, reason in (
        (lstm(4, engine="reference"), "asked for"),
        (lstm(4, unroll=True), "unroll"),
        (lstm(4, activation="relu"), "activation is not tanh"),
        (gru(4, recurrent_activation="hard_sigmoid"), "recurrent_activation is not sigmoid"),
        (gru(4, reset_after=False), "reset_after"),
        (seqlib.layers.SimpleRNN(4), "SimpleRNNCell has no kernel"),
    ):
        assert layer.execution(time=20).name == "reference"
        assert reason in layer.execution(time=20).reason


def test_a_cell_with_equations_of_its_own_keeps_them():
    class ForgetfulCell(seqlib.layers.LSTMCell):
        def call(self, inputs, states, training=False):
            output, (h, c) = super().call(inputs, states, training=training)
            return output, [h, 0 * c]

    class Forgetful(seqlib.layers.LSTM):
        cell_class = ForgetfulCell

    layer, plain = Forgetful(UNITS, return_state=True), seqlib.layers.LSTM(UNITS)
    assert layer.execution(time=TIME).name == "reference"
    model = keras.Sequential([keras.Input((TIME, FEATURES)), plain])
    _, _, c = layer(example_input())
    assert not np.any(to_numpy(c))
    assert model.predict(example_input(), verbose=0).shape == (BATCH, UNITS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "quick"}, "`engine` got 'quick'. Allowed: 'auto', 'ref"),
        ({"engine": "fused", "unroll": True}, "got 'fused', but unroll=True .* 'auto'"),
        ({"engine": "fused", "activation": "relu"}, "activation is not tanh"),
        ({"implementation": "fused"}, "`implementation` got 'fused'. Allowed: 0, 1, 2"),
        ({"use_cudnn": "yes"}, "`use_cudnn` got 'yes'. Allowed: 'auto', True, False"),
        ({"use_cudnn": True, "unroll": True}, "`use_cudnn` got True, but .*Allowed here: .* False"),
    ],
)
def test_a_way_that_cannot_be_had_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        seqlib.layers.LSTM(UNITS, **arguments)(example_input())


@on_tensorflow
@pytest.mark.parametrize("name", LAYERS)
def test_with_a_gpu_the_masks_that_cudnn_cannot_take_go_step_by_step(name, monkeypatch):
    """Without a GPU Keras's own layer falls back as well, so that the numbers can be compared."""
    import tensorflow as tf

    monkeypatch.setattr(BACKEND, "has_gpu", lambda: True)
    layer, reference = pair(name, engine="auto", return_sequences=True, return_state=True)
    assert layer.execution(time=TIME, masked=True).name == "cuDNN"
    without = ours(name, engine="auto", use_cudnn=False)
    assert without.execution(time=TIME, masked=True).name != "cuDNN"
    unbiased = ours(name, engine="auto", use_bias=False)
    assert unbiased.execution(time=TIME).name == "reference"
    x = example_input()
    for rows in (None, MASK, np.repeat(MASK[:1], BATCH, axis=0)):
        mask = None if rows is None else tf.constant(rows)
        expected = listed(reference(x, mask=mask))
        layer(x, mask=mask)
        layer.set_weights(reference.get_weights())
        for got, wanted in zip(listed(layer(x, mask=mask)), expected, strict=True):
            np.testing.assert_allclose(to_numpy(got), to_numpy(wanted), atol=1e-6)
    for row, right in zip(MASK, (True, False, False, False, True), strict=True):
        assert bool(right_padded(tf.constant(row[None]))) == right
    assert not bool(right_padded(tf.constant(MASK)))
