"""Read and write the binary format of word2vec.

A line of text holds the number of words and the dimension. Then each word follows in UTF-8, a
space, and its numbers as float32, least significant byte first; a line end may stand before a
word, as word2vec's own program writes it.
"""

import numpy as np

from seqlib.files import DAMAGE, FileError
from seqlib.word_vectors.compressed import opened
from seqlib.word_vectors.text_format import parse_header

BLOCK = 4_000_000  # bytes that are read at a time
_LONGEST = 2_000  # bytes: no word is longer; where no space comes, the file is something else


def read(path, member=None, wanted=None):
    """Yield numbers, words and vectors, (words, dimension), of the wanted words, by blocks."""
    with opened(path, member) as stream:
        reader = _Reader(path, stream)
        promised, size = reader.header()
        left = None if wanted is None else set(wanted)  # reading ends where all have been found
        while reader.count < promised and left != set():
            numbers, words, vectors = reader.block(promised, size, wanted)
            for row in np.flatnonzero(~np.isfinite(vectors).all(axis=1)):
                raise FileError(
                    path,
                    f"word {numbers[row]:,}",
                    f"the vector of {words[row]!r} has a number that is not finite.",
                )
            if words:
                yield numbers, words, vectors
            if left is not None:
                left.difference_update(words)
        if wanted is None and reader.rest().strip(b"\n"):
            raise FileError(
                path,
                f"after word {promised:,}",
                "the file goes on after the last word that its first line promises: it is no "
                "binary file of word2vec, or its first line is wrong.",
            )


def write(stream, words, matrix):
    """Write words, none with a space or a line end, and their matrix; see `read` for the format."""
    stream.write(b"%d %d\n" % matrix.shape)
    for word, vector in zip(words, matrix, strict=True):
        stream.write(word.encode() + b" " + np.asarray(vector, "<f4").tobytes() + b"\n")


class _Reader:
    """A stream that is read block by block, and cut at the ends of words and vectors."""

    def __init__(self, path, stream):
        self.path, self.stream = path, stream
        self.buffer, self.begin = b"", 0  # what was read, and where in it reading goes on
        self.count = 0  # words that have been passed

    def header(self):
        """Return the number of words and the dimension."""
        line, end, _ = self.rest()[:100].partition(b"\n")
        self.begin = len(line + end)
        hint = "Is it a text file? Then leave out binary=True, or use load_glove."
        return parse_header(self.path, line, hint)

    def rest(self):
        """Drop what was passed, read a block more, and return what there is."""
        try:
            self.buffer = self.buffer[self.begin :] + self.stream.read(BLOCK)
        except DAMAGE as error:
            raise FileError(
                self.path,
                f"after word {self.count:,}",
                f"the file is damaged or cut short ({error}): fetch it again.",
            ) from None
        self.begin = 0
        return self.buffer

    def block(self, promised, size, wanted):
        """Return numbers, words and vectors of the wanted words in about a block."""
        buffer, begin = self.rest(), 0
        numbers, words, pieces = [], [], []
        while self.count < promised:
            space = buffer.find(b" ", begin, begin + _LONGEST)
            end = space + 1 + 4 * size
            if space < 0 or end > len(buffer):
                break
            self.count += 1
            word = self._decode(buffer[begin:space])
            if wanted is None or word in wanted:
                numbers.append(self.count)
                words.append(word)
                pieces.append(buffer[space + 1 : end])
            begin = end
        if not begin:
            raise self._no_word(size)
        self.begin = begin
        return numbers, words, np.frombuffer(b"".join(pieces), "<f4").reshape(-1, size)

    def _decode(self, word):
        word = word.lstrip(b"\n")
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError:
            raise FileError(
                self.path,
                f"word {self.count:,}",
                f"{word[:40]!r} is not UTF-8: the file has another encoding, or another dimension "
                "than its first line says, or it is a text file.",
            ) from None

    def _no_word(self, size):
        """Return the error for a place where no whole word and vector follows."""
        left = len(self.buffer)
        if left > _LONGEST + 4 * size:
            problem = "no space ends this word: it is no binary file of word2vec."
        else:
            problem = f"the file ends within it ({left:,} bytes are left): it was cut short."
        return FileError(self.path, f"word {self.count + 1:,}", problem)
