"""The cache folder: where files are kept, how they are verified, and one writer at a time.

A name in the cache is always a whole file, and every use hashes it again: one that has changed on
disk is never handed out.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path

import filelock
import platformdirs

from seqlib.files import move, write_text


class DataError(Exception):
    """A data set could not be described, fetched, verified or read."""


class DamagedArchive(DataError):
    """A download is not the file that the card pins: altered, truncated, or another version."""


def root():
    """Return the folder of fetched data: ``SEQLIB_DATA``, else one in the user's cache folder."""
    chosen = os.environ.get("SEQLIB_DATA", "").strip()
    try:
        folder = Path(chosen or platformdirs.user_cache_path("seqlib", appauthor=False))
        folder = folder.expanduser().absolute()
    except RuntimeError as error:  # a user that the system does not know
        raise DataError(
            f"No folder for data is known ({error}). Set the environment variable SEQLIB_DATA to "
            "the path of one."
        ) from None
    if chosen:  # the same one later, and in every process that this one starts
        os.environ["SEQLIB_DATA"] = str(folder)
    return folder


def path_of(card, file):
    """Return where a file of a data set is kept, whether it is there or not."""
    return root() / card.name / file


def digest(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(path, pinned):
    """Raise ``DamagedArchive`` unless a file is the `cards.Wheel` or `cards.Member` pinned."""
    found = digest(path)
    if found != pinned.sha256:
        raise DamagedArchive(
            f"What came as {pinned} is not the file that the card pins: it is altered, truncated "
            f"or another version ({path.stat().st_size:,} bytes, sha256 {found}; expected "
            f"{pinned.size:,} bytes, sha256 {pinned.sha256})."
        )


def hash_note(path):
    """Return the file that notes the hash of one without a published hash, as it arrived."""
    return path.with_name(path.name + ".sha256")


def is_whole(path, pinned=None):
    """Return whether a file is there with the hash on its card, or else the one noted."""
    try:
        expected = pinned.sha256 if pinned else hash_note(path).read_text(encoding="utf-8").strip()
        return digest(path) == expected
    except OSError:
        return False


def move_into_place(made, path, pinned=None):
    """Move a finished file into the cache: verified against its card, or else its hash noted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if pinned:
        verify(made, pinned)
    else:
        write_text(hash_note(path), digest(made) + "\n")
    move(made, path)


def missing(card):
    """Return the members of a data set that are absent, and those whose bytes have changed."""
    absent, damaged = [], []
    for member in card.members:
        path = path_of(card, member.file)
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


def made_once(card, file, make):
    """Return the path of a file that ``make(path)`` writes where it is not whole."""
    path = path_of(card, file)
    if not is_whole(path):
        with exclusive_folder(f"{card.name}-{path.stem}") as folder:
            if not is_whole(path):  # another process may have made it meanwhile
                make(folder / file)
                move_into_place(folder / file, path)
    return path


@contextlib.contextmanager
def exclusive_folder(key, within=None):
    """Give an empty work folder, on the cache's disk or `within` a folder, to one at a time."""
    try:
        locks, folder = root() / ".locks", (within or root() / ".work") / key
        locks.mkdir(parents=True, exist_ok=True)
        # The operating system's own lock: it ends with the process that holds it.
        lock = filelock.FileLock(locks / f"{key}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            print(f"Another process is fetching {key}; waiting for it.", flush=True)
            lock.acquire()
        try:
            shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
            folder.mkdir(parents=True)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full_disk(root()) from None
        raise DataError(
            f"The data folder {root()} cannot be written ({error}). "
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
