"""Write a file whole or not at all, and say what is wrong with one that was read."""

import contextlib
import errno
import lzma
import os
import secrets
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

# What a packed file that is damaged or cut short raises while it is read.
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


class FileError(ValueError):
    """A file is not what it should be; the message says where and how.

    Args:
        path: The file or folder.
        place: Where in it, such as ``"line 3"``; empty for the whole.
        problem: What is wrong there, and what is expected.

    Example:
        >>> print(FileError("config.json", "hidden_size", "got 'big'. Expected: an integer."))
        config.json, hidden_size: got 'big'. Expected: an integer.
    """

    def __init__(self, path, place, problem):
        super().__init__(f"{path}, {place}: {problem}" if place else f"{path}: {problem}")


@contextlib.contextmanager
def whole_file(path):
    """Open a file to be written in bytes, which takes its name when the block has ended well.

    No reader ever meets half of it, and where the block fails, what was there before stays. A file
    that is replaced keeps its permissions, and a link goes on pointing to it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with whole_file(Path(folder) / "a.bin") as file:
        ...         count = file.write(b"whole")
        ...     (Path(folder) / "a.bin").read_bytes()
        b'whole'
    """
    path = Path(path).resolve()  # what a link points to may be on another disk
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    r"""Write a text file whole or not at all, in UTF-8 with `\n` as line ends on every system."""
    with whole_file(path) as file:
        file.write(text.encode())


def move(made, path):
    """Give a finished file the name `path`, which may be on another disk."""
    try:
        os.replace(made, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with made.open("rb") as source, whole_file(path) as file:
            shutil.copyfileobj(source, file)


@contextlib.contextmanager
def opened_zip(file, name):
    """Open a zip file; whatever is wrong with it, as the block reads it, is a `FileError`."""
    try:
        with zipfile.ZipFile(file) as opened:
            yield opened
    except (*DAMAGE, struct.error, KeyError, RuntimeError, ValueError) as error:
        # Of the system's errors, that of a place before the file's beginning is about the zip.
        if isinstance(error, FileError) or getattr(error, "errno", errno.EINVAL) != errno.EINVAL:
            raise
        raise FileError(
            name, "", f"the zip is damaged or cut short, or another ({error}): fetch it again."
        ) from None
