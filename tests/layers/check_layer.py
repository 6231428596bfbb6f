"""One check for every layer of the package: what a user of Keras expects of any layer."""

import subprocess
import sys

import keras
import numpy as np
from keras import ops

from tests.layers.gradients import (
    finite_differences,
    relative_error,
    to_numpy,
    value_and_gradients,
)

MASKS = {
    "right": [[1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]],
    "left": [[0, 0, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]],
    "middle": [[1, 0, 0, 1, 1, 0], [0, 1, 1, 0, 1, 1], [1, 1, 0, 1, 0, 1]],
    "whole row": [[0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]],
}
BATCH, TIME, FEATURES = 3, 6, 4


def example_input(seed=0, dtype="float32"):
    """Return an example input, (batch, time, features)."""
    return np.random.default_rng(seed).normal(size=(BATCH, TIME, FEATURES)).astype(dtype)


def check_layer(make, twin=None):
    """Check a sequence layer in every respect that needs no second process.

    Args:
        make: Function from keyword arguments of the loop (`return_sequences`, `dtype` ...) to a
            new layer with fixed seeds.
        twin: The same for the layer of `keras.layers` that must give the same numbers.
    """
    check_shapes(make)
    check_config(make)
    check_mask(make)
    check_padding(make)
    check_dtype_policies(make)
    check_training_step(make)
    check_finite_differences(make)
    if twin is not None:
        for return_sequences in (False, True):
            arguments = {"return_sequences": return_sequences}
            check_same_numbers(make(**arguments), twin(**arguments))
            for mask in MASKS.values():
                check_same_numbers(make(**arguments), twin(**arguments), mask=np.array(mask, bool))


def check_shapes(make):
    """What the layer says of its output's shape is the shape of its output."""
    x = example_input()
    for return_sequences in (False, True):
        for return_state in (False, True):
            layer = make(return_sequences=return_sequences, return_state=return_state)
            outputs = listed(layer(x))
            symbolic = listed(
                make(return_sequences=return_sequences, return_state=return_state)(
                    keras.Input((None, FEATURES))
                )
            )
            said = layer.compute_output_shape(x.shape)
            said = said if return_state else [said]
            assert [tuple(output.shape) for output in outputs] == [tuple(shape) for shape in said]
            assert len(symbolic) == len(outputs)
            for symbol, output in zip(symbolic, outputs, strict=True):
                assert symbol.shape[0] is None
                assert symbol.shape[-1] == output.shape[-1]
                assert len(symbol.shape) == len(output.shape)


def check_config(make, x=None):
    """A layer made again from its config has the same config and, by its weights, the output."""
    layer = make(return_sequences=True, name="kept")
    x = example_input() if x is None else x
    output = layer(x)
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == layer.get_config()
    assert again.name == "kept"
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(to_numpy(again(x)), to_numpy(output), rtol=1e-6, atol=1e-6)


def check_mask(make):
    """A mask goes on with a sequence and stops where the time axis ends."""
    embedded = keras.layers.Embedding(5, FEATURES, mask_zero=True)(
        ops.array([[1, 2, 0, 0], [3, 0, 4, 0]])
    )
    sequence = make(return_sequences=True)(embedded)
    last = make(return_sequences=False)(embedded)
    passed_on = getattr(sequence, "_keras_mask", None)
    assert passed_on is not None, "the mask of the input is lost"
    np.testing.assert_array_equal(
        to_numpy(passed_on), [[True, True, False, False], [True, False, True, False]]
    )
    assert getattr(last, "_keras_mask", None) is None


def check_padding(make):
    """What stands at masked steps changes nothing, and neither does how much of it there is."""
    x = example_input()
    layer = make()
    for name, rows in MASKS.items():
        mask = np.array(rows, bool)
        other = np.where(mask[..., None], x, 100 * example_input(seed=1))
        np.testing.assert_allclose(
            to_numpy(layer(x, mask=mask)), to_numpy(layer(other, mask=mask)), err_msg=name
        )
    padded = np.concatenate([x, example_input(seed=2)], axis=1)
    mask = np.arange(2 * TIME)[None, :] < np.full((BATCH, 1), TIME)
    np.testing.assert_allclose(
        to_numpy(layer(padded, mask=mask)), to_numpy(layer(x)), rtol=1e-5, atol=1e-6
    )


def check_dtype_policies(make):
    """Half precision computes in half precision, near the full result, a masked row included."""
    x = example_input()
    mask = np.array(MASKS["whole row"], bool)
    full = make()
    expected = to_numpy(full(x, mask=mask))
    for policy, tolerance in (("mixed_float16", 5e-3), ("mixed_bfloat16", 5e-2)):
        layer = make(dtype=policy)
        layer.build(x.shape)
        layer.set_weights(full.get_weights())
        output = layer(x, mask=mask)
        assert keras.backend.standardize_dtype(output.dtype) == policy.removeprefix("mixed_")
        assert all(weight.dtype == "float32" for weight in layer.weights)
        output = to_numpy(ops.cast(output, "float32"))
        np.testing.assert_allclose(output, expected, atol=tolerance)


