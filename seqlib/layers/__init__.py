"""Keras layers, equation by equation; they go wherever a layer of `keras.layers` goes."""

from seqlib.layers.backend import cores, native_stderr_muted  # first: it imports Keras quietly
from seqlib.layers.embedding import PretrainedEmbedding
from seqlib.layers.gru import GRU, GRUCell
from seqlib.layers.lstm import LSTM, LSTMCell
from seqlib.layers.recurrent_cell import RecurrentCell
from seqlib.layers.recurrent_layer import RecurrentLayer
from seqlib.layers.simple_rnn import SimpleRNN, SimpleRNNCell

__all__ = [
    "GRU",
    "LSTM",
    "GRUCell",
    "LSTMCell",
    "PretrainedEmbedding",
    "RecurrentCell",
    "RecurrentLayer",
    "SimpleRNN",
    "SimpleRNNCell",
    "cores",
    "native_stderr_muted",
]
