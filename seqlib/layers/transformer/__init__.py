"""The Transformer: blocks of attention, stacks of blocks, and a model that translates."""

from seqlib.layers.transformer.decoder import TransformerDecoder, TransformerDecoderBlock
from seqlib.layers.transformer.encoder import TransformerEncoder, TransformerEncoderBlock
from seqlib.layers.transformer.model import Transformer

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderBlock",
    "TransformerEncoder",
    "TransformerEncoderBlock",
]
