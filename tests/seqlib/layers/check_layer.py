"""One check for every layer of the package: what a user of Keras expects of any layer."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from tests.seqlib.layers.gradients import relative_error, slopes, to_numpy, value_and_gradients

# A row padded on the right, on the left, in the middle, one that is all padding, one without any.
MASK = np.array(
    [[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 0, 1], [0] * 6, [1] * 6], bool
)
BATCH, TIME, FEATURES = *MASK.shape, 4


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a kind of layer is made and called; as it stands, a recurrent layer.

    Args:
        inputs: Function from a sequence, (batch, time, features), to the arguments of a call.
        masks: Function from its mask, (batch, time), to the keyword arguments of a call.
        makes: Keyword arguments of `make` that give outputs of different forms.
        sequence: Those that give an output at each step.
        last: Those that give an output of the last step alone; None where nothing does.
        still: Names of weights that no training moves, as the outputs do not depend on them.
        depth: How many layers' rounding errors add up: tolerances of half precision grow with it.
    """

    inputs: Callable = lambda x: (x,)
    masks: Callable = lambda mask: {"mask": mask}
    makes: tuple = tuple(
        {"return_sequences": sequences, "return_state": state}
        for sequences in (False, True)
        for state in (False, True)
    )
    sequence: dict = dataclasses.field(default_factory=lambda: {"return_sequences": True})
    last: dict | None = dataclasses.field(default_factory=lambda: {"return_sequences": False})
    still: tuple = ()
    depth: int = 1

    def call(self, layer, x, mask=None):
        """Return what the layer makes of a sequence."""
        return layer(*self.inputs(x), **({} if mask is None else self.masks(mask)))

    def shapes(self, x):
        """Return the shapes by which a layer is built for a sequence."""
        return [tuple(one.shape) for one in self.inputs(x)]


RECURRENT = Kind()


def example_input(seed=0, dtype="float32"):
    """Return an example input, (batch, time, features)."""
    return np.random.default_rng(seed).normal(size=(BATCH, TIME, FEATURES)).astype(dtype)


def check_layer(make, twin=None, kind=RECURRENT):
    """Check a sequence layer, and a twin of `keras.layers`, in all that needs no second process."""
    # Both are functions from keyword arguments (`dtype`, `name`, those of the kind) to a new layer.
    check_shapes(make, kind)
    check_config(make, kind=kind)
    check_mask(make, kind)
    check_padding(make, kind)
    check_dtype_policies(make, kind)
    check_gradients(make, kind)
    if twin is not None:
        check_same_numbers(make(**kind.sequence), twin(**kind.sequence))
        check_same_numbers(make(**kind.last), twin(**kind.last), mask=MASK)


def check_shapes(make, kind=RECURRENT):
    """What the layer says of its output's shape is the shape of its output."""
    x = example_input()
    for arguments in kind.makes:
        layer = make(**arguments)
        outputs = listed(kind.call(layer, x))
        symbolic = listed(kind.call(make(**arguments), keras.Input((None, FEATURES))))
        said = layer.compute_output_shape(*kind.shapes(x))
        said = [said] if isinstance(said[0], int) else said
        assert [tuple(output.shape) for output in outputs] == [tuple(shape) for shape in said]
        assert len(symbolic) == len(outputs)
        for symbol, output in zip(symbolic, outputs, strict=True):
            assert symbol.shape[0] is None
            assert symbol.shape[-1] == output.shape[-1]
            assert len(symbol.shape) == len(output.shape)
            assert symbol.dtype == keras.backend.standardize_dtype(output.dtype)


def check_config(make, x=None, kind=RECURRENT):
    """A layer made again from its config has the same config and, by its weights, the output."""
    layer = make(**kind.sequence, name="kept")
    x = example_input() if x is None else x
    output = kind.call(layer, x)
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == layer.get_config()
    assert again.name == "kept"
    kind.call(again, x)
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(to_numpy(kind.call(again, x)), to_numpy(output), 1e-6, 1e-6)


def check_mask(make, kind=RECURRENT):
    """A mask goes on with a sequence and stops where the time axis ends."""
    embedded = keras.layers.Embedding(5, FEATURES, mask_zero=True)(
        ops.array([[1, 2, 0, 0], [3, 0, 4, 0]])
    )
    passed_on = getattr(kind.call(make(**kind.sequence), embedded), "_keras_mask", None)
    assert passed_on is not None, "the mask of the input is lost"
    np.testing.assert_array_equal(
        to_numpy(passed_on), [[True, True, False, False], [True, False, True, False]]
    )
    if kind.last is not None:
        assert getattr(kind.call(make(**kind.last), embedded), "_keras_mask", None) is None


