"""SimpleRNN, GRU and LSTM against `keras.layers`, finite differences and their own promises."""

import inspect
import itertools

import keras
import numpy as np
import pytest

import seqlib.layers
from seqlib.compiled import BACKEND
from tests.seqlib.layers.check_layer import (
    BATCH,
    FEATURES,
    MASK,
    check_dtype_policies,
    check_gradients,
    check_layer,
    check_padding,
    check_same_numbers,
    example_input,
)
from tests.seqlib.layers.gradients import to_numpy

UNITS = 5
VARIANTS = {
    "SimpleRNN": {},
    "GRU": {},
    "GRU reset before": {"reset_after": False},
    "LSTM": {},
    "GRU no bias": {"use_bias": False},
    "LSTM no bias, other activations": {
        "use_bias": False,
        "activation": "softsign",
        "recurrent_activation": "hard_sigmoid",
    },
    "GRU fused": {},
    "LSTM fused": {},
    "LSTM fused no bias": {"use_bias": False},
}
FUSED = [variant for variant in VARIANTS if "fused" in variant]
NAMES = ["SimpleRNN", "GRU", "LSTM"]
EACH_WAY = NAMES if BACKEND.name == "torch" else [*NAMES, "GRU fused", "LSTM fused"]


def pair(variant, engine="auto", **arguments):
    """Return our layer, by its kernel where the variant says so, and the one of Keras."""
    name = variant.split()[0]
    engine = "fused" if "fused" in variant else engine
    arguments = {"seed": 7, **VARIANTS[variant], **arguments}
    return (
        getattr(seqlib.layers, name)(UNITS, engine=engine, **arguments),
        getattr(keras.layers, name)(UNITS, **arguments),
    )


def ours(variant, **arguments):
    return pair(variant, **arguments)[0]


def twin(variant, **arguments):
    return pair(variant, **arguments)[1]


def random_states(variant, batch=BATCH):
    return [
        np.random.default_rng(index).normal(size=(batch, UNITS)).astype("float32")
        for index in range(2 if "LSTM" in variant else 1)
    ]


@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant not in FUSED])
def test_everything_asked_of_a_layer(variant):
    check_layer(
        lambda **arguments: ours(variant, **arguments),
        lambda **arguments: twin(variant, **arguments),
    )


@pytest.mark.parametrize("variant", FUSED)
def test_numbers_of_the_kernels(variant):
    if BACKEND.name == "torch":
        pytest.skip("torch.nn has no masks")
    for check in (check_padding, check_dtype_policies):
        check(lambda **arguments: ours(variant, **arguments))
    check_same_numbers(*pair(variant))


def test_a_kernel_in_double_precision():
    if BACKEND.name != "tensorflow":
        pytest.skip("Keras computes some operations in float32 there")
    check_gradients(lambda **arguments: ours("GRU fused", **arguments))


def test_cells_stacked_in_the_loop_of_keras_equal_those_of_keras():
    def make(layers):
        cells = [getattr(layers, f"{name}Cell")(UNITS, seed=7) for name in NAMES]
        return keras.layers.RNN(cells, return_sequences=True)

    check_same_numbers(make(seqlib.layers), make(keras.layers), mask=MASK)


@pytest.mark.parametrize("variant", ["LSTM", *EACH_WAY[3:]])
def test_equal_to_keras_in_every_way_of_looping(variant):
    fused = "fused" in variant
    for go_backwards, zero_output, unroll in itertools.product((False, True), repeat=3):
        if unroll and fused:
            continue
        arguments = {
            "go_backwards": go_backwards,
            "zero_output_for_mask": zero_output,
            "unroll": unroll,
            "return_sequences": True,
            "return_state": True,
        }
        call = {"mask": MASK}
        if BACKEND.name == "torch" and unroll and go_backwards:
            call = {}  # there, Keras 3.15 cannot unroll backwards over a mask
        check_same_numbers(
            *pair(variant, **arguments), initial_state=random_states(variant), **call
        )


@pytest.mark.parametrize(
    ("variant", "rates"),
    [
        ("SimpleRNN", (0.3, 0.5)),
        ("GRU", (0.0, 0.4)),
        ("GRU reset before", (0.3, 0.5)),
        ("LSTM", (0.4, 0.0)),
        ("LSTM", (0.3, 0.5)),
    ],
)
def test_dropout_draws_the_masks_that_keras_draws(variant, rates):
    arguments = {"dropout": rates[0], "recurrent_dropout": rates[1], "return_sequences": True}
    layer, reference = pair(variant, **arguments)
    x = example_input()
    layer(x)
    reference(x)
    layer.set_weights(reference.get_weights())
    at_rest = to_numpy(layer(x))
    reference(x)  # a call draws masks even where it does not use them
    for _ in range(2):
        got, expected = to_numpy(layer(x, training=True)), to_numpy(reference(x, training=True))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
        assert np.abs(got - at_rest).max() > 1e-3
    again = to_numpy(layer(x, training=True))
    assert np.abs(again - got).max() > 1e-3, "a new call draws new masks"
    np.testing.assert_array_equal(to_numpy(layer(x)), at_rest)


