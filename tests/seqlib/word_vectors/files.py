"""Small made-up files of word vectors."""

import bz2
import gzip
import zipfile

import numpy as np

# Words that break readers which split at white space, know quotes, or trim.
NASTY = [
    *("the", ". . .", "at name@domain.com", '"', '"quoted', "its", "\u00a0", "\u0085", "a\u2028b"),
    *("\u200b", "\ufeff", "null", "nan", "-1.5", "1 800", "#", ",", "x\ty", "\t", "\x0b", "\x1c"),
    *("x\rz", "\r", "", "two  spaces", " ", "日本語", "🙂", "a\x00b"),
]


def numbers(count, size, seed=0):
    """Return an array (count, size) of float32 that four decimals write exactly enough."""
    return np.random.default_rng(seed).normal(size=(count, size)).round(4).astype("float32")


def lines(words, matrix):
    """Return the lines of a text file, as one string, with a line end after each."""
    rows = (" ".join(f"{x:.4f}" for x in row) for row in matrix)
    return "".join(f"{word} {row}\n" for word, row in zip(words, rows, strict=True))


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pack(path, packed, content):
    """Write bytes as they are, or packed by "gzip", "bzip2" or "zip"."""
    if packed != "zip":
        packer = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}[packed]
        return write(path, packer(content))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/a.txt", content)
    return path
