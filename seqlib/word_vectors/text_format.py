"""Read word vectors from text, a block of lines at a time: a few megabytes are ever in memory.

A word and its numbers stand on each line, separated by single spaces; the files of word2vec have a
line with both counts before. The numbers are split off from the right, so that a word may hold
anything else: spaces, quotes, no-break spaces, characters that Unicode counts as line ends.

Polars parses a block in compiled code, with quoting off. It does not know where a word with spaces
ends, takes out a byte order mark at the start of a block and a carriage return at the end of a
word, and may overlook an empty line. So a block that it refuses, or that could hold one of these,
is split line by line; its numbers are then parsed by the same code, to come out the same.
"""

import re
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np

from seqlib.files import DAMAGE, FileError
from seqlib.word_vectors.compressed import opened

BLOCK = 2_000_000  # bytes: small enough for the processor's cache, large enough to be worth a call
_AHEAD = 2  # blocks that are parsed side by side
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LARGEST = float(np.finfo(np.float32).max)

# A number with a point or an exponent, as files of vectors have them, and words seldom do.
_FRACTION = re.compile(rb"[+-]?(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?", re.IGNORECASE)


def read(path, header=False, member=None, wanted=None):
    """Yield line numbers, words and vectors, (lines, dimension) of float32, block by block."""
    with opened(path, member) as stream:
        blocks = _blocks(path, stream)
        first = next(blocks, b"").removeprefix(_BYTE_ORDER_MARK)
        if not first.strip():
            raise FileError(path, "", "the file is empty.")
        promised = None
        if header:
            line, _, first = first.partition(b"\n")
            promised, size = parse_header(path, line, "A file without one is read by load_glove.")
            first = first or next(blocks, b"")
            if size > len(first) > 0:
                problem = f"it promises {size:,} numbers a line; mend it, or fetch the file again."
                raise FileError(path, "line 1", problem)
        # The program of word2vec ends every line with a space.
        spaced = first.partition(b"\n")[0].removesuffix(b"\r").endswith(b" ")
        blocks = (strip_line_ends(block, spaced) for block in chain([first], blocks) if block)
        if not header:
            first = next(blocks)
            size = _dimension(path, first)
            blocks = chain([first], blocks)
        if wanted is not None:  # the other lines are not checked, nor read once all were found
            yield from _read_wanted(path, blocks, size, int(header), wanted)
            return
        begin = int(header)  # lines before the block
        for block, parsed in _parsed(blocks, size):
            words, vectors = parsed or _parse_line_by_line(path, block, size, begin)
            yield range(begin + 1, begin + 1 + len(words)), words, vectors
            begin += len(words)
        count = begin - int(header)
        if promised not in (None, count):
            raise FileError(
                path,
                f"line {begin:,}",
                f"the file ends after {count:,} words, but its first line promises {promised:,}: "
                "it was cut short, or its first line is wrong. Fetch it again, or mend that line.",
            )


def parse_header(path, line, hint):
    """Return the number of words and the dimension from the first line of a file of word2vec."""
    counts = line.split()
    if len(counts) != 2 or not all(count.isdigit() and len(count) < 20 for count in counts):
        raise FileError(
            path,
            "line 1",
            "a header with the number of words and the dimension was expected, got "
            f"{line[:60]!r}. {hint}",
        )
    words, size = map(int, counts)
    if not words or not size:
        raise FileError(path, "line 1", f"the header {line.decode()!r} promises nothing.")
    return words, size


def _dimension(path, block):
    """Return how many numbers follow the word on most of the first thousand lines."""
    found = block.split(b"\n", 1000)[:1000]
    size = Counter(line.count(b" ") for line in found if line).most_common(1)[0][0]
    counts = found[0].split()
    if len(counts) == 2 and all(count.isdigit() for count in counts) and size != 1:
        raise FileError(
            path,
            "line 1",
            f"this looks like a header ({counts[0].decode()} words of dimension "
            f"{counts[1].decode()}). A file with a header is read by load_word2vec.",
        )
    if not size:
        raise FileError(path, "line 1", f"no numbers follow the word: {block[:60]!r}. Wrong file?")
    return size


def _blocks(path, stream):
    """Yield blocks of whole lines, each with the line end of its last line."""
    count = 0
    while True:
        try:
            block = stream.read(BLOCK)
            if block and not block.endswith(b"\n"):
                block += stream.readline()
        except DAMAGE as error:
            raise FileError(
                path,
                f"after line {count:,}",
                f"the file is damaged or cut short ({error}): fetch it again.",
            ) from None
        if not block:
            return
        count += block.count(b"\n")
        yield block if block.endswith(b"\n") else block + b"\n"


