"""A model as people wrote it, with the layers of this package in place of Keras's."""

import dataclasses
from typing import NamedTuple

import keras

from seqlib import layers
from seqlib.layers.recurrent_layer import CellLoop

RECURRENT = ("SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell")
ATTENTION = "MultiHeadAttention"
OURS = (*RECURRENT, ATTENTION)
# Arguments of Keras's multi-head attention that ours has not, and the values that mean nothing.
NOT_OURS = {
    "attention_axes": (None, [1], (1,)),
    "use_gate": (False,),
    "sliding_window": (None,),
    "activity_regularizer": (None,),
}
OTHER_FUNCTION = "it has no matrices as ours has, and takes its arguments in a list"
LEFT = {"AdditiveAttention": OTHER_FUNCTION, "Attention": OTHER_FUNCTION}
for _name in ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GroupQueryAttention"):
    LEFT[_name] = "there is no such layer in seqlib.layers"


@dataclasses.dataclass(frozen=True)
class Change:
    """What became of one layer."""

    name: str
    kind: str  # its class
    replaced: bool
    reason: str  # how it runs now, or why it was left


@dataclasses.dataclass(frozen=True)
class Report:
    """What `accelerate` replaced, what it left, and why; it prints as a table."""

    changes: tuple

    @property
    def replaced(self):
        """The layers that were replaced."""
        return tuple(change for change in self.changes if change.replaced)

    @property
    def left(self):
        """The recurrent and attention layers, and models of a class of their own, that were not."""
        return tuple(change for change in self.changes if not change.replaced)

    def __str__(self):
        rows = [
            (change.name, change.kind, "replaced" if change.replaced else "left", change.reason)
            for change in self.changes
        ]
        widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:3]]
        lines = [f"replaced: {len(self.replaced)}, left: {len(self.left)}"]
        for *cells, reason in rows:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append(f"  {'  '.join(padded)}  {reason}")
        return "\n".join(lines)


class Accelerated(NamedTuple):
    """A model and the report on it."""

    model: keras.Model
    report: Report


def accelerate(model):
    """Return a model with Keras's recurrent and multi-head attention layers replaced by ours.

    The new model has the same names, weights and numbers, and is compiled as the old one was, its
    optimizer where that one stood. Layers are replaced wherever they are: in `Bidirectional`, in
    `RNN` around cells, in `TimeDistributed`, in models inside the model. The old model stays as it
    is, with weights of its own.

    Args:
        model: A `keras.Sequential` or a functional `keras.Model`.

    Returns:
        The new model, and a `Report`, which prints what was replaced, what was left, and why.

    Raises:
        ValueError: Where Keras cannot clone the model; the message says what to do.

    Example:
        >>> model = keras.Sequential([keras.Input((20, 8)), keras.layers.LSTM(4, name="reader")])
        >>> faster, report = accelerate(model)
        >>> print(report)  # doctest: +ELLIPSIS
        replaced: 1, left: 0
          reader  LSTM  replaced  fused: the whole sequence at once, ...
        >>> faster.get_layer("reader")  # doctest: +ELLIPSIS
        <LSTM name=reader, built=True>
    """
    if not isinstance(model, keras.Sequential) and not hasattr(model, "operations"):
        raise ValueError(
            f"`model` got {type(model).__name__}, which Keras cannot take apart. Allowed: a "
            "keras.Sequential or a functional keras.Model. In a class of your own, make the layers "
            "of seqlib.layers: `from seqlib.layers import LSTM`."
        )
    changes = []
    try:
        new = keras.models.clone_model(  # compiles it too
            model, clone_function=lambda layer: _clone(layer, changes), recursive=True
        )
    except (NotImplementedError, TypeError) as error:
        raise ValueError(
            "`model` got one that Keras cannot clone. Allowed: layers whose `get_config` returns "
            "their arguments, and losses and metrics that it finds by their names (see "
            f"`keras.saving.register_keras_serializable`). {error}"
        ) from error
    if model.built and not new.built:  # a Sequential that learned its shapes from what it was given
        new.build_from_config(model.get_build_config())
    if model.built:
        new.set_weights(model.get_weights())
        if model.compiled:
            _carry_optimizer(model, new)
    return Accelerated(new, Report(tuple(changes)))


def _clone(layer, changes):
    """Return a layer made from another's configuration, with ours in it."""
    config = keras.saving.serialize_keras_object(layer)
    if isinstance(layer, keras.Model):  # not functional: those are gone through
        reason = "a model of a class of its own, which makes its layers by itself"
        changes.append(Change(layer.name, type(layer).__name__, False, reason))
    new = _converted(config, changes)
    kind = type(layer)
    if new["class_name"] in OURS and new["module"] != config["module"]:
        kind = getattr(layers, new["class_name"])
    return kind.from_config(new["config"])


def _converted(node, changes):
    """Return a nest of configurations with our classes in the place of Keras's."""
    if isinstance(node, (list, tuple)):
        return [_converted(item, changes) for item in node]
    if not isinstance(node, dict):
        return node
    kind, config = node.get("class_name"), node.get("config")
    if node.get("module") == "keras.layers" and kind in (*OURS, *LEFT):
        obstacle = LEFT.get(kind)
        if kind == ATTENTION:
            config, obstacle = _settings_of_attention(config)
        if obstacle:
            changes.append(Change(config["name"], kind, False, obstacle))
            return node
        ours = getattr(layers, kind).from_config(config)
        changes.append(Change(ours.name, kind, True, _how_it_runs(ours)))
        return keras.saving.serialize_keras_object(ours)
    return {key: _converted(value, changes) for key, value in node.items()}


def _settings_of_attention(config):
    """Return a configuration for our multi-head attention, or the old one and why there is none."""
    settings = dict(config)
    for name, harmless in NOT_OURS.items():
        value = settings.pop(name, harmless[0])
        if value not in harmless:
            return config, f"it has `{name}`, which ours has not"
    if isinstance(settings["output_shape"], (list, tuple)) and len(settings["output_shape"]) > 1:
        return config, "its `output_shape` has several axes"
    return {**settings, "mask_as_keras": True}, None


def _how_it_runs(layer):
    if isinstance(layer, CellLoop):
        name, reason = dataclasses.astuple(layer.execution())[:2]
        return f"{name}: {reason}"
    if isinstance(layer, layers.RecurrentCell):
        return "step by step, as the layer around it goes"
    return "one matrix product for all heads"


def _carry_optimizer(model, new):
    """Put the optimizer of a new model where that of the old one stands."""
    new.optimizer.build(new.trainable_variables)
    if model.optimizer.built:
        pairs = zip(new.optimizer.variables, model.optimizer.variables, strict=True)
        for variable, before in pairs:
            variable.assign(before)
