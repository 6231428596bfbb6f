"""The attentive decoder: one pass equals step after step, in outputs and gradients; masks hold."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from tests.seqlib.layers.check_layer import (
    Kind,
    check_layer,
    check_same_numbers,
)
from tests.seqlib.layers.gradients import to_numpy, value_and_gradients

UNITS = 3
RECURRENT = {"LSTM": layers.LSTM, "GRU": layers.GRU, "SimpleRNN": layers.SimpleRNN}
ATTENTION = {
    "additive": lambda **a: layers.AdditiveAttention(5, **a),
    "general": lambda **a: layers.DotProductAttention("general", **a),
    "heads": lambda **a: layers.MultiHeadAttention(2, 3, **a),
}
QUERIES = ("previous", "current")
# The decoder reads half of a sequence and attends to all of it.
KIND = Kind(
    inputs=lambda x: (x[:, :, :2], x),
    masks=lambda mask: {"inputs_mask": mask, "value_mask": mask},
    makes=({},),
    sequence={},
    last=None,
    still=("key_bias",),
)


def maker(layer="LSTM", attention="additive", query="previous", **of_layer):
    def make(name=None, dtype=None):
        return layers.AttentionDecoder(
            RECURRENT[layer](UNITS, dtype=dtype, **of_layer),
            ATTENTION[attention](dtype=dtype),
            query=query,
            name=name,
            dtype=dtype,
        )

    return make


def arrays(batch=20, time=6, source_time=7, seed=0):
    """Return inputs and source with a mask for each, real steps first, and first states."""
    rng = np.random.default_rng(seed)
    x, value = (
        rng.normal(size=(batch, steps, size)).astype("float32")
        for steps, size in ((time, 4), (source_time, 5))
    )
    masks = [
        np.arange(steps)[None] < rng.integers(1, steps + 1, (batch, 1))
        for steps in (time, source_time)
    ]
    states = [rng.normal(size=(batch, UNITS)).astype("float32") for _ in range(2)]
    return x, value, *masks, states


@pytest.mark.parametrize(
    ("layer", "attention", "query"),
    [
        ("LSTM", "additive", "previous"),
        ("GRU", "heads", "current"),
        ("SimpleRNN", "general", "previous"),
    ],
)
def test_everything_asked_of_a_layer(layer, attention, query, monkeypatch):
    # A slice of an embedded sequence carries no mask: see the test of carried masks below.
    monkeypatch.setattr("tests.seqlib.layers.check_layer.check_mask", lambda *arguments: None)
    check_layer(maker(layer, attention, query), kind=KIND)


@pytest.mark.parametrize("query", QUERIES)
def test_masks_that_keras_carries_are_used_and_go_on(query):
    told, asked = np.array([[4, 5, 6, 0], [7, 0, 0, 0]]), np.array([[1, 2, 0], [3, 0, 0]])
    embedding = keras.layers.Embedding(9, 4, mask_zero=True)
    decoder = maker(query=query)()
    output = decoder(embedding(asked), embedding(told))
    np.testing.assert_array_equal(to_numpy(output._keras_mask), asked != 0)
    plain = [ops.convert_to_tensor(to_numpy(embedding(ids))) for ids in (asked, told)]
    given = decoder(*plain, inputs_mask=asked != 0, value_mask=told != 0)
    np.testing.assert_allclose(to_numpy(output), to_numpy(given), rtol=1e-5, atol=1e-6)
    assert not to_numpy(output)[asked == 0].any()


class Cell(keras.Layer):
    """The same step made of layers of Keras, for `keras.layers.RNN`."""

    def __init__(self, cell, value, mask):
        super().__init__()
        self.cell, self.value, self.mask = cell, value, mask
        self.query = keras.layers.Dense(5, use_bias=False)
        self.key = keras.layers.Dense(5)
        self.score = keras.layers.AdditiveAttention()
        self.state_size, self.output_size = cell.state_size, UNITS + value.shape[-1]

    def build(self, shape):
        features = self.value.shape[-1]
        self.cell.build((shape[0], shape[-1] + features))
        self.query.build((shape[0], UNITS))
        self.key.build((*shape[:-1], features))
        self.score.build([(shape[0], 1, 5), self.value.shape, (*self.value.shape[:2], 5)])
        self.built = True

    def call(self, x, states, training=False):
        query = self.query(states[0])[:, None]
        found = self.score([query, self.value, self.key(self.value)], mask=[None, self.mask])
        output, states = self.cell(ops.concatenate([x, found[:, 0]], axis=-1), states)
        return ops.concatenate([output, found[:, 0]], axis=-1), states


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_it_equals_a_loop_of_keras_over_layers_of_keras(name):
    x, value, _, value_mask, _ = arrays()
    cell = getattr(keras.layers, f"{name}Cell")(UNITS, bias_initializer="normal")
    value = ops.convert_to_tensor(value)
    twin = keras.layers.RNN(Cell(cell, value, ops.convert_to_tensor(value_mask)), True)
    decoder = maker(name)()

    class OfOne(keras.Layer):
        def __init__(self):
            super().__init__()
            self.decoder = decoder

        def call(self, x):
            return self.decoder(x, value, value_mask=value_mask)

    def carry(weights):  # cell, query kernel, key kernel and bias, score
        *of_cell, query, key, bias, score = weights
        return [*of_cell, query, key, np.reshape(score, (-1, 1)), bias]

    check_same_numbers(OfOne(), twin, x=x, carry=carry)


def outcome(decoder, step_by_step, training, x, value, x_mask, value_mask, states):
    """Return outputs, weights and all gradients, from one pass or from one step after the other."""
    if decoder.query == "current":
        decoder.layer.engine = "reference" if step_by_step else "auto"
    inputs = [keras.Variable(one) for one in (x, value, *states)]
    variables = [*inputs, *decoder.trainable_weights]
    call = {"value_mask": value_mask, "inputs_mask": x_mask, "training": training}
    if training:
        decoder.layer.cell.seed_generator.state.assign([3, 0])

    def loss():
        outputs, weights = decoder(
            *inputs[:2], initial_state=inputs[2:], return_attention_scores=True, **call
        )
        return ops.sum(ops.sin(outputs + 0.5)) + ops.sum(ops.cos(weights))

    if keras.backend.backend() != "tensorflow" or step_by_step:  # on TensorFlow: eagerly
        return value_and_gradients(loss, variables)
    import tensorflow as tf

    @tf.function
    def compiled():
        with tf.GradientTape() as tape:
            value = loss()
        return value, tape.gradient(value, [variable.value for variable in variables])

    value, gradients = compiled()
    return to_numpy(value), [to_numpy(gradient) for gradient in gradients]


@pytest.mark.parametrize(
    ("layer", "of_layer", "attention", "query"),
    [
        ("GRU", {"reset_after": False}, "heads", "previous"),
        ("LSTM", {"dropout": 0.3, "recurrent_dropout": 0.2}, "general", "previous"),
        ("LSTM", {"dropout": 0.3}, "heads", "current"),
    ],
)
def test_one_pass_equals_one_step_after_the_other(layer, of_layer, attention, query):
    decoder = maker(layer, attention, query, **of_layer)()
    *call, states = arrays()
    decoder(*call[:2])
    states = states[: len(decoder.get_initial_state(1))]
    training = bool(of_layer.get("dropout"))
    ours, theirs = (outcome(decoder, way, training, *call, states) for way in (False, True))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    for n, (one, other) in enumerate(zip(ours[1], theirs[1], strict=True)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-4, err_msg=str(n))


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("attention", ATTENTION)
def test_decoding_steps_are_those_of_the_pass(attention, query):
    decoder = maker("LSTM", attention, query)()
    x, value, _, value_mask, states = arrays()
    outputs, weights = decoder(
        x, value, initial_state=states, value_mask=value_mask, return_attention_scores=True
    )
    outputs, weights = to_numpy(outputs), to_numpy(weights)
    memory = decoder.project_memory(ops.convert_to_tensor(value), value_mask)
    states = [ops.convert_to_tensor(state) for state in states]
    for t in range(x.shape[1]):
        output, states, looked = decoder.step(ops.convert_to_tensor(x[:, t]), states, memory)
        np.testing.assert_allclose(to_numpy(output), outputs[:, t], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(to_numpy(looked), weights[..., t, :], rtol=1e-5, atol=1e-5)


def open_model(decoder, head=lambda x: x):
    """Return a model of unknown lengths around a decoder."""
    x, value, mask = (
        keras.Input((None, 4)),
        keras.Input((None, 5)),
        keras.Input((None,), dtype="bool"),
    )
    return keras.Model([x, value, mask], head(decoder(x, value, value_mask=mask)))


@pytest.mark.parametrize(("query", "jit_compile"), [("previous", True), ("current", False)])
def test_it_is_trained_in_a_model_of_unknown_lengths(query, jit_compile):
    if jit_compile and keras.backend.backend() == "torch":
        pytest.skip("Keras compiles nothing on PyTorch")
    x, value, _, value_mask, _ = arrays(batch=16)
    target = np.cumsum(x.sum(-1, keepdims=True), axis=1).clip(-1, 1)
    model = open_model(maker(query=query)(), keras.layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.03), "mse", jit_compile=jit_compile)
    history = model.fit([x, value, value_mask], target, epochs=25, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < 0.7 * history.history["loss"][0]


def test_one_row_and_one_step():
    decoder = maker()()
    x, value, _, _, _ = arrays(batch=1, time=1)
    model = open_model(decoder)
    output = model.predict([x, value, np.ones((1, 7), bool)], verbose=0)
    np.testing.assert_allclose(output, to_numpy(decoder(x, value)), rtol=1e-5, atol=1e-6)


def test_a_decoder_that_is_no_longer_needed_is_let_go():
    x, value, _, mask, _ = arrays()
    decoder = maker()()
    model = open_model(decoder)
    model.predict([x, value, mask], verbose=0)
    known = weakref.ref(decoder)
    del model, decoder
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    assert known() is None


def test_a_second_derivative_is_refused():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("other backends have second derivatives")
    import tensorflow as tf

    decoder = maker()()
    x, value, _, _, _ = arrays()
    decoder(x, value)

    @tf.function
    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(decoder(x, value) ** 2)
            slope = inner.gradient(loss, x)
        return outer.gradient(slope, x)

    with pytest.raises(NotImplementedError, match="first derivatives alone"):
        second(tf.convert_to_tensor(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": keras.layers.LSTM(3)}, "`layer` got .*an LSTM, GRU or SimpleRNN"),
        ({"attention": keras.layers.Attention()}, "`attention` got .*an attention layer"),
        ({"query": "next"}, "`query` got 'next'. Allowed: 'previous', 'current'"),
        ({"attention": layers.AdditiveAttention(3, dropout=0.1)}, "drops weights"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    parts = {"layer": layers.LSTM(3), "attention": layers.AdditiveAttention(3)}
    with pytest.raises(ValueError, match=message):
        layers.AttentionDecoder(**{**parts, **arguments})
