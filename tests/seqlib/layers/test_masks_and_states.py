"""Masks, states and ranks: taken as Keras takes them, or refused by name, eagerly and compiled."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from seqlib.compiled import BACKEND
from tests.seqlib.layers.gradients import to_numpy

BATCH, TIME, FEATURES, UNITS = 6, 5, 4, 3
rng = np.random.default_rng(0)
X = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASK = rng.random((BATCH, TIME)) > 0.3
ROW = np.array([[True, True, True, False, False]])
RECURRENT = ["SimpleRNN", "GRU", "LSTM"]
QUERIES = ["previous", "current"]


def decoder(query="previous", layer="LSTM", **of_layer):
    recurrent = getattr(layers, layer)(UNITS, **of_layer)
    return layers.AttentionDecoder(recurrent, layers.AdditiveAttention(4), query=query)


def compiled(function):
    """Compile a function of arrays with sizes that are unknown in its trace, where there is one."""
    if BACKEND.name != "tensorflow":
        return function
    tf = BACKEND.tf

    def call(*arrays):
        specs = [tf.TensorSpec([None] * (a.ndim - 1) + [a.shape[-1]], a.dtype) for a in arrays]
        return tf.function(function, input_signature=specs, autograph=False)(*arrays)

    return call


def ways(function):
    """A function as it is, and compiled."""
    return function, compiled(function)


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize(
    ("given", "same"), [(ROW, np.repeat(ROW, BATCH, 0)), (MASK[..., None], MASK), (1 * MASK, MASK)]
)
def test_masks_that_keras_takes_mean_the_same(name, given, same):
    layer = getattr(layers, name)(UNITS)
    expected = to_numpy(layer(X, mask=same))
    for call in ways(lambda x: layer(x, mask=given)):
        np.testing.assert_allclose(to_numpy(call(X)), expected, rtol=1e-5, atol=1e-6)


WRONG_MASKS = {
    "time alone": (MASK[0], r"has the shape \(5,\)"),
    "lengths": (np.arange(BATCH), r"has the shape \(6,\)"),
    "too short": (MASK[:, :4], r"has the shape \(6, 4\)"),
    "too long": (np.ones((BATCH, TIME + 2), bool), r"has the shape \(6, 7\)"),
    "of another batch": (MASK[:4], r"has the shape \(4, 5\)"),
    "added to scores": (
        np.where(MASK, 0, -np.inf).astype("float32"),
        r"has the shape \(6, 5\) and the type float32",
    ),
}


@pytest.mark.parametrize(("mask", "message"), WRONG_MASKS.values(), ids=WRONG_MASKS)
def test_other_masks_are_refused_by_name(mask, message):
    recurrent, attentive = layers.GRU(UNITS), decoder()
    for call, name in (
        (lambda x: recurrent(x, mask=mask), "`mask`"),
        (lambda x: attentive(x, x, inputs_mask=mask), "`inputs_mask`"),
        (lambda x: attentive(x, x, value_mask=mask), "`value_mask`"),
    ):
        recurrent.build(X.shape), attentive.build(X.shape, X.shape)
        with pytest.raises(ValueError, match=f"argument {name} {message}.*Allowed"):
            call(X)


@pytest.mark.skipif(BACKEND.name != "tensorflow", reason="elsewhere sizes are always known")
@pytest.mark.parametrize("name", ["LSTM", "decoder"])
def test_a_mask_of_another_length_is_refused_where_no_length_was_known(name):
    inputs, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    if name == "LSTM":
        outputs = layers.LSTM(UNITS)(inputs, mask=mask)
    else:
        outputs = decoder()(inputs, inputs, inputs_mask=mask)
    model = keras.Model([inputs, mask], outputs)
    model.predict([X, MASK], verbose=0)
    with pytest.raises(BACKEND.tf.errors.InvalidArgumentError, match="has not as many steps"):
        model.predict([X, MASK[:, :4]], verbose=0)


WRONG_STATES = {
    "too few": lambda h: [h],
    "too many": lambda h: [h, h, h],
    "a size": lambda h: [h[:, :2], h[:, :2]],
    "one row for all": lambda h: [h[:1], h[:1]],
    "other rows": lambda h: [h[:4], h[:4]],
    "rank": lambda h: [h[0], h[0]],
}


@pytest.mark.parametrize("wrong", WRONG_STATES.values(), ids=WRONG_STATES)
@pytest.mark.parametrize("query", [None, *QUERIES])
def test_states_that_do_not_fit_are_refused_by_name(wrong, query):
    states = wrong(np.ones((BATCH, UNITS), "float32"))
    layer = layers.LSTM(UNITS) if query is None else decoder(query)
    inputs = (X,) if query is None else (X, X)
    layer(*inputs)
    with pytest.raises(ValueError, match=r"`initial_state` has the shapes .*Allowed: \(6, 3\)"):
        layer(*inputs, initial_state=states)


@pytest.mark.parametrize("query", QUERIES)
def test_one_state_needs_no_list(query):
    layer, state = decoder(query, "GRU"), rng.normal(size=(BATCH, UNITS)).astype("float32")
    np.testing.assert_array_equal(
        to_numpy(layer(X, X, initial_state=state)), to_numpy(layer(X, X, initial_state=[state]))
    )


def test_a_sequence_of_no_steps_is_refused():
    with pytest.raises(ValueError, match=r"`sequences` has the shape \(6, 0, 4\).*at least one"):
        layers.LSTM(UNITS)(X[:, :0])


@pytest.mark.parametrize(
    "make",
    [
        layers.DotProductAttention,
        lambda: layers.AdditiveAttention(3),
        lambda: layers.MultiHeadAttention(2, 3),
    ],
    ids=["dot", "additive", "heads"],
)
def test_a_query_without_time_is_refused_by_name(make):
    for query, value in ((X[:, 0], X), (keras.Input((4,)), keras.Input((5, 4)))):
        with pytest.raises(ValueError, match=r"`query` has the shape .* a sequence of one"):
            make()(query, value)


def test_attention_masks_of_every_rank_mean_what_they_mean_in_keras():
    ours = layers.MultiHeadAttention(2, 3)
    theirs = keras.layers.MultiHeadAttention(2, 3)
    ours(X, X), theirs(X, X)
    theirs.set_weights(ours.get_weights())
    heads = rng.random((BATCH, 2, TIME, TIME)) > 0.3
    heads[..., 0] = True  # something is left to attend to
    for mask in (heads, heads[:, :1], heads[:, 0], heads[:1, 0], heads[0, 0]):
        for call in ways(lambda x, mask=mask: ours(x, x, attention_mask=mask)):
            np.testing.assert_allclose(
                to_numpy(call(X)), to_numpy(theirs(X, X, attention_mask=mask)), atol=1e-5
            )
    added = np.where(heads[0, 0], 0, -np.inf)
    for mask in (added.astype("float32"), heads[:, :, :3], heads[:, :, None], heads[0, 0, 0]):
        with pytest.raises(ValueError, match=r"`attention_mask` has the shape .*Allowed"):
            ours(X, X, attention_mask=mask)
    with pytest.raises(ValueError, match="`attention_mask` has the shape"):
        layers.AdditiveAttention(3)(X, X, attention_mask=heads)  # it has no heads


def test_a_query_that_may_attend_to_nothing_gets_what_it_gets_in_keras_if_asked():
    ours = layers.MultiHeadAttention(2, 3, mask_as_keras=True)
    theirs = keras.layers.MultiHeadAttention(2, 3)
    ours(X, X), theirs(X, X)
    theirs.set_weights(ours.get_weights())
    mask = MASK[:, :, None]  # padded queries
    np.testing.assert_allclose(
        to_numpy(ours(X, X, attention_mask=mask)),
        to_numpy(theirs(X, X, attention_mask=mask)),
        atol=1e-5,
    )


@pytest.mark.parametrize("query", QUERIES)
def test_a_decoder_reads_backwards_where_its_layer_does(query):
    backwards, forwards = decoder(query, go_backwards=True), decoder(query)
    backwards(X, X), forwards(X, X)
    forwards.set_weights(backwards.get_weights())
    mask = np.arange(TIME) < rng.integers(1, TIME + 1, (BATCH, 1))
    for call in ways(lambda x: backwards(x, X, inputs_mask=mask)):
        np.testing.assert_allclose(
            to_numpy(call(X)),
            to_numpy(forwards(X[:, ::-1], X, inputs_mask=mask[:, ::-1])),
            rtol=1e-5,
            atol=1e-6,
        )


@pytest.mark.parametrize("wrong", [{"stateful": True}, {"activity_regularizer": "l2"}])
def test_a_decoder_refuses_what_it_would_not_heed(wrong):
    with pytest.raises(ValueError, match=r"stateful, or that has an `activity_regularizer`"):
        decoder(**wrong)


def test_no_dropout_mask_outlives_its_call():
    layer = decoder(layer="LSTM", dropout=0.5, recurrent_dropout=0.5)
    inputs, value = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    model = keras.Model([inputs, value], layer(inputs, value))
    model.compile("sgd", "mse")
    model.fit([X, X], np.zeros((BATCH, TIME, UNITS + FEATURES)), verbose=0)
    for rows in (BATCH, 2):
        memory = layer.project_memory(X[:rows])
        layer.step(X[:rows, 0], layer.get_initial_state(rows), memory, training=True)
    layer.layer(np.ones((3, TIME, FEATURES + FEATURES), "float32"), training=True)
    cell = layers.LSTMCell(UNITS, dropout=0.5)
    for rows in (BATCH, 2):  # a cell by itself keeps its masks for the steps of one sequence
        states = cell.get_initial_state(rows)
        first, second = (to_numpy(cell(X[:rows, 0], states, training=True)[0]) for _ in "ab")
        np.testing.assert_array_equal(first, second)


def test_a_step_drops_the_same_at_every_step_of_a_sequence_and_something_else_in_another():
    layer = decoder(dropout=0.5)
    layer(X, X)
    states = layer.get_initial_state(BATCH)

    def dropped(memory):
        return to_numpy(layer.step(X[:, 0], states, memory, training=True)[0])

    one, another = (layer.project_memory(X, training=True) for _ in "ab")
    np.testing.assert_array_equal(dropped(one), dropped(one))
    assert np.any(dropped(one) != dropped(another))


@keras.saving.register_keras_serializable("tests")
class LeakyCell(layers.RecurrentCell):
    """A cell with arguments of its own and a catch-all of another name."""

    def __init__(self, units, activation="tanh", *, keep=0.5, gate="sigmoid", **others):
        super().__init__(units, activation, **others)
        self.keep, self.gate = keep, keras.activations.get(gate)

    def call(self, inputs, states, training=False):
        new = self.input_product(inputs, training) + self.recurrent_product(states[0], training)
        h = self.keep * states[0] + (1 - self.keep) * self.gate(new)
        return h, [h]


@keras.saving.register_keras_serializable("tests")
class Leaky(layers.RecurrentLayer):
    cell_class = LeakyCell


class Forgetful(LeakyCell):
    def __init__(self, units, lost, **others):
        super().__init__(units, **others)


def test_a_cell_of_ones_own_is_saved_whatever_its_arguments_are_called(tmp_path):
    layer = Leaky(3, keep=0.2, gate="tanh", dropout=0.1, return_sequences=True)
    again = Leaky.from_config(layer.get_config())
    assert (again.keep, again.gate, again.dropout) == (0.2, keras.activations.tanh, 0.1)
    model = keras.Sequential([keras.Input((TIME, FEATURES)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(loaded(X)), to_numpy(model(X)))
    with pytest.raises(NotImplementedError, match=r"Forgetful has the arguments \['lost'\]"):
        Forgetful(3, 1).get_config()


@pytest.mark.skipif(BACKEND.name != "tensorflow", reason="a SavedModel is TensorFlow's")
@pytest.mark.parametrize("kind", ["tagger", "decoder"])
def test_what_loops_over_time_is_exported_for_every_length(kind, tmp_path):
    inputs = keras.Input((None, FEATURES))
    if kind == "tagger":
        outputs = layers.BestPath()(layers.LinearChainCRF()(inputs))
    else:
        outputs = decoder()(inputs, inputs)
    model = keras.Model(inputs, outputs)
    model.export(tmp_path / "saved", verbose=False)
    served = BACKEND.tf.saved_model.load(tmp_path / "saved")
    for time in (1, TIME):
        x = X[:, :time]
        np.testing.assert_allclose(served.serve(x), to_numpy(model(x)), rtol=1e-5, atol=1e-6)


def test_the_memory_of_a_chain_does_not_grow_with_the_square_of_its_length():
    from seqlib.layers import linear_chain

    tags = np.array([[-1, 2, -1, 1, 0, -1], [1, 1, -1, -1, 2, 0]])
    before = to_numpy(linear_chain._tag_before(ops.convert_to_tensor(tags, "int32")))
    assert before.tolist() == [[0, 0, 2, 2, 1, 0], [0, 1, 1, 1, 1, 2]]
    if BACKEND.name == "tensorflow":
        time, tf = 97, BACKEND.tf
        specs = tf.TensorSpec((2, time, 3, 3)), tf.TensorSpec((2, time), "int32")
        graph = tf.function(linear_chain.path_score).get_concrete_function(*specs).graph
        shapes = [x.shape.as_list() for op in graph.get_operations() for x in op.outputs if x.shape]
        assert max(shape.count(time) for shape in shapes) == 1
