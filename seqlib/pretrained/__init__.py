"""Encoders of the BERT family that others have trained, in our own layers.

Example:
    >>> from seqlib import pretrained
    >>> happy, dog, sunny = pretrained.sentence_embeddings(
    ...     ["That is a happy person", "That is a happy dog", "Today is a sunny day"]
    ... )
    >>> round(float(happy @ dog), 2), round(float(happy @ sunny), 2)
    (0.69, 0.26)
"""

from seqlib.pretrained.bert import BertEncoder
from seqlib.pretrained.loading import load_bert
from seqlib.pretrained.sentences import SentenceEncoder, sentence_embeddings
from seqlib.pretrained.wordpiece import WordPiece

__all__ = [
    "BertEncoder",
    "SentenceEncoder",
    "WordPiece",
    "load_bert",
    "sentence_embeddings",
]