@pytest.mark.parametrize(
    ("variant", "rates"),
    [("GRU fused", (0.4, 0.0)), ("GRU fused", (0.3, 0.5)), ("LSTM fused", (0.3, 0.5))],
)
def test_kernels_drop_as_keras_does_forward_and_backward(variant, rates):
    if BACKEND.name == "torch" and rates[1]:
        pytest.skip("torch.nn has no recurrent dropout")
    both = pair(variant, dropout=rates[0], recurrent_dropout=rates[1], return_sequences=True)
    mask = {} if BACKEND.name == "torch" else {"mask": MASK}
    check_same_numbers(*both, training=True, **mask)


@pytest.mark.parametrize("variant", EACH_WAY)
def test_a_stateful_layer_goes_on_where_it_stopped(variant):
    layer, reference = pair(variant, stateful=True, return_sequences=True)
    x = example_input()
    for one in (layer, reference):
        one(x[:, :3])
        one.reset_state()
    layer.set_weights(reference.get_weights())
    for part in (x[:, :3], x[:, 3:], x[:, 1:4]):
        np.testing.assert_allclose(to_numpy(layer(part)), to_numpy(reference(part)), atol=1e-6)
    with pytest.raises(ValueError, match="batch size"):
        layer(x[:2])


@pytest.mark.parametrize("variant", NAMES)
def test_regularizers_and_constraints_are_those_of_keras(variant):
    arguments = {
        "kernel_regularizer": "l2",
        "recurrent_regularizer": keras.regularizers.L1(0.02),
        "bias_regularizer": "l1",
        "bias_initializer": "ones",
        "kernel_constraint": "non_neg",
        "recurrent_constraint": keras.constraints.MaxNorm(0.5),
        "bias_constraint": keras.constraints.UnitNorm(),
    }
    if variant != "SimpleRNN":  # Keras's SimpleRNN takes the argument and forgets it
        arguments["activity_regularizer"] = "l2"
    layer, reference = pair(variant, **arguments)
    check_same_numbers(layer, reference)
    assert len(layer.losses) == len(reference.losses) >= 3
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
    for mine, theirs in zip(layer.weights[:3], reference.weights[:3], strict=True):
        assert type(mine.constraint) is type(theirs.constraint)
        assert mine.shape == theirs.shape


@pytest.mark.parametrize("variant", NAMES)
def test_the_activity_regularizer_weighs_the_output(variant):
    layer = ours(variant, activity_regularizer=keras.regularizers.L1(0.5))
    output = to_numpy(layer(example_input()))
    assert len(layer.losses) == 1
    expected = 0.5 * np.abs(output).sum() / BATCH  # Keras takes the mean over the batch
    np.testing.assert_allclose(to_numpy(layer.losses[0]), expected, rtol=1e-5)


@pytest.mark.parametrize(("variant", "merge_mode"), [("LSTM", None), (EACH_WAY[-2], "concat")])
def test_bidirectional_merges_and_returns_states_as_keras_does(variant, merge_mode):
    both = [
        keras.layers.Bidirectional(layer, merge_mode=merge_mode)
        for layer in pair(variant, return_sequences=True, return_state=True)
    ]
    check_same_numbers(*both, mask=MASK)


@pytest.mark.parametrize("variant", NAMES)
def test_states_flow_through_a_functional_model(variant):
    """An encoder hands its state to a decoder; cloned, the model is the same."""
    source, target = keras.Input((None, FEATURES)), keras.Input((None, 2))
    _, *state = ours(variant, return_state=True)(source)
    decoded = ours(variant, return_sequences=True)(target, initial_state=state)
    model = keras.Model([source, target], keras.layers.Dense(2)(decoded))
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    outputs = [to_numpy(one([example_input(), np.ones((BATCH, 3, 2))])) for one in (model, clone)]
    np.testing.assert_allclose(*outputs, atol=1e-6)


@pytest.mark.parametrize(("name", "jit_compile"), [("GRU", False), ("LSTM", True)])
def test_training_goes_the_way_that_keras_goes(name, jit_compile):
    """Batches and lengths of several sizes, unknown beforehand: an odd one, one row."""
    if jit_compile and BACKEND.name == "torch":
        pytest.skip("Keras compiles with torch.compile, which needs a C++ tool chain")
    rng = np.random.default_rng(0)
    models = []
    for layer in pair(name, return_sequences=True):
        model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.Masking(), layer])
        model.add(keras.layers.Dense(1))
        if models:
            model.set_weights(models[0].get_weights())
        # The layer of Keras is only compared with: it goes without compiling where it can.
        how = {"jit_compile": jit_compile}
        if models and BACKEND.name != "jax":
            how = {"run_eagerly": True}
        model.compile(keras.optimizers.Adam(0.01), "mse", **how)
        models.append(model)
    for batch, time in ((19, 5), (1, 11)):
        x = rng.normal(size=(batch, time, FEATURES)).astype("float32")
        x[: batch // 2, time // 2 :] = 0
        for model in models:
            model.train_on_batch(x, np.ones((batch, time, 1), "float32"))
    mine, theirs = models[0].predict(x, verbose=0), to_numpy(models[1](x))
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_the_forget_gate_starts_open():
    cell = seqlib.layers.LSTMCell(UNITS)
    cell.build((None, FEATURES))
    i, f, g, o = np.split(to_numpy(cell.bias), 4)
    assert f.tolist() == [1.0] * UNITS
    assert not np.any([i, g, o])
    cell = seqlib.layers.LSTMCell(UNITS, unit_forget_bias=False, bias_initializer="ones")
    cell.build((None, FEATURES))
    assert np.all(to_numpy(cell.bias) == 1)


def positional(kind):
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]


