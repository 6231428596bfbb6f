"""Weights that a recipe trained and a notebook loads: one file format, one way to name a weight.

The file is an npz. ``half:NAME`` is a weight in half precision. Where training began from weights
that everyone can fetch, such as MiniLM's, the file holds what it changed, which needs few digits: a
matrix is ``bits:NAME``, four bits a number, with ``scale:NAME``, one for each column; a vector is
``half:NAME``. Names without a colon are other arrays that belong to the weights.
"""

import collections
import json
import re
from pathlib import Path

import keras
import numpy as np

from seqlib import pretrained
from seqlib.files import whole_file

COMMITTED = Path(__file__).parents[1] / "notebooks" / "weights"  # where recipes write

_COUNTER = re.compile(r"_\d+$")
_LARGEST = 7  # -7 to 7 in four bits
_FACTORS = np.linspace(0.3, 1.0, 15)  # shares of the largest difference that is told exactly


def name_weights(variables):
    """Name variables by their paths, with counters that are the same in every process: a dict.

    Keras counts up the names of all layers that a process makes. Here those that differ in the
    number alone are counted from 0, in the order of the variables; a lone one has no number.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1), keras.layers.Dense(1)], name="model")
        >>> model.build((None, 1))
        >>> list(name_weights(model.weights))
        ['model/dense_0/kernel', 'model/dense_0/bias', 'model/dense_1/kernel', 'model/dense_1/bias']
    """
    paths = [variable.path.split("/") for variable in variables]
    siblings = collections.defaultdict(dict)  # parent and name without number: number by name
    for path in paths:
        for depth, part in enumerate(path):
            same = siblings[*path[:depth], _COUNTER.sub("", part)]
            same.setdefault(part, len(same))
    named = {}
    for path, variable in zip(paths, variables, strict=True):
        parts = []
        for depth, part in enumerate(path):
            base = _COUNTER.sub("", part)
            same = siblings[*path[:depth], base]
            parts.append(f"{base}_{same[part]}" if len(same) > 1 else base)
        name = "/".join(parts)
        if name in named:
            raise ValueError(f"two weights are called {name}: give their layers different names.")
        named[name] = variable
    return named


def weights_as_arrays(variables):
    """Return the values of variables by name, a dict of arrays, as `save_weights` takes `start`."""
    named = name_weights(variables).items()
    return {name: keras.ops.convert_to_numpy(variable) for name, variable in named}


def save_weights(path, variables, start=None, **others):
    """Write weights to an npz file, and other arrays (dicts become JSON) beside them, in one step.

    `start` holds the arrays by name from which training began; None where it began from nothing.
    """
    arrays, start = {}, start or {}
    for name, weight in weights_as_arrays(variables).items():
        change = weight.astype("float32") - start.get(name, np.float32(0))
        if name not in start or change.ndim < 2:
            arrays[f"half:{name}"] = change.astype("float16")
        else:
            arrays[f"bits:{name}"], arrays[f"scale:{name}"] = _in_bits(change)
    for name, array in others.items():
        arrays[name] = json.dumps(array) if isinstance(array, dict) else array
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)


def load_weights(path, variables, start=None):
    """Assign what `save_weights` wrote to variables, and return the other arrays in the file.

    `start` is as when it was written. Where the file does not fit the model nothing is assigned.
    """
    with np.load(path) as file:
        arrays = dict(file)
    named, values, start = name_weights(variables), {}, start or {}
    for name, variable in named.items():
        shape = tuple(variable.shape)
        change = _change(arrays, name, shape)
        if change.shape != shape:
            found = change.shape if change.size else "nothing"
            raise ValueError(
                f"{path} has {name} of shape {found}, this model {shape}: the weights belong to "
                "another vocabulary or to a model of another size."
            )
        values[name] = change + start.get(name, np.float32(0))
    for name, variable in named.items():
        variable.assign(values[name])
    return {name: array for name, array in arrays.items() if ":" not in name}


def from_weights(make, path):
    """Make the model that a file is of, load its weights, and return it with the other arrays.

    `make` takes the ``settings`` in the file as keywords.
    """
    with np.load(path) as file:
        model = make(**json.loads(str(file["settings"])))
    if not model.built:
        model.build()
    return model, load_weights(path, model.weights)


def load_encoder(path=None, **kwargs):
    """Return MiniLM, or the encoder of `path`, its blocks to be trained, its embeddings frozen.

    Half the weights of a small encoder are the vectors of its pieces, and few of them would move,
    since most pieces are rare. `kwargs` are as for `pretrained.load_bert`.
    """
    encoder = pretrained.load_bert(path, **kwargs)
    for layer in (encoder.pieces, encoder.positions, encoder.types):
        layer.trainable = False
    return encoder


def _change(arrays, name, shape):
    """Return how a weight differs from its start, float32; in another shape if it does not fit."""
    if f"bits:{name}" not in arrays:
        return arrays.get(f"half:{name}", np.zeros(0)).astype("float32")
    bits, scale = arrays[f"bits:{name}"], arrays[f"scale:{name}"]
    if shape[-1:] != scale.shape or len(bits) != -(-np.prod(shape) // 2):
        return bits
    numbers = np.stack([bits // 16, bits % 16], axis=1).reshape(-1)[: np.prod(shape)]
    columns = numbers.reshape(-1, shape[-1]).astype("float32") - _LARGEST
    return (columns * scale.astype("float32")).reshape(shape)


def _in_bits(change):
    """Return numbers of four bits, two in a byte, and the scale of each column that errs least."""
    columns = change.reshape(-1, change.shape[-1])  # (rows, columns)
    largest = np.maximum(np.abs(columns).max(axis=0), 1e-12)
    least, scale = np.full(len(largest), np.inf), largest / _LARGEST
    for factor in _FACTORS:
        trial = (factor * largest / _LARGEST).astype("float16").astype("float32")
        trial = np.maximum(trial, 1e-7)
        error = ((_rounded(columns, trial) * trial - columns) ** 2).sum(axis=0)
        scale = np.where(error < least, trial, scale)
        least = np.minimum(error, least)
    numbers = (_rounded(columns, scale) + _LARGEST).astype("uint8").reshape(-1)
    numbers = np.append(numbers, np.zeros(len(numbers) % 2, "uint8"))
    return numbers[::2] * 16 + numbers[1::2], scale.astype("float16")


def _rounded(columns, scale):
    return np.clip(np.round(columns / scale), -_LARGEST, _LARGEST)
