"""What can be wrong with a file of word vectors."""


class VectorFileError(ValueError):
    """A file of word vectors is not what it should be; the message names the file and the place.

    Args:
        path: The file.
        place: Where in it, such as ``"line 7"``; empty for the file as a whole.
        problem: What is wrong there, and what to do about it.

    Example:
        >>> print(VectorFileError("glove.txt", "line 7", "it is empty"))
        glove.txt, line 7: it is empty
    """

    def __init__(self, path, place, problem):
        super().__init__(f"{path}, {place}: {problem}" if place else f"{path}: {problem}")


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
