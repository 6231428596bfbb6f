"""Read word vectors from text, a block of lines at a time: a few megabytes are ever in memory.

A word and its numbers stand on each line, separated by single spaces; the files of word2vec have a
line with both counts before. Polars parses a block in compiled code, with quoting off. It does not
know where a word with spaces ends, takes out a byte order mark at the start of a block and a
carriage return at the end of a word, and may overlook an empty line. So a block that it refuses, or
that could hold one of these, is split line by line; its numbers are then parsed by the same code,
to come out the same.
"""

import io
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np

from seqlib.word_vectors import lines
from seqlib.word_vectors.errors import VectorFileError, repeated
from seqlib.word_vectors.opening import DAMAGE, opened

BLOCK = 2_000_000  # bytes: small enough for the cache, large enough to be worth a call
_AHEAD = 2  # blocks that are parsed side by side
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(path, rows, header=False, member=None):
    """Read a whole file.

    Args:
        path: A ``pathlib.Path``.
        rows: Where the vectors go: `rows.InMemory` or `rows.InFile`.
        header: Whether the first line has the number of words and the dimension.
        member: Which file of a zip.

    Returns:
        The words, a list of strings in the order of the file.

    Raises:
        OSError: The file is not there or cannot be read.
        VectorFileError: It is not what it should be; the message names the line.
    """
    with opened(path, member) as stream:
        promised, size, blocks, begin = _start(path, stream, header)
        words = []
        for new_words, block in _parsed(blocks, size, path, begin):
            words += new_words
            rows.append(block)
    if promised is not None and promised != len(words):
        raise VectorFileError(
            path,
            f"line {begin + len(words):,}",
            f"the file ends after {len(words):,} words, but its first line promises {promised:,}: "
            "it was cut short, or its first line is wrong. Fetch it again, or mend that line.",
        )
    if len(set(words)) < len(words):
        raise repeated(path, words, lambda row: f"line {row + begin + 1:,}")
    return words


def read_wanted(path, wanted, header=False, member=None):
    """Read some words of a file; the numbers of the other words are never parsed.

    Reading ends where all have been found. Lines of other words are not checked.

    Args:
        path: A ``pathlib.Path``.
        wanted: Set of strings.
        header: As for `read`.
        member: As for `read`.

    Returns:
        The words that were found, in the order of the file, and their vectors, an array
        (words, dimension) of float32.

    Raises:
        OSError: The file is not there or cannot be read.
        VectorFileError: A line of a wanted word is not what it should be.
    """
    pairs, numbers = {}, []  # word -> its numbers as they stand; the numbers of their lines
    with opened(path, member) as stream:
        _, size, blocks, begin = _start(path, stream, header)
        for line, number in _beginning_with(_heads(wanted), blocks, begin):
            word, text = lines.split(line, size, path, number)
            if word not in wanted:
                continue
            numbers.append(number)
            if word in pairs:
                raise repeated(path, [*pairs, word], lambda row: f"line {numbers[row]:,}")
            pairs[word] = text
            if len(pairs) == len(wanted):
                break
    if not pairs:
        return [], np.empty((0, size), np.float32)
    return list(pairs), _numbers(list(pairs.items()), size, path, numbers)


def _heads(words):
    """Return what the lines of some words may have before their first space."""
    return {word.encode().partition(b" ")[0] for word in words}


def _beginning_with(heads, blocks, number):
    """Yield the lines that have one of `heads` before their first space, and their numbers.

    Nothing is copied of the other lines; this loop is all that they cost.
    """
    for block in blocks:
        find, begin, end = block.find, 0, len(block)
        while begin < end:
            number += 1
            if block[begin : find(b" ", begin)] in heads:
                yield block[begin : find(b"\n", begin)], number
            begin = find(b"\n", begin) + 1


