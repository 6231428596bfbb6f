"""Encoders of the BERT family that others have trained, in our own layers."""

from seqlib.pretrained.bert import BertEncoder
from seqlib.pretrained.loading import load_bert
from seqlib.pretrained.sentences import SentenceEncoder, sentence_embeddings
from seqlib.pretrained.wordpiece import WordPiece

__all__ = ["BertEncoder", "SentenceEncoder", "WordPiece", "load_bert", "sentence_embeddings"]
