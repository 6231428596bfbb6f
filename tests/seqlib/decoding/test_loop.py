"""The compiled loop, asked through the public functions: when it compiles, and what it sees."""

import copy
import functools
import gc
import weakref

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import decoding, layers
from seqlib.decoding import loop
from tests.seqlib.decoding.models import History, numpy

BACKEND = keras.backend.backend()
WAYS = [
    (decoding.sample, {"seed": 1}),
    (decoding.greedy, {}),
    (decoding.beam_search, {"width": 3, "n_best": 2, "length_penalty": 0.5}),
]
each_way = pytest.mark.parametrize(
    ("decode", "how"), WAYS, ids=lambda x: getattr(x, "__name__", "")
)
on_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow alone falls back")


# Made once, so that a loop is compiled once for all the tests that ask it the same.
MODEL = History(6, seed=4)
ROWS = np.random.default_rng(4).normal(size=(9, 5)).astype("float32")


@on_tensorflow
@pytest.mark.parametrize(
    ("decode", "how", "jit_compile"),
    [(*way, jit) for way, jit in zip(WAYS, (True, False, True), strict=True)],
)
def test_a_loop_may_be_part_of_a_compiled_function(decode, how, jit_compile):
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile)
    def whole(rows):
        states = {"h": tf.zeros_like(rows), "row": rows, "count": tf.zeros((), "int32")}
        return decode(MODEL, states, tf.zeros((9,), "int32"), length=5, **how)

    alone = numpy(decode(MODEL, MODEL.states(ROWS), [0] * 9, length=5, **how))
    within = numpy(whole(tf.constant(ROWS)))
    np.testing.assert_array_equal(within[0], alone[0])
    np.testing.assert_allclose(within[1], alone[1], atol=1e-4)


@each_way
@pytest.mark.skipif(BACKEND == "torch", reason="torch has no XLA")
def test_compiled_or_not_the_same_tokens_come_out(decode, how):
    compiled, plain = (
        numpy(
            decode(
                MODEL, MODEL.states(ROWS), [0] * 9,
                length=5, end_token=2, jit_compile=jit_compile, **how,
            )
        )
        for jit_compile in (True, False)
    )  # fmt: skip
    np.testing.assert_array_equal(compiled[0], plain[0])
    np.testing.assert_allclose(compiled[1], plain[1], atol=1e-4)


@pytest.mark.parametrize(
    ("decode", "how", "batch"),
    [(*way, batch) for way, batch in zip(WAYS, (9, 8, 9), strict=True)],
)
def test_rows_go_their_own_ways_whatever_stands_beside_them(decode, how, batch):
    """One step function for every size; also in equal shards, and with rows to fill up the last."""
    firsts = np.arange(batch) % 5
    how = how | ({"top_k": 1} if decode is decoding.sample else {})  # rows draw other chances
    common = {"length": 5, "end_token": 3, **how}
    tokens, scores = numpy(decode(MODEL, MODEL.states(ROWS[:batch]), firsts, **common))
    assert len(tokens) == len(scores) == batch
    for row in range(0, batch, 4):
        alone = slice(row, row + 1)
        own = numpy(decode(MODEL, MODEL.states(ROWS[alone]), firsts[alone], **common))
        np.testing.assert_array_equal(tokens[row], own[0][0])
        np.testing.assert_allclose(scores[row], own[1][0], atol=1e-4)


@each_way
def test_weights_that_change_between_calls_are_seen(decode, how):
    bias = keras.Variable([50.0, 0.0, 0.0])

    def step(tokens, states):
        return ops.broadcast_to(bias.value, (tokens.shape[0], 3)), states

    def first():
        return ops.convert_to_numpy(decode(step, (), [0], length=2, **how)[0])[0].reshape(-1)[:2]

    assert first().tolist() == [0, 0]
    bias.assign([0.0, 0.0, 50.0])
    assert first().tolist() == [2, 2]


