"""Recurrent layers, decoding and data for sequence models, written to be read.

``import seqlib`` costs nothing: each room is imported when it is first used, so that fetching
a data set does not wait for TensorFlow.

Example:
    >>> import seqlib
    >>> seqlib.layers.LSTM(32).units
    32
"""

import importlib
import os

__version__ = "0.1.0"

# Before TensorFlow is imported: what its native code logs reaches Python as exceptions anyway.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_ROOMS = ["data", "decoding", "layers", "losses", "metrics", "pretrained", "text", "word_vectors"]
__all__ = ["accelerate", *_ROOMS]


def __getattr__(name):
    """Import a room of the package the first time that it is named (PEP 562)."""
    if name == "accelerate":
        return importlib.import_module("seqlib.acceleration").accelerate
    if name in _ROOMS:
        return importlib.import_module(f"seqlib.{name}")
    raise AttributeError(f"module 'seqlib' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return [*globals(), *__all__]
