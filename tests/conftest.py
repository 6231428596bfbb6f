"""What all tests share: the same examples of properties every time, and another disk."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("seqlib", derandomize=True, database=None, deadline=None)
settings.load_profile("seqlib")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that behaves as on a disk of its own: nothing is renamed into it or out of it."""
    folder, replace = tmp_path / "elsewhere", os.replace
    folder.mkdir()

    def replace_within(source, target):
        sides = {Path(path).resolve().is_relative_to(folder) for path in (source, target)}
        if len(sides) > 1:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_within)
    return folder
