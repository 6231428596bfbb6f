"""Real pieces for the tests of music: kept before the tests, else these say what to run."""

import numpy as np
import pytest

from course.music import corpus as music_corpus
from course.music.piece import Piece, notes
from seqlib.data import cards


@pytest.fixture(scope="session")
def chorales():
    """All chorales."""
    return music_corpus.load(cards.card("bach_chorales"))


@pytest.fixture(scope="session")
def tunes():
    """All fiddle tunes."""
    return music_corpus.load(cards.card("ryans_mammoth"))


@pytest.fixture(scope="session")
def chorale(chorales):
    """A chorale with an upbeat."""
    return next(piece for piece in chorales if piece.bars[0] < 0)


@pytest.fixture
def single():
    """Return a piece of one long note."""

    def make(pitch, **facts):
        return Piece("one note", notes([(0, 0.0, 4.0, pitch)]), length=4.0, **facts)

    return make


def same_notes(one, other):
    """Whether two pieces have the same notes, fermatas left aside."""
    return len(one.notes) == len(other.notes) and all(
        np.allclose(one.notes[name], other.notes[name])
        for name in ("part", "onset", "duration", "pitch")
    )
