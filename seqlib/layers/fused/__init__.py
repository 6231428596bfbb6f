"""A recurrent layer over a whole sequence at once: the same numbers as step by step, sooner.

The cells of `seqlib.layers` are the definition. This package computes the same thing for a whole
sequence where that is faster, chooses the way, and says why it chose it. The ways:

* `fused`: our own kernel with its own gradient. On TensorFlow and JAX it is compiled by XLA, on
  PyTorch it is the one of `torch.nn`.
* `cuDNN`: on a GPU, the one that `keras.layers` takes there.
* `one step`: a sequence of one step, as plain operations in the graph that calls the layer.
* `reference`: the cell step by step, in the loop of `keras.layers.RNN`.
"""

from typing import NamedTuple

import keras
from keras import ops

from seqlib.compiled import BACKEND, xla_available
from seqlib.layers.fused import gru, lstm
from seqlib.layers.fused.kernel_programs import whole_sequence

KERNELS = {"LSTMCell": lstm, "GRUCell": gru}
IMPLEMENTATIONS = ("auto", "reference", "fused")


class Path(NamedTuple):
    """The way that a layer takes through a sequence, and why."""

    name: str
    reason: str


def choose(layer, time=None, masked=False, eager=False, exported=False):
    """Choose the way through a sequence.

    Args:
        layer: A `RecurrentLayer`.
        time: Number of steps; None where it is not known beforehand.
        masked: Whether there is a mask.
        eager: Whether the layer is called outside any compiled function.
        exported: Whether the layer is being written to a file that other programs read.

    Returns:
        A `Path`.

    Raises:
        ValueError: If the layer insists on a kernel that cannot serve it.
    """
    if layer.implementation == "reference":
        return Path("reference", "implementation='reference' was asked for")
    obstacle = _obstacle(layer, masked)
    if layer.implementation == "fused":
        if obstacle:
            raise ValueError(
                f"{type(layer).__name__} `{layer.name}`: argument `implementation` got 'fused', "
                f"but {obstacle}. Allowed here: 'auto' and 'reference'."
            )
        return Path("fused", "implementation='fused' was asked for")
    if obstacle:
        return Path("reference", obstacle)
    if exported:
        return Path("reference", "exported, where only plain operations run everywhere")
    backend = keras.backend.backend()
    if backend != "torch" and BACKEND.has_gpu():
        if layer.cell.use_bias and not layer.cell.recurrent_dropout:
            return Path("cuDNN", "there is a GPU, and cuDNN has this layer")
        return Path("reference", "there is a GPU, and cuDNN needs a bias and no recurrent dropout")
    if time == 1:
        return Path("one step", "there is one step, cheapest as part of what calls it")
    if eager and backend == "tensorflow":
        return Path("reference", "called eagerly, where compiling for each new length costs more")
    how = {"tensorflow": "compiled by XLA", "jax": "compiled by XLA", "torch": "of torch.nn"}
    return Path("fused", f"the whole sequence at once, {how[backend]}, gives the same numbers")


