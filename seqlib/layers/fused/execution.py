"""The ways of taking a layer through a sequence: each says what stands in its way, and runs.

* fused: our own kernel with its own gradient. On TensorFlow and JAX it is compiled by XLA, on
  PyTorch it is the one of `torch.nn`.
* cuDNN: on a GPU, the kernel that `keras.layers` takes there.
* one step: a sequence of one step, as plain operations in the graph that calls the layer.
* reference: the cell step by step, in the loop of `keras.layers.RNN`.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import ops

from seqlib.compiled import BACKEND, xla_available
from seqlib.layers import keras_internals
from seqlib.layers.fused.kernel_programs import whole_sequence
from seqlib.layers.keras_internals import STARTS_WITH_STATE


@dataclasses.dataclass(frozen=True)
class Execution:
    """The way that a layer takes through a sequence, and why."""

    name: str
    reason: str
    run: Callable = dataclasses.field(repr=False)


class Call(NamedTuple):
    """What is known of a call before it is made."""

    time: int | None = None  # number of steps, where it is known
    masked: bool = False
    eager: bool = False
    exported: bool = False


class _Reference:
    """The cell step by step."""

    name = "reference"

    def obstacle(self, layer, call):
        """Return why this is impossible, or None; every layer can go step by step."""

    def drawback(self, layer, call):
        """Return why something else is better although this is possible, or None."""

    def run(self, layer, sequences, initial_state, mask, training):
        """Go through a sequence; return what `keras.layers.RNN.inner_loop` returns."""
        return layer.step_by_step(sequences, initial_state, mask, training)


class _CuDNN(_Reference):
    """The kernel of the GPU's maker, by way of Keras."""

    name, reason = "cuDNN", "there is a GPU, and cuDNN has this layer"

    def obstacle(self, layer, call):
        if BACKEND.name == "torch" or not BACKEND.has_gpu():
            return "there is no GPU that Keras has cuDNN on"
        if not layer.cell.use_bias or layer.cell.recurrent_dropout:
            return "cuDNN needs a bias and no recurrent dropout"
        return _obstacle_to_any_kernel(layer)

    def drawback(self, layer, call):
        return _drawback_of_exporting(call)

    def run(self, layer, sequences, initial_state, mask, training):
        def step_by_step():
            return _listed(layer.step_by_step(sequences, initial_state, mask, training))

        def fast():
            loop = keras_internals.cudnn_loop
            try:
                results = loop(layer, sequences, initial_state, mask, training)
            except NotImplementedError:
                return step_by_step()
            last, outputs, states = results
            if mask is not None and layer.return_sequences:  # cuDNN leaves zeros at masked steps
                kept = 0 if layer.zero_output_for_mask else states[0][:, None]
                outputs = ops.where(mask[:, :, None], outputs, kept)
            return last, outputs, list(states)

        if mask is None:
            return fast()
        mask = ops.cast(mask, "bool")
        return ops.cond(right_padded(mask), fast, step_by_step)


class _OneStep(_Reference):
    """The cell called once."""

    name, reason = "one step", "there is one step, cheapest as part of what calls it"

    def obstacle(self, layer, call):
        if call.time != 1:
            return "there is more than one step"
        return _obstacle_to_any_kernel(layer)

    def drawback(self, layer, call):
        return _drawback_of_exporting(call) or _drawback_of_gpu()

    def run(self, layer, sequences, initial_state, mask, training):
        output, states = layer.cell(sequences[:, 0], list(initial_state), training=training)
        if mask is not None:
            mask = ops.cast(mask, "bool")
            keeps_state = STARTS_WITH_STATE and not layer.zero_output_for_mask
            output = ops.where(mask, output, initial_state[0] if keeps_state else 0)
            pairs = zip(states, initial_state, strict=True)
            states = [ops.where(mask, new, old) for new, old in pairs]
        return output, output[:, None], list(states)


