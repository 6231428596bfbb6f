"""Write a file whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_text(path, text):
    r"""Write a text file through a temporary one beside it, so that no reader meets half of it.

    Args:
        path: File to write or replace.
        text: Its whole content; lines end in ``\n`` on every system.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_text(Path(folder) / "a.txt", "whole")
        ...     (Path(folder) / "a.txt").read_text(encoding="utf-8")
        'whole'
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp allows its owner alone to read; a file of the project is read by all.
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
