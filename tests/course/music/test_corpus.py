"""music21's corpus kept as arrays: there and back, damage, and what may be missing."""

import importlib.metadata
import types

import numpy as np
import pytest

from course.music import corpus as music_corpus
from course.music.piece import Piece, notes
from seqlib.data import DataError

CARD = types.SimpleNamespace(name="made_up")

PIECES = [
    Piece("one", notes([(0, 0, 1, 60, True), (1, 0, 2, 48)]), 2.0, ("upper", "lower")),
    Piece("zwölf", notes([(0, 0, 1 / 3, 61)]), 1.0, ("",), np.array([-3.0, 1.0]), "3/4", -2),
]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Two short works of the corpus as a data set, and an empty cache folder."""
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    folders = {"made_up": ("leadSheet", 1)}
    monkeypatch.setattr(music_corpus, "FOLDERS", folders)
    return tmp_path


def same(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        assert np.array_equal(one.notes, other.notes)
        assert one.notes.dtype == other.notes.dtype
        assert np.array_equal(one.bars, other.bars)
        for name in ("title", "length", "parts", "time_signature", "sharps"):
            assert getattr(one, name) == getattr(other, name)


def test_pieces_come_back_as_they_were(tmp_path):
    music_corpus.save(tmp_path / "a.npz", PIECES)
    same(music_corpus.restore(tmp_path / "a.npz"), PIECES)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.98])
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path, kept):
    path = tmp_path / "a.npz"
    music_corpus.save(path, PIECES)
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(DataError, match=r"a\.npz is damaged .*remove it"):
        music_corpus.restore(path)


def test_a_file_of_other_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", other=np.zeros(3))
    with pytest.raises(DataError, match="is damaged"):
        music_corpus.restore(tmp_path / "a.npz")


def test_scores_are_read_once_and_anew_when_the_kept_file_is_damaged(corpus, capfd):
    first = music_corpus.load(CARD)
    assert len(first) == 2
    assert "Reading 2 scores" in capfd.readouterr().out

    same(music_corpus.load(CARD), first)
    assert capfd.readouterr() == ("", "")

    (kept,) = corpus.glob("made_up/*.npz")
    kept.write_bytes(kept.read_bytes()[:-100])
    same(music_corpus.load(CARD), first)
    assert "Reading 2 scores" in capfd.readouterr().out


def test_without_the_corpus_or_music21(corpus, monkeypatch):
    monkeypatch.setattr(music_corpus, "FOLDERS", {"made_up": ("no such folder", 1)})
    with pytest.raises(DataError, match=r"came without the folder 'no such folder'"):
        music_corpus.load(CARD)
    assert not list(corpus.glob("made_up/*"))

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(DataError, match=r"music21, which is not installed.*pip install"):
        music_corpus.load(CARD)


@pytest.mark.parametrize(
    ("name", "works", "parts", "notes"),
    [("bach_chorales", 368, 4, 85_447), ("ryans_mammoth", 1059, 1, 121_515)],
)
def test_music_is_a_list_of_pieces(name, works, parts, notes):
    pieces = music_corpus.load_corpus(name)
    assert len(pieces) == works
    assert {len(piece.parts) for piece in pieces} == {parts}
    assert sum(len(piece.notes) for piece in pieces) == notes
