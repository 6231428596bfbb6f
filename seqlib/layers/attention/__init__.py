"""Attention: additive, dot-product and multi-head; one convention for masks, True = attend."""

from seqlib.layers.attention.additive import AdditiveAttention
from seqlib.layers.attention.dot_product import DotProductAttention
from seqlib.layers.attention.layer import AttentionLayer
from seqlib.layers.attention.masks import causal_mask, join_masks, masked_softmax
from seqlib.layers.attention.multi_head import MultiHeadAttention

__all__ = [
    "AdditiveAttention",
    "AttentionLayer",
    "DotProductAttention",
    "MultiHeadAttention",
    "causal_mask",
    "join_masks",
    "masked_softmax",
]
