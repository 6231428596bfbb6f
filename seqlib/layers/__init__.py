"""Keras layers, equation by equation; they go wherever a layer of `keras.layers` goes."""

from seqlib.layers.attention import (
    AdditiveAttention,
    DotProductAttention,
    MultiHeadAttention,
    causal_mask,
)
from seqlib.layers.crf import BestPath, LinearChainCRF, allowed_in_iob2
from seqlib.layers.decoder import AttentionDecoder
from seqlib.layers.embedding import PretrainedEmbedding
from seqlib.layers.gru import GRU, GRUCell
from seqlib.layers.log_mel import LogMel
from seqlib.layers.lstm import LSTM, LSTMCell
from seqlib.layers.positions import LearnedPositions, RotaryPositions, SinusoidalPositions
from seqlib.layers.recurrent_cell import RecurrentCell
from seqlib.layers.recurrent_layer import RecurrentLayer
from seqlib.layers.simple_rnn import SimpleRNN, SimpleRNNCell
from seqlib.layers.transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)

__all__ = [
    "GRU",
    "LSTM",
    "AdditiveAttention",
    "AttentionDecoder",
    "BestPath",
    "DotProductAttention",
    "GRUCell",
    "LSTMCell",
    "LearnedPositions",
    "LinearChainCRF",
    "LogMel",
    "MultiHeadAttention",
    "PretrainedEmbedding",
    "RecurrentCell",
    "RecurrentLayer",
    "RotaryPositions",
    "SimpleRNN",
    "SimpleRNNCell",
    "SinusoidalPositions",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderBlock",
    "TransformerEncoder",
    "TransformerEncoderBlock",
    "allowed_in_iob2",
    "causal_mask",
]
