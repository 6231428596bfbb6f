"""From files to words and an array of vectors, through the cache where it may be used.

A text or binary file is read once and kept in the cache folder as plain numbers, to be opened
memory-mapped at once. The cache knows a file by its path, size and time of change, and by a hash of
its first and last 64 kB. Where one of these differs the file is read anew, and what was kept of it
before goes. A folder of the cache is written under another name and renamed: it is always whole.
"""

import hashlib
import io
import json
import os
import re
import shutil
from itertools import chain
from pathlib import Path

import numpy as np

from seqlib.data import cache
from seqlib.files import FileError
from seqlib.word_vectors import binary_format, text_format

_VERSION = 2  # of the layout; another one is read anew
_EDGE = 64_000  # bytes at both ends of a file that are hashed
_VECTORS, _WORDS = "vectors.f32", "words.json"


def read_file(path, form, only=None, member=None, use_cache=True):
    """Return words and vectors, (words, dimension), of a "glove", "word2vec" or "binary" file."""
    path, wanted = Path(path), _wanted(only)
    folder = _folder(path, f"{form} {member or ''}") if use_cache else None
    found = _opened(folder) if folder else None
    if found is None and folder and wanted is None:
        found = _read_into(folder, path, form, member)
    if found is None:
        stream = io.BytesIO()
        words, size = _copy(path, form, member, wanted, stream)
        found = words, np.frombuffer(stream.getbuffer(), "<f4").reshape(len(words), size)
    elif wanted is not None:
        words, matrix = found
        rows = [row for row, word in enumerate(words) if word in wanted]
        found = [words[row] for row in rows], matrix[rows]
    if not found[0]:
        raise FileError(path, "", f"it has none of the words that `only` names ({len(wanted):,}).")
    return found


def read_numpy(path, vocabulary):
    """Return the words and the memory-mapped array of a ``.npy`` file; see `WordVectors`."""
    path = Path(path)
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # of a damaged header, whatever reading it as Python raises
        raise FileError(path, "", f"no whole .npy file of numbers ({error}).") from None
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2 or matrix.dtype.kind != "f":
        found = getattr(matrix, "shape", "several arrays"), getattr(matrix, "dtype", "")
        raise FileError(
            path, "", f"it holds {found}. Allowed: one array (words, dimension) of floats."
        )
    if isinstance(vocabulary, (str, Path)):
        words = _word_list(Path(vocabulary))
    else:
        words = [str(word) for word in vocabulary]
    if len(words) != len(matrix):
        raise FileError(
            path, "", f"it has {len(matrix):,} rows, but the vocabulary {len(words):,} words."
        )
    for begin in range(0, len(matrix), 10_000):  # not all of a large file in memory at once
        for row in np.flatnonzero(~np.isfinite(matrix[begin : begin + 10_000]).all(axis=1)):
            row += begin
            raise FileError(path, f"row {row:,}", f"the vector of {words[row]!r} is not finite.")
    return words, matrix


def _wanted(only):
    """Return the wanted words as a set; None for all."""
    if only is None:
        return None
    if isinstance(only, str):
        raise TypeError(f"only is the string {only!r}. Allowed: a collection of words, or None.")
    return set(getattr(only, "tokens", only))


def _copy(path, form, member, wanted, stream):
    """Copy the vectors of a file to a stream, as float32; return the words and the dimension."""
    if form == "binary":
        unit, blocks = "word", binary_format.read(path, member, wanted)
    else:
        unit, blocks = "line", text_format.read(path, form == "word2vec", member, wanted)
    words, places, size = [], [], 0
    for numbers, new_words, vectors in blocks:
        words += new_words
        places.append(numbers)
        size = vectors.shape[1]
        stream.write(np.ascontiguousarray(vectors, "<f4"))
    _check_unique(path, words, unit, chain.from_iterable(places))
    return words, size


def _check_unique(path, words, unit, numbers):
    """Raise `FileError` for a word that a file has twice."""
    if len(set(words)) == len(words):
        return
    seen = {}
    for word, number in zip(words, numbers, strict=True):
        if word in seen:
            raise FileError(
                path,
                f"{unit} {number:,}",
                f"the word {word!r} is there for the second time (first: {unit} {seen[word]:,}). "
                "Each word must have one vector: take one of the two out.",
            )
        seen[word] = number


def _word_list(path):
    """Return the words of a file, one a line."""
    try:
        words = path.read_bytes().decode("utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FileError(path, f"line {line:,}", "it is not UTF-8.") from None
    words = [word.removesuffix("\r") for word in words]
    _check_unique(path, words, "line", range(1, len(words) + 1))
    return words


def _folder(path, form):
    """Return the folder of the cache for a file as it is now, and for the way it is read."""
    path = path.resolve()
    status = path.stat()
    with path.open("rb") as stream:
        edges = stream.read(_EDGE)
        stream.seek(max(status.st_size - _EDGE, 0))
        edges += stream.read(_EDGE)
    content = f"{_VERSION} {status.st_size} {status.st_mtime_ns} {_hash(edges)}"
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[:40]
    file = f"{stem}-{_hash(os.fsencode(path) + f' {form}'.encode())}"  # of any encoding
    return cache.root() / "word_vectors" / f"{file}-{_hash(content.encode())}"


def _hash(content):
    return hashlib.sha256(content).hexdigest()[:16]


def _opened(folder):
    """Return the words and vectors in a folder of the cache; None where they are not whole."""
    try:
        kept = json.loads((folder / _WORDS).read_bytes())
        words, shape = kept["words"], (len(kept["words"]), kept["dimension"])
        whole = (folder / _VECTORS).stat().st_size == 4 * shape[0] * shape[1]
        if not whole or set(map(type, words)) != {str} or len(set(words)) < len(words):
            raise ValueError("vectors without words, or words without vectors")
        return words, np.memmap(folder / _VECTORS, "<f4", mode="r", shape=shape)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _read_into(folder, path, form, member):
    """Return the words and vectors of a file that is read into a folder of the cache."""
    # Beside the folder that it will be: `word_vectors` may be a link to another disk.
    with cache.exclusive_folder(f".{folder.name}", folder.parent) as work:
        found = _opened(folder)  # another process may have read it meanwhile
        if found is None:
            made = work / "made"
            made.mkdir()
            with (made / _VECTORS).open("wb") as stream:
                words, size = _copy(path, form, member, None, stream)
            kept = json.dumps({"dimension": size, "words": words}, ensure_ascii=False)
            (made / _WORDS).write_text(kept, encoding="utf-8")
            file = folder.name.rpartition("-")[0]
            for older in folder.parent.glob(f"{file}-*"):  # of the file with another content
                shutil.rmtree(older, ignore_errors=True)
            os.replace(made, folder)
            found = _opened(folder)
    return found
