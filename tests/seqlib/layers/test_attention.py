"""The attention layers: all that is asked of a layer, and equality with those of Keras."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from seqlib.layers.attention import join_masks
from tests.seqlib.layers.check_layer import (
    FEATURES,
    TIME,
    Kind,
    check_layer,
    check_same_numbers,
)
from tests.seqlib.layers.gradients import to_numpy

BATCH = 3
OWN = {"makes": ({},), "sequence": {}, "last": None, "still": ("key_bias",)}
# A bias of the keys adds the same to all scores of a query, which no softmax sees.
SELF = Kind(lambda x: (x, x), lambda mask: {"query_mask": mask, "value_mask": mask}, **OWN)
CROSS = Kind(  # fewer queries than values, of another size
    lambda x: (x[:, :3, :3], x),
    lambda mask: {"query_mask": mask[:, :3], "value_mask": mask},
    **{**OWN, "makes": ({}, {"dtype": "float16"})},
)
LAYERS = {
    "additive": lambda **a: layers.AdditiveAttention(5, kernel_initializer=drawn(), **a),
    "additive, no bias": lambda **a: layers.AdditiveAttention(5, use_bias=False, **a),
    "dot": lambda **a: layers.DotProductAttention("dot", **a),
    "scaled": lambda **a: layers.DotProductAttention("scaled", **a),
    "general": lambda **a: layers.DotProductAttention("general", kernel_initializer=drawn(), **a),
    "heads": lambda **a: layers.MultiHeadAttention(2, 3, kernel_initializer=drawn(), **a),
    "heads, other sizes": lambda **a: layers.MultiHeadAttention(
        2, 3, value_dim=5, output_shape=7, use_bias=False, kernel_initializer=drawn(), **a
    ),
}
# Under warnings as errors nothing can be compiled by PyTorch 2.13, which warns of itself.
COMPILED = keras.backend.backend() != "torch"
OF_ONE_SIZE = ("dot", "scaled")  # query and key have to be
KINDS = ("additive", "scaled", "heads")  # one of each class; the others differ in projections alone


def drawn():
    return keras.initializers.GlorotUniform(seed=7)


def arrays(*shapes, seed=0):
    """Return arrays drawn from a normal distribution, of these shapes."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("name", LAYERS)
def test_everything_asked_of_a_layer_that_attends_to_its_own_sequence(name):
    check_layer(LAYERS[name], kind=SELF)


@pytest.mark.parametrize("name", ["additive", "general", "heads, other sizes"])
def test_everything_asked_of_a_layer_that_attends_to_another_sequence(name, monkeypatch):
    # A slice of an embedded sequence carries no mask: see the test of carried masks below.
    monkeypatch.setattr("tests.seqlib.layers.check_layer.check_mask", lambda *arguments: None)
    check_layer(LAYERS[name], kind=CROSS)


@pytest.mark.parametrize("name", KINDS)
def test_masks_that_keras_carries_are_used_and_go_on_with_the_queries(name):
    embedding = keras.layers.Embedding(9, FEATURES, mask_zero=True)
    asked, told = np.array([[1, 2, 0], [3, 0, 0]]), np.array([[4, 5, 6, 0], [7, 0, 0, 0]])
    layer = LAYERS[name]()
    context, weights = layer(embedding(asked), embedding(told), return_attention_scores=True)
    np.testing.assert_array_equal(to_numpy(context._keras_mask), asked != 0)
    assert getattr(weights, "_keras_mask", None) is None
    seen = (asked != 0)[:, :, None] & (told != 0)[:, None]
    seen = np.broadcast_to(seen[:, None] if len(weights.shape) == 4 else seen, weights.shape)
    assert not to_numpy(weights)[~seen].any()
    plain = [ops.convert_to_tensor(to_numpy(embedding(ids))) for ids in (asked, told)]
    given = layer(*plain, query_mask=asked != 0, value_mask=told != 0)
    np.testing.assert_allclose(to_numpy(context), to_numpy(given), rtol=1e-6, atol=1e-6)

    ids = [keras.Input((None,), dtype="int32") for _ in range(2)]
    output = to_numpy(keras.Model(ids, layer(*map(embedding, ids)))([asked, told]))
    np.testing.assert_allclose(output, to_numpy(context), rtol=1e-5, atol=1e-6)


