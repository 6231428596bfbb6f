"""Keras's own tests of recurrent layers, pointed at ours.

The wheel of Keras carries its tests. Each test class is made again here with `layers` meaning the
layers of Keras, but with ours in the place of those that we replace.
"""

import importlib
import inspect
import types
import unittest

import keras
import pytest

import seqlib.layers

# Their own tests warn themselves.
pytestmark = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")

suite = "keras.src.layers.rnn"
theirs = pytest.importorskip("keras.src.layers")
pytest.importorskip("absl.testing", reason="Keras's tests are written with absl")

OURS = ["SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell"]
MODULES = ["simple_rnn", "gru", "lstm", "rnn", "bidirectional", "stacked_rnn_cells"]
LEFT_OUT = {
    "test_basics",  # what it asks of any layer `check_layer` asks of each of ours
    # These ask which private kernel of Keras a layer of Keras would take.
    "test_fused_gru_eligibility",
    "test_fused_lstm_eligibility",
    "test_keeps_use_cudnn",
}


def accepting_what_names_a_kernel(layer_class):
    """Take and drop the arguments by which Keras chooses between its kernels."""

    def init(self, *args, implementation=None, use_cudnn=None, **kwargs):
        layer_class.__init__(self, *args, **kwargs)

    made = type(layer_class.__name__, (layer_class,), {"__init__": init})
    made.__signature__ = inspect.signature(layer_class)
    return keras.saving.register_keras_serializable("keras_suite")(made)


substitutes = {name: accepting_what_names_a_kernel(getattr(seqlib.layers, name)) for name in OURS}
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