def check_training_step(make):
    """One step of training changes every weight and lowers the loss."""
    layer = make()
    model = keras.Sequential([keras.Input((None, FEATURES)), layer, keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    x, y = example_input(), np.ones((BATCH, 1), "float32")
    before = [to_numpy(weight) for weight in layer.trainable_weights]
    loss = model.evaluate(x, y, verbose=0)
    model.train_on_batch(x, y)
    for old, weight in zip(before, layer.trainable_weights, strict=True):
        assert np.any(old != to_numpy(weight)), f"{weight.path} did not move"
    assert model.evaluate(x, y, verbose=0) < loss


def check_finite_differences(make):
    """The gradient of every weight equals central differences, masked steps included.

    The rounding error of a central difference in float64 is about 1e-16 / step: with a step of 1e-5
    a relative error of 1e-9 is usual, and a wrong gradient is off by far more than the tolerance.
    On JAX and torch some operations of Keras 3.15 (tanh, matmul) return float32 whatever they are
    given, so float32 with a long step has to do.
    """
    double = keras.backend.backend() == "tensorflow"
    dtype, step, tolerance = ("float64", 1e-5, 1e-7) if double else ("float32", 1e-2, 5e-3)
    x = example_input(dtype=dtype)[:, :4]
    mask = np.array(MASKS["middle"], bool)[:, :4]
    layer = make(dtype=dtype, return_sequences=True)
    size = BATCH * 4 * layer.compute_output_shape(x.shape)[-1]
    weights = ops.convert_to_tensor(np.cos(np.arange(size)).astype(dtype))

    def loss():
        output = layer(x, mask=mask)
        return ops.sum(ops.reshape(output, (-1,)) * weights)

    loss()  # makes the weights
    rng = np.random.default_rng(3)
    for weight in layer.trainable_weights:  # no weight may stand at a special value such as zero
        weight.assign(to_numpy(weight) + 0.1 * rng.normal(size=weight.shape))
    _, gradients = value_and_gradients(loss, layer.trainable_weights)
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        # A wrong entry shows in almost every random direction: a few stand for all of them.
        directions = rng.normal(size=(4, *gradient.shape))
        slopes = np.tensordot(directions, gradient, axes=gradient.ndim)
        error = relative_error(slopes, finite_differences(loss, weight, directions, step))
        assert error < tolerance, f"{weight.path}: relative error {error:.1e}"


def check_same_numbers(layer, twin, x=None, tolerance=1e-5, **call):
    """Two layers with the same weights give the same outputs and the same gradients."""
    x = keras.Variable(example_input() if x is None else x)
    layer(x, **call)
    twin(x, **call)
    layer.set_weights(twin.get_weights())

    def run(layer):
        def loss():
            outputs = listed(layer(x, **call))
            return sum(ops.sum(ops.sin(output + 0.5)) for output in outputs) + sum(layer.losses)

        return value_and_gradients(loss, [x, *layer.trainable_weights])

    for ours, theirs in zip(listed(layer(x, **call)), listed(twin(x, **call)), strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), rtol=tolerance, atol=tolerance)
    (loss, gradients), (twin_loss, twin_gradients) = run(layer), run(twin)
    np.testing.assert_allclose(loss, twin_loss, rtol=tolerance, atol=tolerance)
    names = ["input", *(weight.path for weight in layer.trainable_weights)]
    for name, ours, theirs in zip(names, gradients, twin_gradients, strict=True):
        np.testing.assert_allclose(
            ours, theirs, rtol=tolerance, atol=tolerance, err_msg=f"gradient of {name}"
        )


def check_fresh_process(makers, folder, x=None):
    """Models saved here load in a process that only imports `seqlib.layers`, and agree there.

    Args:
        makers: Functions that make a layer, by name.
        folder: Where the models are written.
        x: Their input, (batch, time, ...); the example input where None.
    """
    x = example_input() if x is None else x
    outputs = {}
    for name, make in makers.items():
        model = keras.Sequential([keras.Input((None, *x.shape[2:]), dtype=x.dtype), make()])
        model.save(folder / f"{name}.keras")
        outputs[name] = to_numpy(model(x))
    np.savez(folder / "expected.npz", x=x, **outputs)
    program = (
        "import pathlib, sys, numpy as np, seqlib.layers, keras\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "expected = dict(np.load(folder / 'expected.npz'))\n"
        "x = expected.pop('x')\n"
        "for name, output in expected.items():\n"
        "    model = keras.saving.load_model(folder / f'{name}.keras')\n"
        "    again = model.predict(x, verbose=0)\n"
        "    np.testing.assert_allclose(again, output, rtol=1e-5, atol=1e-6)\n"
        "    print(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == list(makers)


def listed(outputs):
    """Return the outputs of a layer as a list, one or many."""
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