def test_layers_take_part_and_their_training_is_seen():
    cell, dense = layers.LSTMCell(6), keras.layers.Dense(4)  # not built yet

    def step(tokens, states):
        h, states = cell(ops.one_hot(tokens, 4), states)
        return dense(h), states

    states = tuple(ops.zeros((2, 6)) for _ in range(2))  # the cell returns a list
    _, before = numpy(decoding.greedy(step, states, [0, 1], length=3))
    dense.set_weights([np.zeros((6, 4)), np.log([0.1, 0.2, 0.6, 0.1])])
    tokens, after = numpy(decoding.greedy(step, states, [0, 1], length=3))
    assert np.any(before != after)
    assert tokens.tolist() == [[2, 2, 2]] * 2
    np.testing.assert_allclose(np.exp(after), 0.6, rtol=1e-5)


def test_numbers_change_without_a_new_trace():
    traces = []

    def step(tokens, states):
        traces.append(1)
        return ops.one_hot(tokens, 3), states

    def search(penalty):
        return decoding.beam_search(step, (), [0], length=3, length_penalty=penalty)

    decoding.sample(step, (), [0], length=3, top_p=0.5, seed=1)
    search(0.0)
    if BACKEND == "torch":
        return
    known = len(traces)
    for number in (0.3, 0.8):
        decoding.sample(step, (), [1], length=3, top_p=number, temperature=number, seed=2)
        search(number)
    assert len(traces) == known


def test_step_functions_may_want_all_rows_be_many_or_have_no_hash(caplog):
    offsets = np.eye(16, dtype="float32")

    def step(tokens, states):
        return 50.0 * ops.convert_to_tensor(offsets) + ops.one_hot(tokens, 16), states

    tokens, _ = decoding.greedy(step, (), [0] * 16, length=2)
    assert ops.convert_to_numpy(tokens)[:, 0].tolist() == list(range(16))
    for shift in range(6):

        def step(tokens, states, shift=shift):
            return 50.0 * ops.one_hot((tokens + shift) % 4, 4), states

        tokens, _ = decoding.sample(step, (), [0], length=2)
        assert ops.convert_to_numpy(tokens).tolist() == [[shift % 4, 2 * shift % 4]]
    assert not caplog.records

    class Count:
        __hash__ = None

        def __call__(self, tokens, states):
            return ops.one_hot((tokens + 1) % 4, 4), states

    tokens, _ = decoding.greedy(Count(), (), [0], length=3)
    assert ops.convert_to_numpy(tokens).tolist() == [[1, 2, 3]]


def beyond_xla():
    """A step function with a Python function in its graph, which XLA cannot compile."""
    import tensorflow as tf

    calls = []

    def by_python(tokens):
        calls.append(1)
        return np.eye(4, dtype="float32")[(tokens.numpy() + 1) % 4]

    def step(tokens, states):
        logits = tf.py_function(by_python, [tokens], tf.float32)
        return tf.ensure_shape(logits, (tokens.shape[0], 4)), states

    return step, calls


@on_tensorflow
def test_what_xla_cannot_compile_runs_as_an_ordinary_graph(monkeypatch):
    step, calls = beyond_xla()
    asked, with_xla = [], loop.TensorFlowLoop._with_xla
    monkeypatch.setattr(
        loop.TensorFlowLoop, "_with_xla", lambda *a: asked.append(1) or with_xla(*a)
    )
    for batch in (2, 3):
        tokens, _ = decoding.beam_search(step, (), list(range(batch)), length=3)
        best = ops.convert_to_numpy(tokens).reshape(batch, -1)[:, :3]
        assert best.tolist() == [[(i + 1) % 4, (i + 2) % 4, (i + 3) % 4] for i in range(batch)]
    assert asked == [1], "XLA is asked once for a step function"
    with pytest.raises(ValueError, match="`jit_compile` got True, but XLA cannot"):
        decoding.beam_search(step, (), [0, 1], length=3, jit_compile=True)
    assert len(calls) == 6


@on_tensorflow
def test_an_error_of_the_step_function_itself_is_told_as_it_is():
    import tensorflow as tf

    def by_python(tokens):
        raise ZeroDivisionError("by the step function")

    def step(tokens, states):
        logits = tf.py_function(by_python, [tokens], tf.float32)
        return tf.ensure_shape(logits, (tokens.shape[0], 4)), states

    with pytest.raises(tf.errors.UnknownError, match="ZeroDivisionError: by the step function"):
        decoding.greedy(step, (), [0], length=3)


