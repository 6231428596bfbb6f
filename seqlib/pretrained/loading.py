"""Put the weights of a safetensors file into our own encoder, every one checked.

The file has the names of PyTorch modules, and matrices as PyTorch keeps them: (outputs, inputs).
"""

import json
import math

import numpy as np

from seqlib.pretrained.bert import BertEncoder
from seqlib.pretrained.errors import PretrainedError
from seqlib.pretrained.files import files, needed

_SIZES = {
    "vocabulary": "vocab_size",
    "units": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "inner_dim": "intermediate_size",
    "max_length": "max_position_embeddings",
    "types": "type_vocab_size",
}
_ACTIVATIONS = ("gelu", "relu", "silu", "tanh")
_READABLE = ("F64", "F32", "F16")
_LEFT_OUT = ("embeddings.position_ids", "pooler.", "cls.", "classifier.", "qa_outputs.")


def load_bert(path=None, *, has_pooler=False, **kwargs):
    """Load an encoder of the BERT family.

    One tensor at a time is read and put in its place, so that no second copy of the file is held.

    Args:
        path: The folder with ``model.safetensors`` and ``config.json``; a dict from file name to
            path, as `seqlib.data.fetch` returns; or None for MiniLM, which is fetched where it is
            not there yet.
        has_pooler: Whether to load the pooler as well; see `BertEncoder.pooled`.
        **kwargs: Other arguments of `BertEncoder`: `dropout` (none unless given), `dtype` ...

    Returns:
        `BertEncoder`.

    Raises:
        PretrainedError: A file is missing or is something else, or a tensor is missing, is not
            expected, or has another shape; the message says what was found and what is expected.

    Example:
        >>> encoder = load_bert()
        >>> encoder.encoder.num_layers, encoder.count_params()
        (6, 22565376)
    """
    from safetensors import SafetensorError, safe_open

    found = files(path)
    weights = needed(found, "model.safetensors", path)
    config = needed(found, "config.json", path)
    model = BertEncoder(**{**_settings(config), **kwargs}, has_pooler=has_pooler)
    model.build()
    try:
        with safe_open(str(weights), framework="numpy") as file:
            names = _names(file.keys())
            places = dict(_places(model))
            _check(weights, file, names, places)
            for name, (variable, inputs) in places.items():
                array = file.get_tensor(names[name])
                variable.assign((array.T if inputs else array).reshape(variable.shape))
    except (SafetensorError, OSError) as error:
        raise PretrainedError(
            weights, "", f"it cannot be read ({error}). Expected: a whole safetensors file."
        ) from error
    return model


def _settings(path):
    """Return the arguments of `BertEncoder` that a ``config.json`` gives."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise PretrainedError(path, "", f"it cannot be read as JSON ({error}).") from error
    if not isinstance(config, dict):
        raise PretrainedError(path, "", "it holds no settings. Expected: a JSON object.")
    for key, expected in (("model_type", "bert"), ("position_embedding_type", "absolute")):
        if config.get(key, expected) != expected:
            raise PretrainedError(path, key, f"got {config[key]!r}. Expected: {expected!r}.")
    settings = {}
    for ours, theirs in _SIZES.items():
        value = config.get(theirs)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            got = repr(value) if theirs in config else "nothing"
            raise PretrainedError(path, theirs, f"got {got}. Expected: a positive integer.")
        settings[ours] = value
    if settings["units"] % settings["num_heads"]:
        raise PretrainedError(
            path,
            "num_attention_heads",
            f"got {settings['num_heads']}. Expected: a divisor of hidden_size, which is "
            f"{settings['units']}.",
        )
    settings["activation"] = config.get("hidden_act", "gelu")
    if settings["activation"] not in _ACTIVATIONS:
        raise PretrainedError(
            path,
            "hidden_act",
            f"got {settings['activation']!r}. Expected: one of {', '.join(_ACTIVATIONS)}.",
        )
    settings["norm_epsilon"] = config.get("layer_norm_eps", 1e-12)
    if not isinstance(settings["norm_epsilon"], float) or settings["norm_epsilon"] <= 0:
        raise PretrainedError(
            path, "layer_norm_eps", f"got {settings['norm_epsilon']!r}. Expected: above 0."
        )
    return settings


def _names(keys):
    """Return the names of the file by those that we use.

    Checkpoints of models with a head have the prefix ``bert.``, and old ones write gamma and beta.

    Example:
        >>> _names(["bert.embeddings.LayerNorm.gamma"])
        {'embeddings.LayerNorm.weight': 'bert.embeddings.LayerNorm.gamma'}
    """
    ends = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
    names = {}
    for key in keys:
        name = key.removeprefix("bert.")
        for old, new in ends.items():
            if name.endswith(old):
                name = name.removesuffix(old) + new
        names[name] = key
    return names


def _places(model):
    """Yield for each tensor its name, our variable, and how many axes of that are inputs.

    Zero of them stands for what is no matrix, and is kept as it is.
    """
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


def _check(path, file, names, places):
    """Hold the whole file to what is expected before any of it is used."""
    for name, (variable, inputs) in places.items():
        expected = _shape(name, tuple(variable.shape), inputs)
        if name not in names:
            raise PretrainedError(
                path, name, f"there is no such tensor. Expected: one of the shape {expected}."
            )
        tensor = file.get_slice(names[name])
        found = tuple(tensor.get_shape())
        if found != expected:
            raise PretrainedError(
                path, name, f"the shape is {found}. Expected: {expected}, as config.json says."
            )
        if tensor.get_dtype() not in _READABLE:
            raise PretrainedError(
                path,
                name,
                f"the dtype is {tensor.get_dtype()}. Expected: one of {', '.join(_READABLE)}.",
            )
    for name in names:
        if name not in places and not name.startswith(_LEFT_OUT):
            raise PretrainedError(
                path, name, "this tensor has no place in the encoder that config.json describes."
            )


def _shape(name, shape, inputs):
    """Return the shape that a tensor has in the file.

    Example:
        >>> _shape("query.weight", (8, 2, 3), 1), _shape("query.bias", (2, 3), 0)
        ((6, 8), (6,))
        >>> _shape("embeddings.weight", (30, 8), 0)
        (30, 8)
    """
    if inputs:
        return math.prod(shape[inputs:]), math.prod(shape[:inputs])
    return (int(np.prod(shape)),) if name.endswith("bias") else shape
