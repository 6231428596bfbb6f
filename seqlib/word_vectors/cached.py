"""Keep what was read from a file as NumPy arrays, to be opened memory-mapped at once.

The cache knows a file by its path, size and time of change, and by a hash of its first and last
64 kB. Where one of these differs the file is read anew, and what was kept of it before goes. A
folder of the cache is written under another name and renamed: it is always whole.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil

import numpy as np

from seqlib.data import cache
from seqlib.word_vectors.rows import InFile

VERSION = 1  # of the layout; another one is read anew
_EDGE = 64_000  # bytes at both ends of a file that are hashed
_VECTORS, _WORDS = "vectors.npy", "words.json"


def read(path, form, build):
    """Return the words and vectors of a file, from the cache or, the first time, into it.

    Args:
        path: A ``pathlib.Path``.
        form: String that says in what way the file is read.
        build: Function of `rows.InFile` that reads the file and returns its words.

    Returns:
        List of words, and their vectors, a memory-mapped array (words, dimension) of float32
        that cannot be written to.

    Raises:
        OSError: The file is not there or cannot be read.
        DataError: The cache folder cannot be written.
        Exception: What `build` raises; nothing is kept then.
    """
    place = _place(path, form)
    found = _opened(place)
    if found is not None:
        return found
    with cache.exclusive_folder(f"word_vectors-{place.name}") as folder:
        found = _opened(place)  # another process may have read it meanwhile
        if found is None:
            made = folder / "made"
            made.mkdir()
            words = _write(made, build)
            place.parent.mkdir(parents=True, exist_ok=True)
            _remove_older(place)
            os.replace(made, place)
            found = words, np.load(place / _VECTORS, mmap_mode="r")
    return found


def kept(path, form):
    """Return the words and vectors of a file if the cache has them, else None; see `read`."""
    return _opened(_place(path, form))


def _place(path, form):
    """Return the folder for a file as it is now: a name for the file, one for its content."""
    path = path.resolve()
    status = path.stat()
    with path.open("rb") as stream:
        edges = stream.read(_EDGE)
        stream.seek(max(status.st_size - _EDGE, 0))
        edges += stream.read(_EDGE)
    content = f"{VERSION} {status.st_size} {status.st_mtime_ns} {_hash(edges)}"
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[:40]
    file = f"{stem}-{_hash(f'{path} {form}'.encode())}"
    return cache.root() / "word_vectors" / f"{file}-{_hash(content.encode())}"


def _hash(content):
    return hashlib.sha256(content).hexdigest()[:16]


def _opened(place):
    """Return the words and vectors in a folder; None where it is not there, or damaged."""
    try:
        words = json.loads((place / _WORDS).read_bytes())
        vectors = np.load(place / _VECTORS, mmap_mode="r")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        words, vectors = [], np.empty((1, 0))
    if len(words) != len(vectors):
        shutil.rmtree(place, ignore_errors=True)
        return None
    return words, vectors


def _write(folder, build):
    rows = InFile(folder / _VECTORS)
    with contextlib.closing(rows):
        words = build(rows)
        rows.finish()
    text = json.dumps(words, ensure_ascii=False)
    (folder / _WORDS).write_text(text, encoding="utf-8")
    return words


def _remove_older(place):
    """Remove what was kept of the same file when it had another content."""
    file = place.name.rpartition("-")[0]
    for folder in place.parent.glob(f"{file}-*"):
        shutil.rmtree(folder, ignore_errors=True)
