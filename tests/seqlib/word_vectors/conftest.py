"""Fixtures: a cache folder of its own for each test, and the real vectors."""

import pytest

from seqlib import data
from seqlib.word_vectors import WordVectors


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder that does not exist yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SEQLIB_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def glove():
    """The vectors of the card; fetched before the tests, else this says what to run."""
    return WordVectors(*data.load("glove"))
