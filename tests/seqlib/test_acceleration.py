"""A model with our layers in place of Keras's: the same names, weights, numbers and compilation."""

import keras
import numpy as np
import pytest
from keras import layers as theirs

import seqlib
from seqlib import layers

# Of Keras, where a mask comes to a model inside a model.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Layer '.*' .of type Sequential. was passed an input"
)

generator = np.random.default_rng(0)
IDS = generator.integers(1, 30, (8, 7)) * (np.arange(7) < generator.integers(3, 8, (8, 1)))
TARGETS = generator.normal(size=(8, 1)).astype("float32")


def model_with_everything():
    inner = keras.Sequential(
        [keras.Input((None, 6)), theirs.GRU(5, return_sequences=True, name="reader")], name="inner"
    )
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedded = theirs.Embedding(30, 6, mask_zero=True)(ids)
    x = theirs.Bidirectional(theirs.LSTM(3, return_sequences=True))(embedded)
    x = theirs.RNN([theirs.LSTMCell(3), theirs.GRUCell(6)], return_sequences=True)(x)
    x = theirs.Dense(6)(inner(x))
    heads = theirs.MultiHeadAttention(2, 4, output_shape=6, name="heads")
    x = theirs.Add()([heads(x, x, use_causal_mask=True), x])
    odd = theirs.MultiHeadAttention(2, 4, sliding_window=2, name="odd")(x, x)
    x = theirs.Add()([odd, theirs.AdditiveAttention(name="additive")([x, odd])])
    model = keras.Model(ids, theirs.SimpleRNN(1, name="last")(x), name="whole")
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_everything_is_replaced_wherever_it_is():
    model = model_with_everything()
    model.fit(IDS, TARGETS, verbose=0)
    faster, report = seqlib.accelerate(model)
    np.testing.assert_allclose(
        faster.predict(IDS, verbose=0), model.predict(IDS, verbose=0), rtol=1e-5, atol=1e-5
    )
    assert [layer.name for layer in faster.layers] == [layer.name for layer in model.layers]
    assert [layer.name for layer in faster.get_layer("inner").layers] == ["reader"]
    replaced = {change.kind for change in report.replaced}
    assert replaced == {"LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "MultiHeadAttention"}
    assert {change.name for change in report.left} == {"odd", "additive"}
    assert isinstance(faster.get_layer("heads"), layers.MultiHeadAttention)
    assert isinstance(faster.layers[2].backward_layer, layers.LSTM)
    assert f"replaced: {len(report.replaced)}, left: 2" in str(report)
    assert "sliding_window" in str(report)


def test_training_goes_on_where_it_stood():
    model = model_with_everything()
    model.fit(IDS, TARGETS, epochs=2, verbose=0)
    faster, _ = seqlib.accelerate(model)
    assert int(faster.optimizer.iterations) == int(model.optimizer.iterations) == 2
    losses = [one.fit(IDS, TARGETS, epochs=2, verbose=0).history["loss"] for one in (model, faster)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_sequential_model_may_have_learned_its_shapes_from_its_inputs():
    inputs = generator.normal(size=(2, 5, 3)).astype("float32")
    model = keras.Sequential([theirs.TimeDistributed(theirs.Dense(4)), theirs.LSTM(2)])
    model.compile("adam", "mse")
    unbuilt, _ = seqlib.accelerate(model)
    unbuilt.fit(inputs, np.zeros((2, 2)), verbose=0)
    expected = model(inputs)
    faster, report = seqlib.accelerate(model)
    np.testing.assert_allclose(faster(inputs), expected, rtol=1e-5, atol=1e-6)
    assert [change.kind for change in report.replaced] == ["LSTM"]


class OwnModel(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.reader = theirs.LSTM(2)

    def call(self, inputs):
        return self.reader(inputs)


class Secretive(keras.Layer):
    def __init__(self, size):
        super().__init__()
        self.size = [size, object()]

    def call(self, inputs):
        return inputs

    def get_config(self):
        raise NotImplementedError("not told")


def test_what_cannot_be_cloned_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"`model` got OwnModel.*from seqlib.layers import LSTM"):
        seqlib.accelerate(OwnModel())
    inputs = keras.Input((3, 2))
    with pytest.raises(ValueError, match=r"Keras cannot clone.*`get_config`.*not told"):
        seqlib.accelerate(keras.Model(inputs, Secretive(1)(inputs)))
    _, report = seqlib.accelerate(keras.Model(inputs, OwnModel(name="own")(inputs)))
    assert [(change.name, change.kind) for change in report.left] == [("own", "OwnModel")]

    def squared(true, predicted):
        return (true - predicted) ** 2

    model = keras.Model(inputs, theirs.LSTM(1)(inputs))
    model.compile("sgd", loss=squared)
    with pytest.raises(ValueError, match=r"losses and metrics that it finds by their names"):
        seqlib.accelerate(model)