def run(path, layer, sequences, initial_state, mask, training):
    """Go through a sequence; what is returned is what `keras.layers.RNN.inner_loop` returns.

    Args:
        path: A `Path`, not the reference.
        layer: A `RecurrentLayer`.
        sequences: (batch, time, features).
        initial_state: List of (batch, units), one a state.
        mask: (batch, time), True = real step, or None.
        training: Whether to apply dropout.

    Returns:
        The last output, (batch, units); all outputs, (batch, time, units), or the last one alone,
        (batch, 1, units); the last states, a list.
    """
    if mask is not None:
        mask = ops.cast(mask, "bool")
    if path.name == "cuDNN":
        return _cudnn(layer, sequences, initial_state, mask, training)
    if path.name == "one step":
        return _one_step(layer, sequences, initial_state, mask, training)
    cell, every = layer.cell, layer.return_sequences
    if layer.go_backwards:
        sequences = ops.flip(sequences, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    dropout = None, None
    if training:
        dropout = (
            _plain(cell.get_dropout_mask(sequences[:, 0])),
            _plain(cell.get_recurrent_dropout_mask(initial_state[0])),
        )
    # A kernel adds over many steps: half precision goes in and comes out, the sums are full.
    dtype = keras.backend.standardize_dtype(cell.compute_dtype)
    dtype = "float32" if dtype in ("float16", "bfloat16") else dtype
    sequences, weights, initial_state, dropout = keras.tree.map_structure(
        lambda a: None if a is None else ops.cast(a, dtype),
        (sequences, _weights(cell), tuple(initial_state), dropout),
    )
    if BACKEND.name == "torch":
        from seqlib.layers.fused.on_torch import whole_sequence as go_through
    else:
        go_through = whole_sequence
    outputs, states = go_through(
        _kernel(cell),
        sequences,
        weights,
        initial_state,
        mask,
        dropout,
        every=every,
        training=training,
    )
    last = outputs[:, -1] if every else states[0]
    if mask is not None and layer.zero_output_for_mask:
        last = ops.where(mask[:, -1:], last, 0)
        outputs = ops.where(mask[:, :, None], outputs, 0) if every else None
    elif mask is not None and not _starts_with_state():
        begun = ops.cumsum(ops.cast(mask, "int32"), axis=1) > 0
        last = ops.where(begun[:, -1:], last, 0)
        outputs = ops.where(begun[:, :, None], outputs, 0) if every else None
    return last, outputs if every else last[:, None], list(states)


def _plain(masks):
    """Return a list of dropout masks as a tuple: Keras tracks its lists, and JAX takes no such."""
    return tuple(masks) if isinstance(masks, list) else masks


def _kernel(cell):
    """Return the kernel of a cell, or None; a subclass may have changed the equations."""
    ours = type(cell).__module__.startswith("seqlib.layers.")
    return KERNELS.get(type(cell).__name__) if ours else None


def _obstacle(layer, masked):
    """Return what keeps a layer from having a whole-sequence kernel, or None."""
    cell = layer.cell
    if _kernel(cell) is None:
        return f"{type(cell).__name__} has no kernel for a whole sequence"
    if layer.unroll:
        return "unroll=True asks for one step after the other"
    for name in ("activation", "recurrent_activation"):
        wanted = {"activation": "tanh", "recurrent_activation": "sigmoid"}[name]
        if getattr(cell, name) is not keras.activations.get(wanted):
            return f"{name} is not {wanted}"
    if not getattr(cell, "reset_after", True):
        return "reset_after=False takes two products after one another in each step"
    return _obstacle_of_backend(cell, masked)


def _obstacle_of_backend(cell, masked):
    if keras.backend.backend() == "tensorflow":
        return None if xla_available() else "this TensorFlow is built without XLA"
    if keras.backend.backend() == "torch":
        if masked:
            return "torch.nn has no masks"
        return "torch.nn has no recurrent dropout" if cell.recurrent_dropout else None
    return None


def _starts_with_state():
    """Return whether the output before a row's first real step is the state it starts with.

    In Keras it is on JAX; on the other backends it is zero.
    """
    return keras.backend.backend() == "jax"


def _weights(cell):
    if cell.bias is not None:
        return cell.kernel, cell.recurrent_kernel, cell.bias
    return cell.kernel, cell.recurrent_kernel, ops.zeros(cell.bias_shape, cell.compute_dtype)


def _one_step(layer, sequences, initial_state, mask, training):
    """Call the cell once."""
    output, states = layer.cell(sequences[:, 0], list(initial_state), training=training)
    if mask is not None:
        keeps_state = _starts_with_state() and not layer.zero_output_for_mask
        output = ops.where(mask, output, initial_state[0] if keeps_state else 0)
        states = [ops.where(mask, new, old) for new, old in zip(states, initial_state, strict=True)]
    return output, output[:, None], list(states)


def _cudnn(layer, sequences, initial_state, mask, training):
    """Let a layer of Keras around our cell go through the sequence: it knows cuDNN."""
    twin = getattr(keras.layers, type(layer.cell).__name__.removesuffix("Cell"))(
        layer.units,
        return_sequences=layer.return_sequences,
        go_backwards=layer.go_backwards,
        zero_output_for_mask=layer.zero_output_for_mask,
        dropout=layer.dropout,
        dtype=layer.dtype_policy,
    )
    twin.cell = layer.cell

    def fast():
        last, outputs, states = twin.inner_loop(sequences, initial_state, mask, training)
        if mask is not None and layer.return_sequences:  # cuDNN leaves zeros at masked steps
            kept = 0 if layer.zero_output_for_mask else states[0][:, None]
            outputs = ops.where(mask[:, :, None], outputs, kept)
        return last, outputs, list(states)

    def loop():
        last, outputs, states = keras.layers.RNN.inner_loop(
            layer, sequences, initial_state, mask, training
        )
        return last, outputs, list(states)

    result = fast() if mask is None else ops.cond(_right_padded(mask), fast, loop)
    layer.supports_jit = twin.supports_jit  # XLA cannot compile around cuDNN
    return result


def _right_padded(mask):
    """Return whether every row begins with real steps and ends with masked ones, if with any."""
    mask = ops.cast(mask, "int32")
    return ops.logical_and(ops.all(mask[:, 0] == 1), ops.all(mask[:, 1:] <= mask[:, :-1]))
