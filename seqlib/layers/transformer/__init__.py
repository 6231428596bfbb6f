"""The Transformer: blocks of attention, stacks of blocks, and a model that translates."""

from seqlib.layers.transformer.decoder import TransformerDecoder
from seqlib.layers.transformer.decoder_block import TransformerDecoderBlock
from seqlib.layers.transformer.encoder import TransformerEncoder
from seqlib.layers.transformer.encoder_block import TransformerEncoderBlock
from seqlib.layers.transformer.model import Transformer

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderBlock",
    "TransformerEncoder",
    "TransformerEncoderBlock",
]
