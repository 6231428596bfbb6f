"""One line of a text file of word vectors: a word, and as many numbers as the other lines have.

The numbers are split off from the right, at single spaces, so that a word may hold anything else:
spaces, quotes, no-break spaces, characters that Unicode counts as line ends.
"""

import re
from collections import Counter

import numpy as np

from seqlib.word_vectors.errors import VectorFileError

# A number with a point or an exponent, as files of vectors have them, and words seldom do.
_FRACTION = re.compile(rb"[+-]?(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?", re.IGNORECASE)

_LARGEST = float(np.finfo(np.float32).max)


def tidy(block, spaced):
    """Take out what may stand at the end of every line: a carriage return, one space.

    Args:
        block: Whole lines, ``bytes``.
        spaced: Whether the lines of this file end with a space, as those of word2vec's own
            program do.

    Returns:
        The block, the same object where there is nothing to take out.
    """
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    return block.replace(b" \n", b"\n") if spaced else block


def dimension(block):
    r"""Return how many numbers follow the word on most of the first thousand lines.

    Args:
        block: Whole lines, tidied.

    Example:
        >>> dimension(b"the .1 .2 .3\n. . . .4 .5 .6\nof .7 .8 .9\n")
        3
    """
    counts = Counter(line.count(b" ") for line in block.split(b"\n", 1000)[:1000] if line)
    return counts.most_common(1)[0][0] if counts else 0


def split(line, size, path, number):
    """Split one line into its word and its numbers.

    Args:
        line: The line without its end, ``bytes``.
        size: How many numbers it has to have.
        path: The file, for the message.
        number: Number of the line, from 1.

    Returns:
        The word, a string, and the numbers as they stand, separated by spaces, ``bytes``.

    Raises:
        VectorFileError: The line is not of this form.
    """
    place = f"line {number:,}"
    if not line.strip():
        raise VectorFileError(path, place, "the line is empty. Take it out.")
    line = line.removesuffix(b" ")
    fields = line.count(b" ")
    if fields < size:
        raise VectorFileError(
            path,
            place,
            f"{fields:,} numbers follow the word, {size:,} are expected: the line is damaged, or "
            "the file was cut short. Fetch it again, or mend the line.",
        )
    word = line.rsplit(b" ", size)[0] if fields > size else line.partition(b" ")[0]
    extra = word.split(b" ")[1:]
    if extra and all(_FRACTION.fullmatch(field) for field in extra):
        raise VectorFileError(
            path,
            place,
            f"{size + len(extra):,} numbers follow the word, {size:,} are expected. Take the line "
            "out, or mend it.",
        )
    try:
        return word.decode("utf-8"), line[len(word) + 1 :]
    except UnicodeDecodeError:
        raise VectorFileError(
            path,
            place,
            f"the word {word[:40]!r} is not UTF-8. Convert the file to UTF-8 first, for instance "
            "with iconv -f latin1 -t utf-8.",
        ) from None


def check_numbers(numbers, word, path, number):
    """Raise `VectorFileError` unless every number of a line is one, and finite in float32."""
    fields = numbers.split(b" ")
    for position, text in enumerate(fields, 1):
        try:
            finite = abs(float(text)) <= _LARGEST
        except ValueError:
            finite = False
        if not finite:
            raise VectorFileError(
                path,
                f"line {number:,}",
                f"number {position:,} of {len(fields):,} is {text.decode(errors='replace')!r}, "
                f"after the word {word!r}; every number must be finite. Take the line out, or "
                "mend it.",
            )