@pytest.mark.skipif(BACKEND != "jax", reason="asked of JAX")
def test_a_variable_that_the_step_writes_is_refused_on_jax():
    count = keras.Variable(0.0)

    def step(tokens, states):
        count.assign_add(1.0)
        return ops.one_hot(tokens, 3), states

    with pytest.raises(ValueError, match="writes the variable"):
        decoding.greedy(step, (), [0], length=2)
    assert float(count.value) == 0


@each_way
def test_an_unknown_kind_of_compilation_is_refused(decode, how):
    for wrong in ("yes", None, 1):
        with pytest.raises(ValueError, match="`jit_compile` got"):
            decode(History(3, 0), (), [0], length=1, jit_compile=wrong, **how)
    if BACKEND == "torch":
        with pytest.raises(ValueError, match="no XLA"):
            decode(History(3, 0), (), [0], length=1, jit_compile=True, **how)


def transformer():
    return layers.Transformer(9, 9, units=8, num_layers=1, num_heads=2)


def greedily(model, step=None):
    states = model.initial_state(np.ones((2, 3), int), length=4)
    return numpy(decoding.greedy(step or model.step, states, [1, 1], length=4))


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
@pytest.mark.parametrize("change", ["lora", "quantization"])
@pytest.mark.skipif(BACKEND == "torch", reason="nothing is compiled there")
def test_what_is_compiled_is_renewed_when_its_model_changes(change):
    model = transformer()

    def refers_to_it(tokens, states):
        return model.step(tokens, states)

    def has_it(tokens, states, model):
        return model.step(tokens, states)

    steps = [None, refers_to_it, functools.partial(has_it, model=model)]
    before = [greedily(model, step)[1] for step in steps]
    if change == "lora":
        model.head.enable_lora(2)
        model.head.lora_kernel_b.assign(np.random.default_rng(0).normal(size=(2, 9)))
    else:
        model.head.kernel.assign(3 * model.head.kernel)
        model.quantize("int8")
    fresh = greedily(model, lambda tokens, states: model.step(tokens, states))[1]
    assert np.abs(fresh - before[0]).max() > 1e-3
    for step in steps:
        np.testing.assert_allclose(greedily(model, step)[1], fresh, atol=1e-5)


def test_what_is_compiled_goes_with_its_model():
    model = transformer()
    greedily(model)
    gone = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None


def test_a_model_that_was_decoded_with_can_be_copied():
    model = History(6, seed=4)
    decoding.greedy(model, model.states(ROWS), [0] * 9, length=2)
    copied = copy.deepcopy(model)
    tokens = [
        numpy(decoding.greedy(one, one.states(ROWS), [0] * 9, length=2))[0]
        for one in (model, copied)
    ]
    np.testing.assert_array_equal(*tokens)


@on_tensorflow
@each_way
def test_a_batch_of_unknown_size_is_refused_with_the_reason(decode, how):
    import tensorflow as tf

    def step(tokens, states):
        return ops.one_hot(tokens, 3), states

    signature = [tf.TensorSpec((None,), tf.int32)]
    function = tf.function(lambda first: decode(step, (), first, length=2, **how), signature)
    with pytest.raises(ValueError, match="unknown number of rows"):
        function(tf.constant([0, 1]))


@each_way
@pytest.mark.skipif(BACKEND == "torch", reason="torch has no XLA")
def test_nan_shows_the_same_on_every_path(decode, how):
    def step(tokens, states):
        bad = ops.where(states == 1, float("nan"), 0.0)[:, None] * ops.one_hot(tokens, 5)
        return ops.one_hot((tokens + 1) % 5, 5) + bad, states + 1

    compiled, plain = (
        numpy(decode(step, np.int32([0, -9]), [0, 0], length=3, jit_compile=jit_compile, **how))
        for jit_compile in (True, False)
    )
    for _, scores in (compiled, plain):
        is_nan = np.isnan(scores.reshape(2, -1))
        assert is_nan[0].any()
        assert not is_nan[1].any()
    np.testing.assert_array_equal(np.isnan(compiled[1]), np.isnan(plain[1]))