SEEN = np.array([[1, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]], bool)
ALLOWED = np.random.default_rng(5).random((BATCH, TIME, TIME)) < 0.6
ALLOWED[:, :, 0] = True  # every query may attend to something, where Keras defines the result too
CALLS = {
    "plain": {},
    "causal": {"use_causal_mask": True},
    "value mask": {"value_mask": SEEN},
    "attention mask": {"attention_mask": ALLOWED},
    "all masks": {"value_mask": SEEN, "attention_mask": ALLOWED, "use_causal_mask": True},
}


@pytest.mark.parametrize("call", CALLS)
def test_heads_equal_those_of_keras(call):
    cases = [
        (((BATCH, TIME, 3), (BATCH, TIME, 5)), {}),
        (((BATCH, TIME, 3), (BATCH, TIME, 5)), {"value_dim": 5, "output_shape": 7}),
        (((BATCH, TIME, 3), (BATCH, TIME, 5), (BATCH, TIME, 2)), {"use_bias": False}),  # own keys
    ]
    for shapes, sizes in cases if call == "all masks" else cases[:1]:
        ours = layers.MultiHeadAttention(2, 3, **sizes)
        twin = keras.layers.MultiHeadAttention(2, 3, bias_initializer="normal", **sizes)
        check_same_numbers(
            ours, twin, x=arrays(*shapes), return_attention_scores=True, **CALLS[call]
        )


class Composed(keras.Layer):
    """What our layers do, put together from Keras's: dense layers, then attention."""

    def __init__(self, attention, dense_query=None, dense_key=None):
        super().__init__()
        self.dense_query, self.dense_key, self.attention = dense_query, dense_key, attention

    def call(self, query, value, query_mask=None, value_mask=None, **call):
        asked = self.dense_query(query) if self.dense_query else query
        key = self.dense_key(value) if self.dense_key else value
        masks = None if value_mask is None else [query_mask, value_mask]
        return self.attention([asked, value, key], mask=masks, **call)


class Scaled(keras.Layer):
    """Scaled attention by the operation of Keras, which has an axis for heads."""

    def call(self, query, value, value_mask=None):
        mask = None if value_mask is None else ops.convert_to_tensor(value_mask)[:, None, None]
        query, value = query[:, :, None], value[:, :, None]  # (batch, time, 1 head, features)
        return ops.dot_product_attention(query, value, value, mask=mask)[:, :, 0]


MASKED = [
    {},
    {"use_causal_mask": True},
    {"value_mask": SEEN, "query_mask": SEEN},
    {"value_mask": SEEN, "query_mask": SEEN, "use_causal_mask": True},
]


def carry_additive(of_twin):  # kernel of the query, kernel and bias of the key, scale
    query, key, bias, scale = of_twin
    return [query, key, scale[:, None], bias]


TWINS = {  # by name: ours, that of Keras behind dense layers, size of the query, order of weights
    "dot": lambda: (layers.DotProductAttention("dot"), Composed(keras.layers.Attention()), 4, list),
    "general": lambda: (
        layers.DotProductAttention("general"),
        Composed(keras.layers.Attention(), dense_key=keras.layers.Dense(3, use_bias=False)),
        3,
        list,
    ),
    "additive": lambda: (
        layers.AdditiveAttention(5),
        Composed(
            keras.layers.AdditiveAttention(),
            keras.layers.Dense(5, use_bias=False),
            keras.layers.Dense(5, bias_initializer="normal"),
        ),
        3,
        carry_additive,
    ),
}


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("call", MASKED)
def test_attention_equals_that_of_keras(name, call):
    ours, twin, size, carry = TWINS[name]()
    x = arrays((BATCH, TIME, size), (BATCH, TIME, FEATURES))
    check_same_numbers(ours, twin, x=x, carry=carry, **call)
    if name == "dot" and "query_mask" not in call:  # weights of a query that is padding are zero
        check_same_numbers(ours, twin, x=x, **call, return_attention_scores=True)
    if name == "dot":
        seen = {key: mask for key, mask in call.items() if key == "value_mask"}
        check_same_numbers(layers.DotProductAttention("scaled"), Scaled(), x=x, **seen)


