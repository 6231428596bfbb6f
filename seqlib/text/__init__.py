"""From text to arrays of token ids and back.

A tokenizer cuts text into tokens (characters, words, pieces of words); a vocabulary numbers them.
Id 0 is padding in every vocabulary of this package, so that one mask, ``ids != 0``, serves
everywhere.
"""

from seqlib.text.subwords import Subwords
from seqlib.text.vocabulary import Vocabulary, pad
from seqlib.text.words import word_tokens

__all__ = ["Subwords", "Vocabulary", "pad", "word_tokens"]
