"""Put the weights of a safetensors file into our own encoder, every one checked.

The file has the names of PyTorch modules, and matrices as PyTorch keeps them: (outputs, inputs).
"""

import json
import math
import os
from pathlib import Path

from seqlib import data
from seqlib.files import FileError
from seqlib.pretrained.bert import BertEncoder

_SIZES = {
    "vocabulary": "vocab_size",
    "units": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "inner_dim": "intermediate_size",
    "max_length": "max_position_embeddings",
    "types": "type_vocab_size",
}
_CHOICES = {  # the first of them where there is none
    "model_type": ("bert",),
    "position_embedding_type": ("absolute",),
    "hidden_act": ("gelu", "relu", "silu", "tanh"),
    "is_decoder": (False,),  # whose weights were trained to look back alone
    "add_cross_attention": (False,),
}
_READABLE = ("F64", "F32", "F16")
_IGNORED = ("embeddings.position_ids", "pooler.", "cls.", "classifier.", "qa_outputs.")


def load_bert(path=None, *, has_pooler=False, **kwargs):
    """Load an encoder of the BERT family, one tensor at a time.

    Args:
        path: The folder with ``model.safetensors`` and ``config.json``; a dict from file name to
            path, as `seqlib.data.fetch` returns; or None for MiniLM, which is fetched where it is
            not there yet.
        has_pooler: Whether to load the pooler as well; see `BertEncoder.pooled`.
        **kwargs: Other arguments of `BertEncoder`: `dropout` (none unless given), `dtype` ...

    Returns:
        `BertEncoder`.

    Example:
        >>> encoder = load_bert()
        >>> encoder.encoder.num_layers, encoder.count_params()
        (6, 22565376)
    """
    from safetensors import SafetensorError, safe_open

    files = model_files(path)
    weights = _required_file(files, "model.safetensors", path)
    config = _required_file(files, "config.json", path)
    arguments = _arguments(config)
    try:
        with safe_open(str(weights), framework="numpy") as file:
            _check_sizes(config, arguments, weights)
            model = BertEncoder(**{**arguments, **kwargs}, has_pooler=has_pooler)
            model.build()
            keys = _keys_by_name(file.keys())
            variables = dict(_variables(model))
            _check_tensors(weights, file, keys, variables)
            for name, (variable, input_axes) in variables.items():
                array = file.get_tensor(keys[name])
                variable.assign((array.T if input_axes else array).reshape(variable.shape))
    except (SafetensorError, OSError) as error:
        raise FileError(
            weights, "", f"it cannot be read ({error}). Expected: a whole safetensors file."
        ) from error
    return model


def model_files(path=None):
    """Return the files of a model by name: of a folder, of a dict, or of MiniLM for None."""
    if path is None:
        return data.fetch("minilm")
    if isinstance(path, dict):
        return {name: Path(file) for name, file in path.items()}
    folder = Path(os.path.expanduser(path))
    if not folder.is_dir():
        raise FileError(
            path, "", "there is no such folder. Expected: a folder with model.safetensors."
        )
    return {file.name: file for file in sorted(folder.iterdir()) if file.is_file()}


