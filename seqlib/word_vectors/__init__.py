"""Word vectors: load, look up, compare, find neighbors, solve analogies, measure bias."""

from seqlib.files import FileError
from seqlib.word_vectors.analogies import Section, evaluate
from seqlib.word_vectors.bias import Association, direction, equalize, neutralize, unit, weat
from seqlib.word_vectors.vectors import WordVectors

__all__ = [
    "Association",
    "FileError",
    "Section",
    "WordVectors",
    "direction",
    "equalize",
    "evaluate",
    "neutralize",
    "unit",
    "weat",
]
