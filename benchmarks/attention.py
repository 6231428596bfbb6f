"""Attention: the whole multi-head layer, and its core alone, beside other libraries.

A sequence attends to itself, without a mask. The layer projects, attends and projects back; the
core is what lies between the projections: scores, softmax, weighted mean. As with the recurrent
layers all sides get the same arrays and the same weights and have to agree before they are timed;
a training step is the mean of the squared outputs and its gradients by inputs and weights, without
an optimizer; on TensorFlow each is one `tf.function`.
"""

import keras
import numpy as np

from benchmarks import keras_layers, torch_layers
from benchmarks.agreement import check_agreement
from benchmarks.turns import Contestant, compare, row
from seqlib import layers
from seqlib.layers.attention import masked_softmax

SHAPES = [  # (batch, time, heads, size of a head)
    (32, 64, 8, 64),
    (4, 512, 8, 64),
]
LAYER, CORE = "MultiHeadAttention", "scaled dot product"

_INPUTS = 4  # arrays that are taken in turn


def rows(effort, shapes=SHAPES):
    """Measure the layer and its core, shape by shape."""
    for name, sides in ((LAYER, _layers), (CORE, _cores)):
        for shape in shapes:
            contestants = sides(shape)
            for what in ("training step", "inference"):
                ways = [Contestant(side, does[what]) for side, does in contestants.items()]
                sizes = dict(zip(("batch", "time", "heads", "size"), shape, strict=True))
                measured = compare(ways, effort, check=check_agreement)
                yield row("attention", name, what, sizes, "batch", measured)


def _layers(shape):
    """Return what each side does with the whole layer: by side, then by what is done."""
    batch, time, heads, size = shape
    features = heads * size
    draw = np.random.default_rng(0).standard_normal
    inputs = [(draw((batch, time, features), dtype="float32"),) for _ in range(_INPUTS)]
    made = {
        "seqlib": layers.MultiHeadAttention(heads, size),
        "keras": keras.layers.MultiHeadAttention(heads, size),
    }
    sides = {}
    for side, layer in made.items():
        layer.build(*[(None, None, features)] * 3)
        layer.set_weights(made["seqlib"].get_weights())

        def forward(x, training, layer=layer):
            return layer(x, x, training=training)

        sides[side] = keras_layers.timed(forward, inputs, layer.trainable_variables)
    if torch_layers.torch:
        module = torch_layers.multi_head(heads, made["seqlib"].get_weights())
        sides["torch"] = torch_layers.timed(
            lambda x: module(x, x, x, need_weights=False)[0], inputs, list(module.parameters())
        )
    return sides


def _cores(shape):
    """Return the same of the core alone, which gets queries, keys and values of all heads."""
    batch, time, heads, size = shape
    draw = np.random.default_rng(0).standard_normal
    inputs = [
        tuple(draw((batch, heads, time, size), dtype="float32") for _ in range(3))
        for _ in range(_INPUTS)
    ]
    time_first = [tuple(np.ascontiguousarray(a.transpose(0, 2, 1, 3)) for a in i) for i in inputs]
    layer = layers.MultiHeadAttention(heads, size)

    def ours(query, key, value, training):
        weights = masked_softmax(layer.scores(query, key))
        return keras.ops.matmul(weights, value)

    def of_keras(query, key, value, training):
        return keras.ops.dot_product_attention(query, key, value)

    sides = {
        "seqlib": keras_layers.timed(ours, inputs),
        "keras": keras_layers.timed(of_keras, time_first),
    }
    if torch_layers.torch:
        attend = torch_layers.torch.nn.functional.scaled_dot_product_attention
        sides["torch"] = torch_layers.timed(attend, inputs)
    return sides