def settings(path):
    """Return the settings in a JSON file, a dict."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise FileError(path, "", f"it cannot be read as a JSON object ({error}).") from error
    if not isinstance(found, dict):
        raise FileError(path, "", f"got {found!r:.60}. Expected: a JSON object.")
    return found


def _required_file(files, name, path):
    """Return one of the files, or say that it is missing."""
    if name not in files:
        names = ", ".join(files) or "nothing"
        raise FileError(path or "minilm", name, f"the file is missing; there is {names}.")
    return files[name]


def _arguments(path):
    """Return the arguments of `BertEncoder` that a ``config.json`` gives."""
    config = settings(path)

    def wrong(key, expected):
        got = repr(config[key]) if key in config else "nothing"
        return FileError(path, key, f"got {got}. Expected: {expected}.")

    for key, allowed in _CHOICES.items():
        if config.get(key, allowed[0]) not in allowed:
            raise wrong(key, ", ".join(map(repr, allowed)))
    arguments = {ours: config.get(theirs) for ours, theirs in _SIZES.items()}
    for ours, value in arguments.items():
        if type(value) is not int or value < 1:
            raise wrong(_SIZES[ours], "a positive integer")
    units, epsilon = arguments["units"], config.get("layer_norm_eps", 1e-12)
    if units % arguments["num_heads"]:
        raise wrong("num_attention_heads", f"a divisor of hidden_size, which is {units}")
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise wrong("layer_norm_eps", "a number between 0 and 1")
    activation = config.get("hidden_act", _CHOICES["hidden_act"][0])
    return {**arguments, "activation": activation, "norm_epsilon": epsilon}


def _check_sizes(path, sizes, weights):
    """Refuse sizes that the weights cannot have, before memory is taken for them."""
    rows = sizes["vocabulary"] + sizes["max_length"] + sizes["types"]
    rows += sizes["num_layers"] * (4 * sizes["units"] + 2 * sizes["inner_dim"])
    if 2 * rows * sizes["units"] > weights.stat().st_size:  # a number takes two bytes or more
        raise FileError(path, "", f"its sizes ask for more numbers than {weights.name} holds.")


def _keys_by_name(keys):
    """Return the keys of the file by the names that `_variables` gives."""
    names = {}
    for key in keys:
        name = key.removeprefix("bert.")  # of models with a head
        for old, new in (("gamma", "weight"), ("beta", "bias")):  # of old files
            name = name.replace(f"LayerNorm.{old}", f"LayerNorm.{new}")
        names[name] = key
    return names


def _variables(model):
    """Yield names of tensors with our variable and the number of its input axes, 0 if no matrix."""
    yield "embeddings.word_embeddings.weight", (model.pieces.embeddings, 0)
    yield "embeddings.position_embeddings.weight", (model.positions.table, 0)
    yield "embeddings.token_type_embeddings.weight", (model.types.embeddings, 0)
    yield from _norm("embeddings.LayerNorm", model.norm)
    for number, block in enumerate(model.encoder.blocks):
        stem = f"encoder.layer.{number}"
        for name in ("query", "key", "value"):
            kernel, bias = (
                getattr(block.attention, f"{name}_{part}") for part in ("kernel", "bias")
            )
            yield f"{stem}.attention.self.{name}.weight", (kernel, 1)
            yield f"{stem}.attention.self.{name}.bias", (bias, 0)
        yield f"{stem}.attention.output.dense.weight", (block.attention.output_kernel, 2)
        yield f"{stem}.attention.output.dense.bias", (block.attention.output_bias, 0)
        yield from _norm(f"{stem}.attention.output.LayerNorm", block.attention_norm)
        yield from _dense(f"{stem}.intermediate.dense", block.inner)
        yield from _dense(f"{stem}.output.dense", block.outer)
        yield from _norm(f"{stem}.output.LayerNorm", block.network_norm)
    if model.pooler is not None:
        yield from _dense("pooler.dense", model.pooler)


def _norm(stem, norm):
    yield f"{stem}.weight", (norm.gamma, 0)
    yield f"{stem}.bias", (norm.beta, 0)


def _dense(stem, dense):
    yield f"{stem}.weight", (dense.kernel, 1)
    yield f"{stem}.bias", (dense.bias, 0)


def _check_tensors(path, file, keys, variables):
    """Hold the whole file to what is expected before any of it is used."""
    for name, (variable, input_axes) in variables.items():
        expected = _shape_in_file(name, tuple(variable.shape), input_axes)
        if name not in keys:
            raise FileError(
                path, name, f"there is no such tensor. Expected: one of the shape {expected}."
            )
        tensor = file.get_slice(keys[name])
        shape, dtype = tuple(tensor.get_shape()), tensor.get_dtype()
        if shape != expected:
            raise FileError(
                path, name, f"the shape is {shape}. Expected: {expected}, as config.json says."
            )
        if dtype not in _READABLE:
            expected = f"one of {', '.join(_READABLE)}"
            raise FileError(path, name, f"the dtype is {dtype}. Expected: {expected}.")
    for name in keys:
        if name not in variables and not name.startswith(_IGNORED):
            raise FileError(
                path, name, "this tensor has no place in the encoder that config.json describes."
            )


def _shape_in_file(name, shape, input_axes):
    """Return a tensor's shape in the file: a matrix is (outputs, inputs), a bias has one axis."""
    if input_axes:
        return math.prod(shape[input_axes:]), math.prod(shape[:input_axes])
    return (math.prod(shape),) if name.endswith("bias") else shape
