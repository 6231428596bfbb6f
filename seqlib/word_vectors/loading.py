"""From files to words and an array of vectors, through the cache or not."""

from pathlib import Path

import numpy as np

from seqlib.word_vectors import binary_format, cached, text_format
from seqlib.word_vectors.errors import VectorFileError, repeated
from seqlib.word_vectors.rows import InMemory


def glove(path, only=None, member=None, cache=True):
    """Read a text file without a header; see `WordVectors.load_glove`.

    Returns:
        List of words, array (words, dimension) of float32.
    """
    return _text(path, only, member, cache, header=False)


def word2vec(path, binary=False, only=None, member=None, cache=True):
    """Read a text file with a header, or a binary one; see `WordVectors.load_word2vec`.

    Returns:
        List of words, array (words, dimension) of float32.
    """
    if not binary:
        return _text(path, only, member, cache, header=True)
    path, wanted = Path(path), _wanted(only)

    def read_wanted():
        rows = InMemory()
        words = binary_format.read(path, rows, member, wanted)
        return words, rows.finish()

    return _read(
        path,
        f"binary {member or ''}",
        wanted,
        cache,
        read=lambda rows: binary_format.read(path, rows, member),
        read_wanted=read_wanted,
    )


def numpy_array(path, vocabulary):
    """Read a ``.npy`` file and its words; see `WordVectors.load_numpy`.

    Returns:
        List of words, array (words, dimension), memory-mapped.
    """
    path = Path(path)
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise VectorFileError(path, "", f"no whole .npy file of numbers ({error}).") from None
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2 or matrix.dtype.kind != "f":
        found = getattr(matrix, "shape", "several arrays"), getattr(matrix, "dtype", "")
        raise VectorFileError(
            path, "", f"it holds {found}. Allowed: one array (words, dimension) of floats."
        )
    if isinstance(vocabulary, (str, Path)):
        words = _word_list(Path(vocabulary))
    else:
        words = [str(word) for word in vocabulary]
    if len(words) != len(matrix):
        raise VectorFileError(
            path, "", f"it has {len(matrix):,} rows, but the vocabulary {len(words):,} words."
        )
    for begin in range(0, len(matrix), 10_000):
        whole = np.isfinite(matrix[begin : begin + 10_000]).all(axis=1)
        if not whole.all():
            row = begin + int(np.flatnonzero(~whole)[0])
            raise VectorFileError(
                path, f"row {row:,}", f"the vector of {words[row]!r} is not finite."
            )
    return words, matrix


def _text(path, only, member, cache, header):
    path, wanted = Path(path), _wanted(only)
    return _read(
        path,
        f"{'word2vec' if header else 'glove'} {member or ''}",
        wanted,
        cache,
        read=lambda rows: text_format.read(path, rows, header, member),
        read_wanted=lambda: text_format.read_wanted(path, wanted, header, member),
    )


def _read(path, form, wanted, cache, read, read_wanted):
    """Return words and vectors by the shortest way."""
    if wanted is not None:
        found = cached.kept(path, form) if cache else None
        if found is None:
            return read_wanted()
        words, matrix = found
        rows = [row for row, word in enumerate(words) if word in wanted]
        return [words[row] for row in rows], matrix[rows]
    if cache:
        return cached.read(path, form, read)
    rows = InMemory()
    words = read(rows)
    return words, rows.finish()


def _wanted(only):
    """Return the wanted words as a set; None for all."""
    if only is None:
        return None
    if isinstance(only, str):
        raise TypeError(f"only is the string {only!r}. Allowed: a collection of words, or None.")
    return {word for word in getattr(only, "tokens", only)}


def _word_list(path):
    """Return the words of a file, one a line."""
    try:
        words = path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise VectorFileError(path, f"line {line:,}", "it is not UTF-8.") from None
    words = [word.removesuffix("\r") for word in words]
    if len(set(words)) < len(words):
        raise repeated(path, words, lambda row: f"line {row + 1:,}")
    return words
