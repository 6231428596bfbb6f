"""Ways to load a text file of word vectors, each run in a process of its own; see `fresh`.

``python -m benchmarks.loaders NAME FILE`` loads the file, and prints as JSON the seconds that it
took, the peak of memory above the start in MB, the number of words, and the sum of a few vectors.
Libraries are imported before the clock starts. Loading ends when every number has been touched,
so that what is memory-mapped is in memory too.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy as np

_STEP = 40  # every 40th word is among the wanted ones, and among those whose vectors are summed


def made_up_words(count):
    """Return the words of the file, which is made up; see `embeddings.write_text_file`."""
    return [f"word{n}" for n in range(count)]


def wanted_words(count):
    """Return the words that are wanted where not all are: every 40th."""
    return made_up_words(count)[::_STEP]


def installed(name):
    """Return whether a library can be imported, without importing it."""
    return importlib.util.find_spec(name) is not None


def seqlib(path, only=None):
    """Return what loads a file by `WordVectors.load_glove`: all of it through the cache folder."""
    import polars  # noqa: F401  what the reader needs

    from seqlib.word_vectors import WordVectors

    def load():
        vectors = WordVectors.load_glove(path, only=only, cache=only is None)
        return vectors.index, vectors.matrix

    return load


def gensim(path, saved=False):
    """Return what loads a file by gensim, or opens what it has saved in its own format."""
    from gensim.models import KeyedVectors

    def load():
        if saved:
            vectors = KeyedVectors.load(f"{path}.gensim", mmap="r")
        else:
            vectors = KeyedVectors.load_word2vec_format(path, no_header=True)
        return vectors.key_to_index, vectors.vectors

    return load


def pandas(path):
    """Return what loads a file by the C engine of pandas."""
    import csv

    import pandas as pd

    with open(path, encoding="utf-8") as stream:
        size = stream.readline().count(" ")

    def load():
        table = pd.read_csv(
            path,
            sep=" ",
            header=None,
            index_col=0,
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            dtype={0: str, **dict.fromkeys(range(1, size + 1), np.float32)},
        )
        return {word: row for row, word in enumerate(table.index)}, table.to_numpy()

    return load


def line_loop(path, only=None):
    """Return the loop over lines that courses use; it parses the numbers of some words alone."""
    wanted = only and set(only)

    def load():
        vectors = {}
        with open(path, encoding="utf-8") as stream:
            for line in stream:
                word, *numbers = line.rstrip().split(" ")
                if wanted is None or word in wanted:
                    vectors[word] = np.asarray(numbers, dtype="float32")
        return vectors, None

    return load


LOADERS = {
    "seqlib": seqlib,
    "seqlib wanted": lambda path: seqlib(path, wanted_words(_count(path))),
    "gensim": gensim,
    "gensim saved": lambda path: gensim(path, saved=True),
    "pandas": pandas,
    "line loop": line_loop,
    "line loop wanted": lambda path: line_loop(path, wanted_words(_count(path))),
}


def main(name, path):
    """Load a file and print what it took."""
    load = LOADERS[name](path)
    before = _memory("VmRSS")
    begun = time.perf_counter()
    index, matrix = load()
    if matrix is not None:
        float(matrix.sum())
    seconds = time.perf_counter() - begun
    peak = _memory("VmHWM")
    words = list(index)[::_STEP] if "wanted" not in name else list(index)
    vectors = [index[word] if matrix is None else matrix[index[word]] for word in words[:1000]]
    found = {
        "seconds": seconds,
        "megabytes": peak - before if before is not None else None,
        "words": len(index),
        "sum": float(np.sum(vectors, dtype="float64")),
    }
    print(json.dumps(found))


def _count(path):
    """Return how many lines a file has."""
    with open(path, "rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 22), b""))


def _memory(key):
    """Return a figure of this process's memory in MB; None where the system does not tell."""
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    line = next(line for line in text.splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