def _start(path, stream, header):
    """Return what the first lines tell, and the blocks of lines from the first vector on.

    Returns:
        The promised number of words (None without a header), the dimension, an iterator of
        tidied blocks that end with a line end, and how many lines stand before the first vector.
    """
    blocks = _blocks(path, stream)
    first = next(blocks, b"")
    if not first.strip():
        raise VectorFileError(path, "", "the file is empty.")
    promised = size = None
    if header:
        line, _, first = first.partition(b"\n")
        counts = line.split()
        if len(counts) != 2 or not all(count.isdigit() for count in counts):
            raise VectorFileError(
                path,
                "line 1",
                f"a header with the number of words and the dimension was expected, got "
                f"{line[:60]!r}. A file without a header is read by load_glove.",
            )
        promised, size = map(int, counts)
        if not promised or not size:
            raise VectorFileError(path, "line 1", f"the header {line.decode()!r} promises nothing.")
        if not first:
            first = next(blocks, b"")
    else:
        size = lines.dimension(first)
        counts = first.partition(b"\n")[0].split()
        if len(counts) == 2 and all(count.isdigit() for count in counts) and size != 1:
            raise VectorFileError(
                path,
                "line 1",
                f"this looks like a header ({counts[0].decode()} words of dimension "
                f"{counts[1].decode()}). A file with a header is read by load_word2vec.",
            )
        if not size:
            raise VectorFileError(
                path, "line 1", f"no numbers follow the word: {first[:60]!r}. Wrong file?"
            )
    return promised, size, chain([first] if first else [], blocks), int(header)


def _blocks(path, stream):
    """Yield tidied blocks of whole lines, each with the line end of its last line."""
    plain = isinstance(stream, io.BufferedReader)  # not packed, so that it cannot be torn
    count, spaced = 0, None
    while True:
        try:
            block = stream.read(BLOCK)
            if block and not block.endswith(b"\n"):
                block += stream.readline()
        except DAMAGE as error:
            place = "" if plain else f"after line {count:,}"
            raise VectorFileError(
                path, place, f"the file is damaged or cut short ({error}): fetch it again."
            ) from None
        if not block:
            return
        if not block.endswith(b"\n"):
            block += b"\n"
        if not plain:
            count += block.count(b"\n")
        if spaced is None:  # judged by the second line, as a header need not be like the others
            spaced = block.split(b"\n", 2)[:2][-1].removesuffix(b"\r").endswith(b" ")
        yield lines.tidy(block, spaced)


def _parsed(blocks, size, path, begin):
    """Yield the words and the vectors of each block, while the next ones are being parsed."""
    waiting = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for block in chain(blocks, [None] * _AHEAD):
            if block is not None:
                waiting.append((block, pool.submit(_parse, block, size)))
            if len(waiting) > _AHEAD or (block is None and waiting):
                block, future = waiting.popleft()
                words, vectors = future.result() or _carefully(block, size, path, begin)
                begin += len(words)
                yield words, vectors


def _parse(block, size):
    """Return the words and the vectors of a block, or None where it needs a careful look."""
    if b"\r" in block or block.startswith((_BYTE_ORDER_MARK, b"\n")) or block.endswith(b"\n\n"):
        return None
    try:
        table = _by_polars(block, size)
    except VectorFileError:
        return None
    words = table[:, 0]
    vectors = table[:, 1:].to_numpy(order="c")  # (lines, size); a number that is missing is NaN
    if words.null_count() or not np.isfinite(vectors).all():
        return None
    return words.to_list(), vectors


def _carefully(block, size, path, begin):
    """Return the words and the vectors of a block, each line looked at by itself.

    Args:
        block: Whole lines.
        size: The dimension.
        path: The file.
        begin: How many lines stand before the block.
    """
    found = block.split(b"\n")[:-1]
    numbers = range(begin + 1, begin + 1 + len(found))
    pairs = [lines.split(line, size, path, n) for line, n in zip(found, numbers, strict=True)]
    return [word for word, _ in pairs], _numbers(pairs, size, path, numbers)


def _numbers(pairs, size, path, numbers):
    """Return the vectors of some lines, array (lines, size) of float32.

    Args:
        pairs: List of (word, its numbers as they stand).
        size: The dimension.
        path: The file.
        numbers: The number of each line.
    """
    text = b"".join([b". %b\n" % fields for _, fields in pairs])
    try:
        vectors = _by_polars(text, size)[:, 1:].to_numpy(order="c")
        suspects = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    except VectorFileError:
        vectors, suspects = None, range(len(pairs))
    for row in suspects:
        word, fields = pairs[row]
        lines.check_numbers(fields, word, path, numbers[row])
    if vectors is None:  # a way to write a number that Python knows, and Polars does not
        vectors = np.array([fields.split(b" ") for _, fields in pairs], dtype=np.float32)
    return vectors


def _by_polars(block, size):
    """Return a block as a table of words and numbers; `VectorFileError` where it is none."""
    import polars as pl  # a tenth of a second that a reload from the cache need not wait for

    schema = {"word": pl.String, **{str(column): pl.Float32 for column in range(size)}}
    try:
        return pl.read_csv(block, has_header=False, separator=" ", quote_char=None, schema=schema)
    except pl.exceptions.PolarsError as error:
        raise VectorFileError("block", "", str(error)) from None
