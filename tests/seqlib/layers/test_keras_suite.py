"""Keras's own tests of recurrent layers, pointed at ours.

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

suite = "keras.src.layers.rnn"
theirs = pytest.importorskip("keras.src.layers")
pytest.importorskip("absl.testing", reason="Keras's tests are written with absl")

OURS = ["SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell"]
MODULES = [
    "simple_rnn", "gru", "lstm", "rnn", "bidirectional", "stacked_rnn_cells", "time_distributed"
]  # fmt: skip
LEFT_OUT = {
    # These ask which private kernel of Keras a layer of Keras would take.
    "test_fused_gru_eligibility",
    "test_fused_lstm_eligibility",
}


substitutes = {name: getattr(seqlib.layers, name) for name in OURS}
layers = types.SimpleNamespace(**{**vars(theirs), **substitutes})

for module_name in MODULES:
    try:
        module = importlib.import_module(f"{suite}.{module_name}_test")
    except ModuleNotFoundError:
        pytest.skip("this Keras comes without its tests", allow_module_level=True)
    module.layers = layers
    for name, value in list(vars(module).items()):
        if name in substitutes:
            setattr(module, name, substitutes[name])
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            members = dict.fromkeys(LEFT_OUT & set(dir(value)))
            title = "".join(word.capitalize() for word in module_name.split("_"))
            globals()[f"Test{title}OfKeras"] = type(f"Test{title}OfKeras", (value,), members)
            del value  # a class bound here under its own name would be collected twice
