"""Keras's own tests of recurrent layers and of multi-head attention, pointed at ours.

The wheel of Keras carries its tests. Each test class is made again here with `layers` meaning the
layers of Keras, but with ours in the place of those that we replace.
"""

import importlib
import types
import unittest

import pytest

import seqlib.layers

# Their own tests warn themselves.
pytestmark = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")

theirs = pytest.importorskip("keras.src.layers")
pytest.importorskip("absl.testing", reason="Keras's tests are written with absl")

OURS = ["SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell", "MultiHeadAttention"]
MODULES = {
    "rnn": [
        "simple_rnn", "gru", "lstm", "rnn", "bidirectional", "stacked_rnn_cells", "time_distributed"
    ],
    "attention": ["multi_head_attention"],
}  # fmt: skip
# How the names of tests begin that are left out: why.
LEFT_OUT = {
    "test_fused_": "asks which private kernel of Keras a layer of Keras would take",
    "test_causal_only_": "likewise",
    "test_compute_attention_": "calls a private method",
    "test_dtype_policy_map": "names the private dense layers inside",
    "test_quantize_int8": "likewise",
    "test_high_dim_attention": "attention over other axes than time, which ours has not",
    "test_attention_axes_": "likewise",
    "test_compute_output_shape": "an output of several axes, which ours has not",
    "test_multi_head_attention_output_shape_as_tuple": "likewise",
    "test_multi_head_attention_output_shape_error": "the wording of an error",
    "test_shape_mismatch_error": "queries and values of different sizes, which ours takes",
    "test_sliding_window": "an argument that ours has not",
    "test_basics_with_flash_attention": "a kernel of JAX and PyTorch",
    "test_flash_attention_": "likewise",
    "test_masking_causal": "more queries than values, where ours are the last ones, not the first",
}
USE_GATE = {"test_basics", "test_initializer", "test_lora", "test_mha_constraints"}

substitutes = {name: getattr(seqlib.layers, name) for name in OURS}
layers = types.SimpleNamespace(**{**vars(theirs), **substitutes})

for folder, module_name in [(room, name) for room, names in MODULES.items() for name in names]:
    try:
        module = importlib.import_module(f"keras.src.layers.{folder}.{module_name}_test")
    except ModuleNotFoundError:
        pytest.skip("this Keras comes without its tests", allow_module_level=True)
    module.layers = layers
    for name, value in list(vars(module).items()):
        if name in substitutes:
            setattr(module, name, substitutes[name])
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            members = {test: None for test in dir(value) if test.startswith(tuple(LEFT_OUT))}
            if folder == "attention":  # in the middle of these comes an argument that ours has not
                members |= dict.fromkeys(USE_GATE)
            title = "".join(word.capitalize() for word in module_name.split("_"))
            globals()[f"Test{title}OfKeras"] = type(f"Test{title}OfKeras", (value,), members)
            del value  # a class bound here under its own name would be collected twice