def strip_line_ends(block, spaced):
    """Take out what may stand at the end of every line: a carriage return, one space."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    return block.replace(b" \n", b"\n") if spaced else block


def _read_wanted(path, blocks, size, begin, wanted):
    """Yield the numbers, words and vectors of the lines of some words alone."""
    heads = {word.encode().partition(b" ")[0] for word in wanted}  # before the first space
    numbers, pairs, left = [], [], set(wanted)
    for number, line in _beginning_with(heads, blocks, begin):
        pair = _split(path, line, size, number)
        if pair[0] in wanted:
            numbers.append(number)
            pairs.append(pair)
            left.discard(pair[0])
            if not left:
                break
    if pairs:
        yield numbers, [word for word, _ in pairs], _numbers(path, pairs, size, numbers)


def _beginning_with(heads, blocks, number):
    """Yield numbers and lines with one of `heads` before the first space; copy no other line."""
    for block in blocks:
        find, begin = block.find, 0
        while begin < len(block):
            number, end = number + 1, find(b"\n", begin)
            if block[begin : find(b" ", begin)] in heads:
                yield number, block[begin:end]
            begin = end + 1


def _parsed(blocks, size):
    """Yield each block and what `_parse` makes of it, while the next ones are being parsed."""
    waiting = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for block in blocks:
            waiting.append((block, pool.submit(_parse, block, size)))
            if len(waiting) > _AHEAD:
                block, parsed = waiting.popleft()
                yield block, parsed.result()
        for block, parsed in waiting:
            yield block, parsed.result()


def _parse(block, size):
    """Return the words and the vectors of a block, or None where it needs a careful look."""
    if b"\r" in block or block.startswith(b"\n") or block.endswith(b"\n\n"):
        return None
    table = _table(block, size)
    if table is None:
        return None
    words = table[:, 0]
    vectors = table[:, 1:].to_numpy(order="c")  # (lines, size); a number that is missing is NaN
    if words.null_count() or not np.isfinite(vectors).all():
        return None
    return words.to_list(), vectors


def _parse_line_by_line(path, block, size, begin):
    """Return the words and the vectors of a block before which so many lines stand."""
    lines = block.split(b"\n")[:-1]
    numbers = range(begin + 1, begin + 1 + len(lines))
    pairs = [_split(path, line, size, n) for line, n in zip(lines, numbers, strict=True)]
    return [word for word, _ in pairs], _numbers(path, pairs, size, numbers)


def _split(path, line, size, number):
    """Split one line into its word, a string, and its numbers as they stand, bytes."""
    place = f"line {number:,}"
    if not line.strip():
        raise FileError(path, place, "the line is empty. Take it out.")
    line = line.removesuffix(b" ")
    fields = line.count(b" ")
    if fields < size:
        raise FileError(
            path,
            place,
            f"{fields:,} numbers follow the word, {size:,} are expected: the line is damaged, or "
            "the file was cut short. Fetch it again, or mend the line.",
        )
    word = line.rsplit(b" ", size)[0]
    extra = word.split(b" ")[1:]
    if extra and all(_FRACTION.fullmatch(field) for field in extra):
        raise FileError(
            path,
            place,
            f"{size + len(extra):,} numbers follow the word, {size:,} are expected. Take the line "
            "out, or mend it.",
        )
    try:
        return word.decode("utf-8"), line[len(word) + 1 :]
    except UnicodeDecodeError:
        raise FileError(
            path,
            place,
            f"the word {word[:40]!r} is not UTF-8. Convert the file to UTF-8 first, for instance "
            "with iconv -f latin1 -t utf-8.",
        ) from None


def _numbers(path, pairs, size, numbers):
    """Return the vectors, (lines, size), of pairs of a word and its numbers as they stand."""
    table = _table(b"".join([b". %b\n" % fields for _, fields in pairs]), size)
    vectors, suspects = None, range(len(pairs))
    if table is not None:
        vectors = table[:, 1:].to_numpy(order="c")
        suspects = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    for row in suspects:
        word, fields = pairs[row]
        _check_numbers(path, word, fields, numbers[row])
    if vectors is None:  # a way to write a number that Python knows, and Polars does not
        vectors = np.array([fields.split(b" ") for _, fields in pairs], dtype=np.float32)
    return vectors


def _check_numbers(path, word, numbers, line):
    """Raise `FileError` unless every number of a line is one, and finite in float32."""
    fields = numbers.split(b" ")
    for position, text in enumerate(fields, 1):
        try:
            finite = abs(float(text)) <= _LARGEST
        except ValueError:
            finite = False
        if not finite:
            raise FileError(
                path,
                f"line {line:,}",
                f"number {position:,} of {len(fields):,} is {text.decode(errors='replace')!r}, "
                f"after the word {word!r}; every number must be finite. Take the line out, or "
                "mend it.",
            )


def _table(text, size):
    """Return lines as a table of a word and its numbers; None where Polars refuses them."""
    import polars as pl  # a tenth of a second that a reload from the cache need not wait for

    schema = {"word": pl.String, **{str(column): pl.Float32 for column in range(size)}}
    try:
        return pl.read_csv(text, has_header=False, separator=" ", quote_char=None, schema=schema)
    except pl.exceptions.PolarsError:
        return None