def check_padding(make, kind=RECURRENT):
    """What stands at masked steps changes nothing, and neither does how much of it there is."""
    x = example_input()
    layer = make()
    other = np.where(MASK[..., None], x, 100 * example_input(seed=1))
    outputs = [to_numpy(kind.call(layer, sequence, MASK)) for sequence in (x, other)]
    np.testing.assert_allclose(*outputs)
    padded = np.concatenate([x, example_input(seed=2)], axis=1)
    mask = np.arange(2 * TIME)[None, :] < np.full((BATCH, 1), TIME)
    expected = to_numpy(kind.call(layer, x))
    output = to_numpy(kind.call(layer, padded, mask))
    if output.ndim >= 3:
        output = output[:, : expected.shape[1]]
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


def check_dtype_policies(make, kind=RECURRENT):
    """Half precision computes in half precision, near the full result, a masked row included."""
    x = example_input()
    full = make()
    expected = to_numpy(kind.call(full, x, MASK))
    for policy, tolerance in (("mixed_float16", 5e-3), ("mixed_bfloat16", 5e-2)):
        layer = make(dtype=policy)
        layer.build(*kind.shapes(x))
        layer.set_weights(full.get_weights())
        output = kind.call(layer, x, MASK)
        assert keras.backend.standardize_dtype(output.dtype) == policy.removeprefix("mixed_")
        assert all(weight.dtype == "float32" for weight in layer.weights)
        output = to_numpy(ops.cast(output, "float32"))
        np.testing.assert_allclose(output, expected, atol=kind.depth * tolerance)


def check_gradients(make, kind=RECURRENT):
    """Every weight has a gradient, which equals central differences, masked steps included.

    The rounding error of a central difference in float64 is about 1e-16 / step: with a step of 1e-5
    a relative error of 1e-9 is usual, and a wrong gradient is off by far more than the tolerance.
    On JAX and torch some operations of Keras 3.15 (tanh, matmul) return float32 whatever they are
    given, so float32 with a long step has to do.
    """
    double = keras.backend.backend() == "tensorflow"
    dtype, step, tolerance = ("float64", 1e-5, 1e-7) if double else ("float32", 1e-2, 5e-3)
    x = example_input(dtype=dtype)[:, :4]
    mask = MASK[:, :4]
    layer = make(dtype=dtype, **kind.sequence)
    size = int(np.prod(layer.compute_output_shape(*kind.shapes(x))))
    weights = ops.convert_to_tensor(np.cos(np.arange(size)).astype(dtype))

    def loss():
        output = kind.call(layer, x, mask)
        return ops.sum(ops.reshape(output, (-1,)) * weights)

    loss()  # makes the weights
    if not layer.trainable_weights:
        return
    rng = np.random.default_rng(3)
    for weight in layer.trainable_weights:  # no weight may stand at a special value such as zero
        weight.assign(to_numpy(weight) + 0.1 * rng.normal(size=weight.shape))
    _, gradients = value_and_gradients(loss, layer.trainable_weights)
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        moves = abs(gradient).max() > tolerance
        assert moves == (weight.name not in kind.still), f"{weight.path}: {gradient}"
    error = relative_error(*slopes(loss, layer.trainable_weights, gradients, rng, step))
    assert error < tolerance, f"relative error {error:.1e}"


def check_same_numbers(layer, twin, x=None, tolerance=1e-5, carry=list, **call):
    """Two layers with the same weights give the same outputs and the same gradients."""
    # `carry` puts arrays in the order of the twin's weights into that of the layer's.
    inputs = [keras.Variable(one) for one in listed(example_input() if x is None else x)]
    layer(*inputs, **call)
    twin(*inputs, **call)
    layer.set_weights(carry(twin.get_weights()))

    def run(layer):
        def loss():
            outputs = listed(layer(*inputs, **call))
            return sum(ops.sum(ops.sin(output + 0.5)) for output in outputs) + sum(layer.losses)

        loss, gradients = value_and_gradients(loss, [*inputs, *layer.trainable_weights])
        return loss, gradients[: len(inputs)], gradients[len(inputs) :]

    outputs = listed(layer(*inputs, **call)), listed(twin(*inputs, **call))
    for ours, theirs in zip(*outputs, strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), rtol=tolerance, atol=tolerance)
    loss, of_inputs, of_weights = run(layer)
    twin_loss, of_twins_inputs, of_twins_weights = run(twin)
    np.testing.assert_allclose(loss, twin_loss, rtol=tolerance, atol=tolerance)
    names = [
        *(f"input {n}" for n in range(len(inputs))),
        *(w.path for w in layer.trainable_weights),
    ]
    found, expected = [*of_inputs, *of_weights], [*of_twins_inputs, *carry(of_twins_weights)]
    for name, ours, theirs in zip(names, found, expected, strict=True):
        np.testing.assert_allclose(
            ours, theirs, rtol=tolerance, atol=tolerance, err_msg=f"gradient of {name}"
        )


def listed(outputs):
    """Return the outputs of a layer as a list, one or many."""
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
