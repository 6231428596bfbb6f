"""Saved models of all layers load in a process that only imports the package, and agree there."""

import subprocess
import sys

import keras
import numpy as np

from seqlib import layers, losses
from seqlib.pretrained import load_bert
from tests.seqlib.layers import test_attention, test_crf, test_decoder, test_recurrent
from tests.seqlib.layers.check_layer import FEATURES, RECURRENT, example_input
from tests.seqlib.layers.gradients import to_numpy
from tests.seqlib.layers.test_transformer import DECODER, maker
from tests.seqlib.pretrained.models import write

IDS = np.array([[1, 2, 3, 4, 0], [5, 6, 0, 0, 0]], "int32")
PROGRAM = """
import pathlib, sys, numpy as np, seqlib.layers, seqlib.losses, seqlib.pretrained, keras
folder = pathlib.Path(sys.argv[1])
arrays = dict(np.load(folder / "arrays.npz"))
for name in sorted(name for name in arrays if name + " out" in arrays):
    model = keras.saving.load_model(folder / f"{name}.keras")
    found = keras.ops.convert_to_numpy(model(arrays[name]))
    np.testing.assert_allclose(found, arrays[name + " out"], 1e-5, 1e-6, err_msg=name)
    print(name, model.loss.get_config() if model.compiled else None)
"""


def of_sequences(layer, kind=RECURRENT):
    inputs = keras.Input((None, FEATURES))
    return keras.Model(inputs, kind.call(layer, inputs))


def of_ids(*parts, loss=None):
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *parts])
    if loss is not None:
        model.compile(loss=loss)
    return model


def models_of_sequences():
    ours, crf, attention = test_recurrent.ours, test_crf.make, test_attention.LAYERS
    heads = test_decoder.maker("GRU", "heads", "current")()
    return {
        "SimpleRNN": of_sequences(ours("SimpleRNN")),
        "GRU": of_sequences(ours("GRU reset before")),
        "LSTM": of_sequences(ours("LSTM fused")),
        "both ways": of_sequences(keras.layers.Bidirectional(ours("LSTM", dropout=0.2))),
        "cells": of_sequences(
            keras.layers.RNN([layers.SimpleRNNCell(2), layers.GRUCell(3), layers.LSTMCell(4)])
        ),
        "decoder": of_sequences(test_decoder.maker()(), test_decoder.KIND),
        "decoder with heads": of_sequences(heads, test_decoder.KIND),
        "tags": of_sequences(crf(allowed=layers.allowed_in_iob2(["O", "B-A", "I-A", "B-B"]))),
        "path": of_sequences(keras.Sequential([crf(), layers.BestPath()])),
        "additive": of_sequences(attention["additive, no bias"](), test_attention.CROSS),
        "general": of_sequences(attention["general"](), test_attention.CROSS),
        "heads": of_sequences(attention["heads, other sizes"](), test_attention.CROSS),
        "encoder block": of_sequences(maker("encoder block")()),
        "encoder": of_sequences(maker("encoder", norm_first=True)()),
        "transformer decoder": of_sequences(maker("decoder")(), DECODER),
        "sinusoidal": of_sequences(layers.SinusoidalPositions()),
        "rotary": of_sequences(layers.RotaryPositions()),
        "learned": of_sequences(layers.LearnedPositions(20)),
    }


def models_of_ids(folder):
    vectors = {word: np.full(3, number, "float32") for number, word in enumerate("abc")}

    def embedding(**arguments):
        return layers.PretrainedEmbedding(vectors, ["<pad>", "<unk>", *"bcaxyz"], **arguments)

    ids = keras.Input((None,), dtype="int32")
    sizes = {"units": 8, "num_layers": 1, "num_heads": 2, "inner_dim": 12}
    rotary = layers.Transformer(10, 10, positions="rotary", norm_first=True, **sizes)
    tied = layers.Transformer(
        10, 10, positions="learned", max_length=9, tie_embeddings="all", **sizes
    )
    return {
        "frozen": of_ids(embedding(), layers.LSTM(3)),
        "trained": of_ids(embedding(trainable=True, mask_zero=False, oov="random")),
        "masked loss": of_ids(
            embedding(), keras.layers.Dense(8), loss=losses.MaskedCrossentropy(0.1)
        ),
        "chain loss": of_ids(embedding(), layers.LinearChainCRF(), loss=losses.ChainCrossentropy()),
        **{
            f"transformer {number}": keras.Model(ids, model((ids, ids)))
            for number, model in enumerate((rotary, tied))
        },
        "bert": of_ids(load_bert(write(folder / "bert"), dropout=0.1)),
    }


def test_saved_models_load_in_a_fresh_process(tmp_path):
    of_length = [(models_of_sequences(), example_input()), (models_of_ids(tmp_path), IDS)]
    arrays, said = {}, []
    for models, x in of_length:
        for name, model in models.items():
            model.save(tmp_path / f"{name}.keras")
            arrays |= {name: x, f"{name} out": to_numpy(model(x))}
            said.append(f"{name} {model.loss.get_config() if model.compiled else None}")
    np.savez(tmp_path / "arrays.npz", **arrays)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == sorted(said)
