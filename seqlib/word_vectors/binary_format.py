"""Read and write the binary format of word2vec.

A line of text holds the number of words and the dimension. Then each word follows in UTF-8, a
space, and its numbers as float32, least significant byte first; a line end may stand before a
word, as word2vec's own program writes it.
"""

import numpy as np

from seqlib.word_vectors.errors import VectorFileError, repeated
from seqlib.word_vectors.opening import DAMAGE, opened

BLOCK = 4_000_000  # bytes that are read at a time
_LONGEST = 2_000  # bytes: no word is longer; where no space comes, the file is something else


def read(path, rows, member=None, wanted=None):
    """Read a file.

    Args:
        path: A ``pathlib.Path``.
        rows: Where the vectors go: `rows.InMemory` or `rows.InFile`.
        member: Which file of a zip.
        wanted: Set of the words to keep; None for all.

    Returns:
        The words, a list of strings in the order of the file.

    Raises:
        OSError: The file is not there or cannot be read.
        VectorFileError: It is not what it should be; the message names the word by its number.
    """
    with opened(path, member) as stream:
        reader = _Reader(path, stream)
        promised, size = _header(path, reader.line())
        words, numbers = [], []  # the number in the file of each word that is kept, from 1
        while reader.count < promised and (wanted is None or len(words) < len(wanted)):
            found, vectors, before = *reader.vectors(promised, size, wanted), len(words)
            words += [word for _, word in found]
            numbers += [number for number, _ in found]
            if len(words) > before:
                rows.append(vectors)
            if not np.isfinite(vectors).all():
                row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0]) + before
                raise VectorFileError(
                    path,
                    f"word {numbers[row]:,}",
                    f"the vector of {words[row]!r} has a number that is not finite.",
                )
        if wanted is None and reader.count == promised and reader.rest().strip(b"\n"):
            raise VectorFileError(
                path,
                f"after word {promised:,}",
                "the file goes on after the last word that its first line promises: it is no "
                "binary file of word2vec, or its first line is wrong.",
            )
    if len(set(words)) < len(words):
        raise repeated(path, words, lambda row: f"word {numbers[row]:,}")
    return words


def write(stream, words, matrix):
    """Write words, none with a space or a line end, and their matrix; see `read` for the format."""
    stream.write(b"%d %d\n" % matrix.shape)
    for word, vector in zip(words, matrix, strict=True):
        stream.write(word.encode() + b" " + np.asarray(vector, "<f4").tobytes() + b"\n")


def _header(path, line):
    counts = line.split()
    if len(counts) != 2 or not all(count.isdigit() for count in counts) or b"0" in counts:
        raise VectorFileError(
            path,
            "line 1",
            "a header with the number of words and the dimension was expected, got "
            f"{line[:60]!r}. Is it a text file? Then leave out binary=True, or use load_glove.",
        )
    return int(counts[0]), int(counts[1])


class _Reader:
    """A stream that is read block by block, and cut at the ends of words and vectors."""

    def __init__(self, path, stream):
        self.path, self.stream = path, stream
        self.buffer, self.begin = b"", 0  # what was read, and where in it reading goes on
        self.count = 0  # words that have been passed

    def line(self):
        """Return the first line, without its end, and at most 100 bytes of it."""
        self._more()
        line, end, _ = self.buffer[:100].partition(b"\n")
        self.begin = len(line + end)
        return line

    def rest(self):
        """Return what is left of the stream, but no more than a block."""
        self._more()
        return self.buffer[self.begin :]

    def vectors(self, promised, size, wanted):
        """Read on for about a block.

        Returns:
            List of (number, word) and array (words, size) of float32; of the wanted words alone.
        """
        self._more()
        buffer, begin, found, pieces = self.buffer, self.begin, [], []
        while self.count < promised:
            space = buffer.find(b" ", begin, begin + _LONGEST)
            end = space + 1 + 4 * size
            if space < 0 or end > len(buffer):
                break
            self.count += 1
            word = self._decode(buffer[begin:space])
            if wanted is None or word in wanted:
                found.append((self.count, word))
                pieces.append(buffer[space + 1 : end])
            begin = end
        if begin == self.begin:
            raise self._no_word(begin, size)
        self.begin = begin
        return found, np.frombuffer(b"".join(pieces), "<f4").reshape(-1, size)

    def _more(self):
        """Drop what was passed and read a block more."""
        try:
            self.buffer = self.buffer[self.begin :] + self.stream.read(BLOCK)
        except DAMAGE as error:
            raise VectorFileError(
                self.path,
                f"after word {self.count:,}",
                f"the file is damaged or cut short ({error}): fetch it again.",
            ) from None
        self.begin = 0

    def _decode(self, word):
        word = word.lstrip(b"\n")
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError:
            raise VectorFileError(
                self.path,
                f"word {self.count:,}",
                f"{word[:40]!r} is not UTF-8: the file has another encoding, or another dimension "
                "than its first line says, or it is a text file.",
            ) from None

    def _no_word(self, begin, size):
        """Return the error for a place where no whole word and vector follows."""
        left = len(self.buffer) - begin
        if left > _LONGEST + 4 * size:
            problem = "no space ends this word: it is no binary file of word2vec."
        else:
            problem = f"the file ends within it ({left:,} bytes are left): it was cut short."
        return VectorFileError(self.path, f"word {self.count + 1:,}", problem)
