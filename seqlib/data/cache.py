"""The cache folder: where files are kept, how they are verified, and one writer at a time.

A file is written in a work folder, verified, and then renamed into its place, so that a name in
the cache is always a whole file. Every use hashes the file again: one that has changed on disk is
never handed out.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path

import filelock
import platformdirs

from seqlib.data.errors import DamagedArchive, DataError


def root():
    """Return the folder that keeps fetched data: ``SEQLIB_DATA``, else the user's cache folder.

    Returns:
        A ``pathlib.Path``; it need not exist yet.
    """
    chosen = os.environ.get("SEQLIB_DATA", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("seqlib", appauthor=False)


def place(card, file):
    """Return where `file` of a data set is kept, whether it is there or not.

    Args:
        card: A ``schema.Card``.
        file: Name of a member or of a canonical file.

    Returns:
        A ``pathlib.Path``.
    """
    return root() / card.name / file


def digest(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits.

    Args:
        path: A ``pathlib.Path``.

    Returns:
        A string.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify_archive(path, archive):
    """Raise ``DamagedArchive`` unless `path` is the wheel that a card pins."""
    found = digest(path)
    if found != archive.sha256:
        raise DamagedArchive(
            f"{path.name} is not the {archive} that the card pins: it is altered, truncated or "
            f"another build ({path.stat().st_size:,} bytes, sha256 {found}; expected "
            f"{archive.size:,} bytes, sha256 {archive.sha256})."
        )


def verify_member(path, member):
    """Raise ``DamagedArchive`` unless `path` holds the bytes of a member."""
    found = digest(path)
    if found != member.sha256:
        raise DamagedArchive(
            f"{member.file} is not the file that the card describes ({path.stat().st_size:,} "
            f"bytes, sha256 {found}; expected {member.size:,} bytes, sha256 {member.sha256})."
        )


def write(path, chunks):
    """Write the chunks to a file; a failed write leaves no file.

    Args:
        path: A ``pathlib.Path`` in a work folder.
        chunks: Iterable of ``bytes``.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    try:
        with path.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def publish(made, path):
    """Move a finished file into its place in the cache, replacing what was there.

    Args:
        made: Path in a work folder, on the same disk.
        path: The place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, path)


def missing(card):
    """Return the members of a data set that are absent or not whole.

    Args:
        card: A ``schema.Card``.

    Returns:
        Two lists of ``schema.Member``: the absent ones, and those whose bytes have changed.

    Raises:
        DataError: A file is there but cannot be read.
    """
    absent, damaged = [], []
    for member in card.members:
        path = place(card, member.file)
        try:
            if digest(path) != member.sha256:
                damaged.append(member)
        except (FileNotFoundError, NotADirectoryError):
            absent.append(member)
        except OSError as error:
            raise DataError(
                f"{path} cannot be read ({error.strerror}). Mend its permissions, or set "
                "SEQLIB_DATA to another folder."
            ) from None
    return absent, damaged


def seal(path):
    """Return where the hash of a file without a published hash is noted when it arrives."""
    return path.with_name(path.name + ".sha256")


def sealed(path):
    """Return whether a file without a published hash is as it was when it arrived."""
    try:
        return digest(path) == seal(path).read_text(encoding="utf-8").strip()
    except OSError:
        return False


@contextlib.contextmanager
def workshop(key):
    """Give an empty work folder on the cache's disk to one process at a time.

    Args:
        key: What is being fetched; processes with the same key wait for one another. The lock is
            the operating system's, so it ends with the process that holds it.

    Yields:
        The folder. It is emptied at the start, in case an earlier process was killed, and
        removed at the end.

    Raises:
        DataError: The cache folder cannot be written, or its disk is full.
    """
    try:
        locks, folder = root() / ".locks", root() / ".work" / key
        locks.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(locks / f"{key}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            print(f"Another process is fetching {key}; waiting for it.", flush=True)
            lock.acquire()
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full_disk(root()) from None
        raise DataError(
            f"The data folder {root()} cannot be written ({error.strerror or error}). "
            "Set the environment variable SEQLIB_DATA to a folder that can."
        ) from None


def full_disk(folder):
    """Return the error for a disk that filled up."""
    try:
        free = f" ({shutil.disk_usage(folder).free / 1e6:.1f} MB are free)"
    except OSError:
        free = ""
    return DataError(
        f"The disk of the data folder {root()} has too little room{free}; nothing half-written "
        "was left. Make room, or set the environment variable SEQLIB_DATA to a folder elsewhere."
    )
