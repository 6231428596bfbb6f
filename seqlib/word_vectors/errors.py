"""What can be wrong with a file of word vectors."""

from seqlib.files import FileError


class VectorFileError(FileError):
    """A file of word vectors is not what it should be; the message names the file and the place."""


def repeated(path, words, place):
    """Return the error for a word that a file has twice.

    Args:
        path: The file.
        words: Its words, a list of strings in the order of the file.
        place: Function from the number of a row, from 0, to its place in the file, a string.

    Returns:
        `VectorFileError`.
    """
    seen = {}
    for row, word in enumerate(words):
        first = seen.setdefault(word, row)
        if first != row:
            return VectorFileError(
                path,
                place(row),
                f"the word {word!r} is there for the second time (first: {place(first)}). Each "
                "word must have one vector: take one of the two out.",
            )
    raise AssertionError("no word is there twice")