class _Fused(_Reference):
    """A kernel for whole sequences."""

    name = "fused"
    reason = "the whole sequence at once, {}, gives the same numbers".format(
        "of torch.nn" if BACKEND.name == "torch" else "compiled by XLA"
    )

    def obstacle(self, layer, call):
        obstacle = _obstacle_to_any_kernel(layer)
        if obstacle or BACKEND.name != "torch":
            return obstacle or (None if xla_available() else "this backend is built without XLA")
        if call.masked:
            return "torch.nn has no masks"
        return "torch.nn has no recurrent dropout" if layer.cell.recurrent_dropout else None

    def drawback(self, layer, call):
        if call.eager:
            return "called eagerly, where compiling for each new length costs more"
        return _drawback_of_exporting(call) or _drawback_of_gpu()

    def run(self, layer, sequences, initial_state, mask, training):
        cell, every = layer.cell, layer.return_sequences
        mask = None if mask is None else ops.cast(mask, "bool")
        if layer.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        dropout = (), ()
        if training:
            dropout = (
                cell.get_dropout_mask(sequences[:, 0]),
                cell.get_recurrent_dropout_mask(initial_state[0]),
            )
        bias = ops.zeros(cell.bias_shape, cell.compute_dtype) if cell.bias is None else cell.bias
        # A kernel adds over many steps: half precision goes in and comes out, the sums are full.
        dtype = keras.backend.standardize_dtype(cell.compute_dtype)
        dtype = "float32" if dtype in ("float16", "bfloat16") else dtype
        sequences, weights, initial_state, dropout = keras.tree.map_structure(
            lambda x: ops.cast(x, dtype),
            (sequences, (cell.kernel, cell.recurrent_kernel, bias), tuple(initial_state), dropout),
        )
        outputs, states = _kernel_runner()(
            cell.fused_kernel,
            sequences,
            weights,
            initial_state,
            mask,
            dropout,
            return_sequences=every,
            training=training,
        )
        last = outputs[:, -1] if every else states[0]
        if mask is not None and (layer.zero_output_for_mask or not STARTS_WITH_STATE):
            shown = mask
            if not layer.zero_output_for_mask:  # zero before a row's first real step
                shown = ops.cumsum(ops.cast(mask, "int32"), axis=1) > 0
            last = ops.where(shown[:, -1:], last, 0)
            outputs = ops.where(shown[:, :, None], outputs, 0) if every else None
        return last, outputs if every else last[:, None], list(states)


REFERENCE, FUSED, CUDNN = _Reference(), _Fused(), _CuDNN()
# What `engine` stands for: the ways that may be taken, the best one first.
ENGINES = {
    "auto": (CUDNN, _OneStep(), FUSED, REFERENCE),
    "reference": (REFERENCE,),
    "fused": (FUSED,),
}


def choose_execution(layer, call):
    """Return the `Execution` of a call: the first way that nothing stands against."""
    argument = "engine"
    ways = ENGINES[layer.engine]
    use_cudnn = getattr(layer, "use_cudnn", "auto")
    if use_cudnn is True:
        argument, ways = "use_cudnn", (CUDNN,)
    elif use_cudnn is False:
        ways = tuple(way for way in ways if way is not CUDNN)
    insisted = len(ways) == 1
    reason = f"{argument}={getattr(layer, argument)!r} was asked for"
    for way in ways:
        against = way.obstacle(layer, call) or (not insisted and way.drawback(layer, call))
        if not against:
            own_reason = None if insisted else getattr(way, "reason", None)
            return Execution(way.name, own_reason or reason, way.run)
        reason = against
    raise ValueError(
        f"{type(layer).__name__} `{layer.name}`: argument `{argument}` got "
        f"{getattr(layer, argument)!r}, but {reason}. Allowed here: 'auto' and "
        f"{'False' if argument == 'use_cudnn' else repr('reference')}."
    )


def kernel_of(cell):
    """Return the kernel of a cell, or None: a subclass may have changed the equations."""
    return vars(type(cell)).get("fused_kernel")


def right_padded(mask):
    """Return whether every row begins with real steps and ends with masked ones, if with any."""
    mask = ops.cast(mask, "int32")
    return ops.logical_and(ops.all(mask[:, 0] == 1), ops.all(mask[:, 1:] <= mask[:, :-1]))


def _kernel_runner():
    if BACKEND.name == "torch":
        from seqlib.layers.fused import on_torch

        return on_torch.whole_sequence
    return whole_sequence


def _obstacle_to_any_kernel(layer):
    """Return what keeps a layer from having a kernel for whole sequences, or None."""
    cell = layer.cell
    if kernel_of(cell) is None:
        return f"{type(cell).__name__} has no kernel for a whole sequence"
    if layer.unroll:
        return "unroll=True asks for one step after the other"
    for name, needed in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        if getattr(cell, name) is not keras.activations.get(needed):
            return f"{name} is not {needed}"
    if not getattr(cell, "reset_after", True):
        return "reset_after=False takes two products after one another in each step"
    return None


def _drawback_of_exporting(call):
    return "exported, where only plain operations run everywhere" if call.exported else None


def _drawback_of_gpu():
    if BACKEND.name != "torch" and BACKEND.has_gpu():
        return "there is a GPU, and cuDNN needs a bias and no recurrent dropout"
    return None


def _listed(results):
    last, outputs, states = results
    return last, outputs, list(states)
