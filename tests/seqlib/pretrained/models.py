"""Small models of the BERT family as files, and the equations again, in NumPy."""

import json
import math

import numpy as np
from safetensors.numpy import save_file

CONFIG = {
    "model_type": "bert",
    "vocab_size": 30,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*MARKS, "cat", "sat", "the", "##s", "##t", "on", "mat", "a", "##nd", ",", "!", "dog"]
PIECES += [f"word{n}" for n in range(CONFIG["vocab_size"] - len(PIECES))]


def tensors(config=CONFIG, seed=0):
    """Random tensors with the names and shapes of the family."""
    draw = np.random.default_rng(seed).normal
    units, inner = config["hidden_size"], config["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], units),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], units),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], units),
        "embeddings.LayerNorm.weight": (units,),
        "embeddings.LayerNorm.bias": (units,),
        "pooler.dense.weight": (units, units),
        "pooler.dense.bias": (units,),
    }
    for n in range(config["num_hidden_layers"]):
        stem = f"encoder.layer.{n}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            shapes[f"{stem}.attention.{name}.weight"] = (units, units)
            shapes[f"{stem}.attention.{name}.bias"] = (units,)
        shapes[f"{stem}.intermediate.dense.weight"] = (inner, units)
        shapes[f"{stem}.intermediate.dense.bias"] = (inner,)
        shapes[f"{stem}.output.dense.weight"] = (units, inner)
        shapes[f"{stem}.output.dense.bias"] = (units,)
        for name in ("attention.output", "output"):
            shapes[f"{stem}.{name}.LayerNorm.weight"] = (units,)
            shapes[f"{stem}.{name}.LayerNorm.bias"] = (units,)
    return {name: (0.5 * draw(size=shape)).astype("float32") for name, shape in shapes.items()}


def write(folder, config=CONFIG, arrays=None, pieces=PIECES):
    """Write the files of a model; return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(tensors(config) if arrays is None else arrays, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    return folder


def forward(arrays, ids, mask, types, heads, epsilon=1e-12):
    """The hidden states, (batch, time, units), in float64, one equation after another."""
    arrays = {name: array.astype("float64") for name, array in arrays.items()}

    def linear(stem, x):
        return x @ arrays[f"{stem}.weight"].T + arrays[f"{stem}.bias"]

    def norm(stem, x):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return scaled * arrays[f"{stem}.weight"] + arrays[f"{stem}.bias"]

    def split(x):  # (batch, heads, time, size)
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    erf = np.vectorize(math.erf, otypes=[float])
    table = {
        name: arrays[f"embeddings.{name}_embeddings.weight"]
        for name in ("word", "position", "token_type")
    }
    x = table["word"][ids] + table["position"][: ids.shape[1]] + table["token_type"][types]
    x = norm("embeddings.LayerNorm", x)
    for n in range(1 + max(int(k.split(".")[2]) for k in arrays if k.startswith("encoder"))):
        stem = f"encoder.layer.{n}"
        query, key, value = (
            split(linear(f"{stem}.attention.self.{name}", x)) for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(query.shape[-1])
        scores = np.where(mask[:, None, None, :], scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        heard = (weights @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        heard = linear(f"{stem}.attention.output.dense", heard)
        x = norm(f"{stem}.attention.output.LayerNorm", x + heard)
        inner = linear(f"{stem}.intermediate.dense", x)
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        x = norm(f"{stem}.output.LayerNorm", x + linear(f"{stem}.output.dense", inner))
    return x
