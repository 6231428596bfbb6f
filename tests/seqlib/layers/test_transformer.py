"""Blocks and stacks: equal to the same composition of Keras layers, masks proven, cache exact."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import layers
from tests.seqlib.layers.check_layer import (
    MASK,
    Kind,
    check_layer,
    check_same_numbers,
    example_input,
)
from tests.seqlib.layers.gradients import to_numpy, value_and_gradients

# A large epsilon and no kink: finite differences need gentle curves.
SETTINGS = {"num_heads": 2, "inner_dim": 6, "activation": "gelu", "norm_epsilon": 0.5}
FORMS = {"post-norm": {"norm_first": False}, "pre-norm": {"norm_first": True}}


def other(x):
    """Another sequence of the same shape, to be the memory."""
    return 0.5 * ops.flip(x, axis=1) + 0.1


@dataclasses.dataclass(frozen=True)
class SelfAttending(Kind):
    """A layer whose padded places hold nothing of interest: they are taken out."""

    makes: tuple = ({},)
    sequence: dict = dataclasses.field(default_factory=dict)
    last: dict | None = None
    still: tuple = ("key_bias",)
    depth: int = 4  # layers of Keras, at most, and every normalization lets errors grow

    def call(self, layer, x, mask=None):
        output = super().call(layer, x, mask)
        return output if mask is None else ops.where(mask[..., None], output, 0)


ENCODER = SelfAttending()
DECODER = SelfAttending(
    inputs=lambda x: (x, other(x)),
    masks=lambda mask: {"inputs_mask": mask, "memory_mask": mask[:, ::-1]},
)
CASES = {
    "encoder block": (layers.TransformerEncoderBlock, {}, ENCODER),
    "encoder": (layers.TransformerEncoder, {"num_layers": 2}, ENCODER),
    "decoder block": (layers.TransformerDecoderBlock, {}, DECODER),
    "decoder": (layers.TransformerDecoder, {"num_layers": 2}, DECODER),
}


def maker(case, **settings):
    made, arguments, _ = CASES[case]

    def make(**kwargs):
        keras.utils.set_random_seed(5)
        return made(**{**SETTINGS, **arguments, **settings, **kwargs})

    return make


@pytest.mark.parametrize("case", ["encoder block", "decoder block"])
def test_blocks_are_layers_of_keras(case):
    check_layer(maker(case), kind=CASES[case][2])


@pytest.mark.parametrize(
    ("case", "settings"), [("encoder", {"rotary": True, "use_bias": False}), ("decoder", {})]
)
def test_stacks_are_layers_of_keras(case, settings):
    make = maker(case, num_layers=1, norm_first=True, key_dim=4, **settings)
    check_layer(make, kind=CASES[case][2])


class OfKeras(keras.Layer):
    """The same blocks put together from `keras.layers`."""

    def __init__(self, norm_first, decodes):
        super().__init__()
        self.norm_first, self.decodes = norm_first, decodes
        self.supports_masking = True

    def build(self, shape):
        def norm():
            return keras.layers.LayerNormalization(epsilon=0.5)

        self.attention, self.norm_1 = keras.layers.MultiHeadAttention(2, 2), norm()
        self.attention.build(shape, shape)
        self.norm_1.build(shape)
        if self.decodes:
            self.memory_attention, self.norm_2 = keras.layers.MultiHeadAttention(2, 2), norm()
            self.memory_attention.build(shape, shape)
            self.norm_2.build(shape)
        self.inner = keras.layers.Dense(6, activation="gelu")
        self.outer, self.norm_3 = keras.layers.Dense(4), norm()
        self.inner.build(shape)
        self.outer.build((*shape[:-1], 6))
        self.norm_3.build(shape)

    def call(self, x, memory=None, causal=False, mask=None):
        def wrapped(function, x, norm):
            return x + function(norm(x)) if self.norm_first else norm(x + function(x))

        allowed = None if mask is None else mask[:, None, :]
        x = wrapped(
            lambda x: self.attention(x, x, attention_mask=allowed, use_causal_mask=causal),
            x,
            self.norm_1,
        )
        if self.decodes:
            x = wrapped(lambda x: self.memory_attention(x, memory), x, self.norm_2)
        return wrapped(lambda x: self.outer(self.inner(x)), x, self.norm_3)


@pytest.mark.parametrize("form", FORMS)
def test_blocks_equal_the_same_composition_of_keras_layers(form):
    norm_first = form == "pre-norm"

    class Causal(OfKeras):
        def call(self, x, memory=None):
            return super().call(x, memory, causal=True)

    check_same_numbers(maker("encoder block", **FORMS[form])(), OfKeras(norm_first, False))
    pair = [example_input(), example_input(seed=1)]
    check_same_numbers(maker("decoder block", **FORMS[form])(), Causal(norm_first, True), x=pair)


def test_masked_blocks_equal_those_of_keras_at_every_real_place():
    block, twin, x = maker("encoder block")(), OfKeras(False, False), example_input()
    block(x), twin(x)
    block.set_weights(twin.get_weights())
    ours, theirs = to_numpy(block(x, mask=MASK)), to_numpy(twin(x, mask=MASK))
    np.testing.assert_allclose(ours[MASK], theirs[MASK], atol=1e-5)


def test_a_stack_is_its_blocks_one_after_another():
    for form in FORMS.values():
        x, memory = example_input(), example_input(seed=1)
        encoder, decoder = maker("encoder", **form)(), maker("decoder", **form)()
        y, z = to_numpy(encoder(x)), to_numpy(decoder(x, memory))
        for block in encoder.blocks:
            x = block(x)
        np.testing.assert_allclose(y, to_numpy(encoder.norm(x) if encoder.norm else x), atol=1e-6)
        x = example_input()
        for block in decoder.blocks:
            x = block(x, memory)
        np.testing.assert_allclose(z, to_numpy(decoder.norm(x) if decoder.norm else x), atol=1e-6)
        names = {weight.path for weight in decoder.trainable_weights}
        assert len(names) == len(decoder.trainable_weights)


def seen(layer, x, **call):
    """Which places see which: (batch, place that is changed, place of the output)."""
    batch, time, features = x.shape
    changed = np.tile(x, (1 + time, 1, 1)).reshape(1 + time, *x.shape)  # the first stays as it is
    for t in range(time):
        changed[1 + t, :, t] += 3.0 + np.arange(features, dtype="float32")
    call = {
        name: np.concatenate([value] * (1 + time)) if isinstance(value, np.ndarray) else value
        for name, value in call.items()
    }
    outputs = to_numpy(layer(changed.reshape(-1, time, features), **call))
    outputs = outputs.reshape(1 + time, batch, time, -1)
    return np.stack(np.abs(outputs[1:] - outputs[0]).max(axis=-1) > 1e-5, axis=1)


def test_each_place_sees_all_others_or_with_a_causal_mask_those_before_it():
    x, earlier = example_input(), np.tile(np.triu(np.ones((6, 6), bool)), (5, 1, 1))
    encoder, decoder = maker("encoder")(), maker("decoder", norm_first=True)()
    assert seen(encoder, x).all()
    np.testing.assert_array_equal(seen(encoder, x, use_causal_mask=True), earlier)
    np.testing.assert_array_equal(seen(decoder, x, memory=x), earlier)
    assert seen(decoder, x, memory=x, use_causal_mask=False).all()


def test_no_real_place_sees_padding_and_each_sees_all_that_is_real():
    x, mask = example_input(), MASK
    encoder, decoder = maker("encoder block")(), maker("decoder block")()
    found = seen(encoder, x, mask=mask)
    expected = np.broadcast_to(mask[:, :, None], found.shape)  # the same for every output
    real = np.broadcast_to(mask[:, None], found.shape)
    np.testing.assert_array_equal(found[real], expected[real])

    def reading(memory, inputs, memory_mask):
        """The decoder, seen from its memory."""
        return decoder(inputs, memory, memory_mask=memory_mask)

    np.testing.assert_array_equal(seen(reading, x, inputs=x, memory_mask=mask), expected)
    own = seen(decoder, x, memory=x, inputs_mask=mask)
    causal = np.triu(np.ones((6, 6), bool))[None]
    np.testing.assert_array_equal(own[real], (expected & causal)[real])


def test_masks_of_keras_count_where_none_are_given():
    ids = np.array([[1, 2, 0, 0], [3, 0, 4, 0]])
    embedding = keras.layers.Embedding(5, 4, mask_zero=True)
    x, mask = embedding(ids), ids != 0
    bare = to_numpy(x)
    encoder, decoder = maker("encoder")(), maker("decoder")()
    np.testing.assert_allclose(to_numpy(encoder(x)), to_numpy(encoder(bare, mask=mask)), atol=1e-6)
    np.testing.assert_allclose(
        to_numpy(decoder(x, x)),
        to_numpy(decoder(bare, bare, inputs_mask=mask, memory_mask=mask)),
        atol=1e-6,
    )


def test_a_row_that_is_all_padding_stays_finite_and_so_do_its_gradients():
    x, nothing = example_input(), np.zeros((5, 6), bool)
    for form in FORMS.values():
        encoder, decoder = maker("encoder", **form)(), maker("decoder", **form)()

        def loss(encoder=encoder, decoder=decoder):
            memory = encoder(x, mask=nothing)
            y = decoder(x, memory, inputs_mask=nothing, memory_mask=nothing)
            return ops.sum(ops.square(y))

        loss()
        weights = [*encoder.trainable_weights, *decoder.trainable_weights]
        value, gradients = value_and_gradients(loss, weights)
        assert np.isfinite(value)
        assert all(np.isfinite(gradient).all() for gradient in gradients if gradient is not None)


def test_attention_weights_are_returned_with_the_shapes_that_are_said():
    x, memory = example_input(), example_input()[:, :5]
    encoder, decoder = maker("encoder")(), maker("decoder")()
    y, weights = encoder(x, return_attention_scores=True)
    assert [tuple(w.shape) for w in weights] == [(5, 2, 6, 6)] * 2
    np.testing.assert_allclose(to_numpy(weights[1]).sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(to_numpy(y), to_numpy(encoder(x)))
    _, pairs = decoder(x, memory, return_attention_scores=True)
    assert [[tuple(w.shape) for w in pair] for pair in pairs] == [[(5, 2, 6, 6), (5, 2, 6, 5)]] * 2
    said, pairs = decoder(keras.Input((6, 4)), keras.Input((5, 4)), return_attention_scores=True)
    assert said.shape == (None, 6, 4)
    assert [tuple(w.shape) for w in pairs[0]] == [(None, 2, 6, 6), (None, 2, 6, 5)]


def test_dropout_drops_in_training_alone_and_elsewhere_in_every_part():
    encoder = maker("encoder", dropout=0.5, attention_dropout=0.5, seed=3)()
    x = example_input()
    still = to_numpy(encoder(x))
    np.testing.assert_array_equal(still, to_numpy(encoder(x)))
    first, second = (to_numpy(encoder(x, training=True)) for _ in range(2))
    assert np.abs(first - still).max() > 1e-2
    assert np.abs(first - second).max() > 1e-2
    again = maker("encoder", dropout=0.5, attention_dropout=0.5, seed=3)()
    again(x)
    again.set_weights(encoder.get_weights())
    np.testing.assert_allclose(to_numpy(again(x, training=True)), first, atol=1e-6)
    one, two = again.blocks
    assert one.seed_of(1) != two.seed_of(1) != two.seed_of(0)


@pytest.mark.parametrize(
    ("form", "rotary", "dtype"),
    [
        ("post-norm", False, "float32"),
        ("pre-norm", False, "mixed_float16"),
        ("pre-norm", True, "float64"),
    ],
)
def test_step_by_step_equals_all_at_once(form, rotary, dtype):
    if dtype == "float64" and keras.backend.backend() != "tensorflow":
        pytest.skip("Keras computes some operations in float32 there")

    def full(y):  # NumPy has no business with half precision
        return to_numpy(ops.cast(y, "float32") if dtype == "mixed_float16" else y)

    decoder = maker("decoder", rotary=rotary, dtype=dtype, **FORMS[form])()
    x, memory = example_input(), example_input(seed=1)[:, :5]
    mask = MASK[:, :5]
    whole = full(decoder(x, memory, memory_mask=mask))
    states = decoder.initial_state(memory, mask, length=9)
    shapes = keras.tree.map_structure(lambda state: (tuple(state.shape), state.dtype), states)
    tolerance = {"float32": 1e-5, "float64": 1e-12, "mixed_float16": 2e-2}[dtype]
    for t in range(6):
        y, after = decoder.step(x[:, t], states)
        for old, new in zip(states["blocks"], after["blocks"], strict=True):
            assert all(old["memory"][name] is new["memory"][name] for name in ("keys", "values"))
        states = after
        np.testing.assert_allclose(full(y), whole[:, t], rtol=tolerance, atol=tolerance)
        formed = keras.tree.map_structure(lambda state: (tuple(state.shape), state.dtype), states)
        assert formed == shapes  # of one shape throughout
    keys = states["blocks"][0]["self"]["keys"]
    assert keys.shape == (5, 2, 9, 2)  # (batch, heads, length, key_dim)
    assert keys.dtype == decoder.compute_dtype


def test_what_does_not_fit_is_refused_by_name():
    wrong = {"num_heads": 0, "inner_dim": 1.5, "key_dim": -1, "dropout": 1.0, "norm_epsilon": 0}
    for name, value in {**wrong, "attention_dropout": -0.1}.items():
        with pytest.raises(ValueError, match=f"`{name}`"):
            maker("encoder block", **{name: value})()
    with pytest.raises(ValueError, match="num_layers"):
        layers.TransformerEncoder(0, 2, 4)
    with pytest.raises(ValueError, match="3 heads"):
        maker("encoder", num_heads=3)()(example_input())
    assert maker("encoder", num_heads=3, key_dim=5)()(example_input()).shape == (5, 6, 4)
    with pytest.raises(ValueError, match="no weights yet"):
        maker("decoder")().initial_state(example_input(), length=3)