@pytest.mark.parametrize("name", LAYERS)
def test_asking_step_by_step_is_the_whole_call(name):
    query, value = arrays((BATCH, 4, FEATURES), (BATCH, TIME, FEATURES))
    layer = LAYERS[name]()
    whole = layer(query, value, value_mask=SEEN, return_attention_scores=True)
    memory = layer.project_memory(ops.convert_to_tensor(value))
    mask = join_masks((None, 1, TIME), value_mask=SEEN)
    queries = [ops.convert_to_tensor(query[:, t : t + 1]) for t in range(4)]
    steps = [layer.attend(one, memory, mask) for one in queries]
    for index, axis in ((0, 1), (1, -2)):
        joined = np.concatenate([to_numpy(step[index]) for step in steps], axis=axis)
        np.testing.assert_allclose(joined, to_numpy(whole[index]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_keys_may_differ_from_values(name):
    query, value, key = arrays((BATCH, 4, FEATURES), (BATCH, TIME, 6), (BATCH, TIME, FEATURES))
    layer = LAYERS[name]()
    context, weights = layer(query, value, key, return_attention_scores=True)
    said = layer.compute_output_shape(query.shape, value.shape, key.shape)
    assert tuple(context.shape) == tuple(said)
    # Who fits is said by the keys alone.
    _, again = layer(query, -value, key, return_attention_scores=True)
    np.testing.assert_array_equal(to_numpy(again), to_numpy(weights))
    same = LAYERS[name]()
    given = to_numpy(same(query, key, key))
    np.testing.assert_allclose(given, to_numpy(same(query, key)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_unknown_sizes_and_compilation_change_nothing(name):
    query, value = arrays((BATCH, 4, FEATURES), (BATCH, TIME, FEATURES))
    layer = LAYERS[name]()
    inputs = [keras.Input((None, FEATURES)), keras.Input((None, FEATURES))]
    context, weights = layer(*inputs, use_causal_mask=True, return_attention_scores=True)
    assert context.shape[:2] == (None, None)
    assert weights.shape in ((None, None, None), (None, 2, None, None))
    model = keras.Model(inputs, [context, weights])
    expected = layer(query, value, use_causal_mask=True, return_attention_scores=True)
    model.compile(optimizer="sgd", loss=["mse", None], jit_compile=COMPILED)
    for ours, theirs in zip(model.predict([query, value], verbose=0), expected, strict=True):
        np.testing.assert_allclose(ours, to_numpy(theirs), rtol=1e-5, atol=1e-6)


def test_one_initializer_draws_each_weight_anew():
    for layer in (
        layers.MultiHeadAttention(2, 3, kernel_initializer=keras.initializers.GlorotUniform()),
        layers.AdditiveAttention(4, kernel_initializer=keras.initializers.GlorotUniform()),
    ):
        layer.build((None, None, 6), (None, None, 6))
        assert np.any(to_numpy(layer.query_kernel) != to_numpy(layer.key_kernel))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.AdditiveAttention(0), "AdditiveAttention: argument `units` got 0"),
        (lambda: layers.AdditiveAttention(2.5), "argument `units` got 2.5"),
        (lambda: layers.MultiHeadAttention(True, 2), "argument `num_heads` got True"),
        (lambda: layers.MultiHeadAttention(2, -1), "argument `key_dim` got -1"),
        (lambda: layers.MultiHeadAttention(2, 2, "3"), "argument `value_dim` got '3'"),
        (lambda: layers.MultiHeadAttention(2, 2, output_shape=0), "argument `output_shape` got 0"),
        (
            lambda: layers.DotProductAttention("cosine"),
            "`score` got 'cosine'. Allowed: 'dot', 'gen",
        ),
        (lambda: layers.DotProductAttention(dropout=1), "argument `dropout` got 1"),
        (lambda: layers.DotProductAttention(dropout=float("nan")), "argument `dropout` got nan"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        make()


def test_sizes_without_a_dot_product_are_refused():
    query, value = arrays((BATCH, 4, 3), (BATCH, TIME, FEATURES))
    for score in OF_ONE_SIZE:
        with pytest.raises(ValueError, match="queries of size 3 and keys of size 4"):
            layers.DotProductAttention(score)(query, value)