@pytest.mark.parametrize("name", [*NAMES, *(f"{name}Cell" for name in NAMES)])
def test_arguments_come_in_the_order_of_keras(name):
    layer_class = getattr(seqlib.layers, name)
    assert positional(layer_class) == positional(getattr(keras.layers, name))
    layer = layer_class(UNITS, dropout=0.25, seed=9, implementation=1)
    assert (layer.units, layer.dropout, layer.seed) == (UNITS, 0.25, 9)
    assert layer_class.from_config(layer.get_config()).implementation == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_of_keras_makes_the_same_layer(name):
    reference = getattr(keras.layers, name)(UNITS, dropout=0.2, return_sequences=True, name="mine")
    layer = getattr(seqlib.layers, name).from_config(reference.get_config())
    x = example_input()
    reference(x), layer(x)
    layer.set_weights(reference.get_weights())
    assert layer.name == "mine"
    np.testing.assert_allclose(to_numpy(layer(x)), to_numpy(reference(x)), rtol=1e-5, atol=1e-6)
    saved_before = {**layer.get_config(), "implementation": "reference"}
    del saved_before["engine"]
    assert type(layer).from_config(saved_before).engine == "reference"


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
@pytest.mark.parametrize("implementation", [0, 1, 2])
def test_an_implementation_drops_what_it_drops_in_keras(name, implementation):
    # In Keras 3.15 the layer that asks for cuDNN fails with masks for each gate.
    layer, reference = pair(name, dropout=0.5, implementation=implementation, use_cudnn=False)
    x = example_input()
    layer(x), reference(x)
    layer.set_weights(reference.get_weights())
    outputs = [to_numpy(one(x, training=True)) for one in (layer, reference)]
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


def test_a_subclass_with_arguments_of_its_own_keeps_its_config():
    @keras.saving.register_keras_serializable("tests")
    class Slow(seqlib.layers.GRU):
        def __init__(self, units, slowness=2, **kwargs):
            super().__init__(units, **kwargs)
            self.slowness = slowness

        def get_config(self):
            return {**super().get_config(), "slowness": self.slowness}

    layer = Slow(UNITS, slowness=3, dropout=0.1)
    again = Slow.from_config(layer.get_config())
    assert (again.slowness, again.dropout, again.units) == (3, 0.1, UNITS)
    assert "slowness" in inspect.signature(Slow).parameters


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "`units` got 0. Allowed: a positive integer"),
        ({"units": 2.5}, "`units` got 2.5. Allowed: a positive integer"),
        ({"units": True}, "`units` got True"),
        ({"dropout": 1.0}, r"`dropout` got 1.0. Allowed: a number from 0"),
        ({"recurrent_dropout": -0.1}, "`recurrent_dropout` got -0.1"),
        ({"activation": "tann"}, "`activation` got 'tann'"),
        ({"recurrent_activation": "sigmoidd"}, "`recurrent_activation` got 'sigmoidd'"),
        ({"kernel_initializer": "glorrot"}, "`kernel_initializer` got 'glorrot'"),
        ({"bias_regularizer": "l7"}, "`bias_regularizer` got 'l7'"),
        ({"recurrent_constraint": "soft"}, "`recurrent_constraint` got 'soft'"),
        ({"return_sequence": True}, "Did you mean `return_sequences`"),
        ({"reset_after": True}, "reset_after"),
    ],
)
def test_a_bad_argument_is_named_with_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        seqlib.layers.LSTM(**{"units": UNITS, **arguments})


def test_a_call_that_does_not_fit_is_refused():
    x = example_input()
    lstm = seqlib.layers.LSTM(UNITS)
    with pytest.raises(ValueError, match="Allowed: \\(5, 5\\), \\(5, 5\\)"):
        lstm(x, initial_state=[np.zeros((BATCH, UNITS), "float32")])
    with pytest.raises(ValueError, match="Allowed: \\(5, 5\\)"):
        seqlib.layers.GRU(UNITS)(x, initial_state=np.zeros((BATCH, UNITS + 1), "float32"))
    with pytest.raises(ValueError, match="ndim=3"):
        lstm(x[0])
    with pytest.raises(ValueError, match="batch size must be static"):
        seqlib.layers.LSTM(UNITS, stateful=True)(keras.Input((None, FEATURES)))
