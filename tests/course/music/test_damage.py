"""Damaged files of music: each is read or refused, in little memory, and nothing else."""

import random
import zipfile

import numpy as np
import psutil
import pytest

from course import music
from course.music import reading
from course.music.piece import Piece, ScoreError, notes
from tests.course.music.test_reading import ABC

KERN = (
    "**kern\t**kern\n*M4/4\t*M4/4\n*k[f#]\t*k[f#]\n=1\t=1\n4C\t4c\n2D\t8d\n.\t8e\n.\t[4f\n4E;\t4f]\n"
    "*\t*^\n=2\t=2\t=2\n1C\t4e 4g\t2c\n.\t4e\t.\n.\t2f\t3g\n*\t*v\t*v\n==\t==\n*-\t*-\n"
)
TUNE = 'G2 (3ABc [GB]- [GB] | [M:3/4] A3 |: {c}A2>B2 :|1 z2 "Am"c ^d/2_e/2 |\n'
CONTAINER = '<container><rootfiles><rootfile full-path="a.musicxml"/></rootfiles></container>'
NUMBERS = [b"9", b"0", b"-", b"/", b"99999999", b"1e9", b"\t", b"\n", b"|"]


@pytest.fixture
def whole(tmp_path):
    """Return the bytes of a file of music that is in order, by its suffix."""
    rows = [(0, 0, 1, 60), (0, 1, 5, 62), (0, 6, 2 / 3, 64), (1, 0, 8, 48), (1, 2, 1, 50)]
    piece = Piece("", notes(rows), 8.0, ("one", "two"), bars=np.array([0.0, 4.0, 6.0]))
    music.write_midi(piece, tmp_path / "a.mid")
    music.write_musicxml(piece, tmp_path / "a.musicxml")
    (tmp_path / "a.abc").write_text(ABC + TUNE, "utf-8")
    (tmp_path / "a.krn").write_text(KERN, "utf-8")
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.write(tmp_path / "a.musicxml", "a.musicxml")
    return lambda suffix: (tmp_path / f"a{suffix}").read_bytes()


def damaged(content, chance):
    """Change a file in one to four places: bytes changed, left out, repeated, moved, put in."""
    content = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4])):
        begin, other = chance.randrange(len(content)), chance.randrange(len(content))
        size = chance.randrange(1, 30)
        end = begin + size
        change = chance.randrange(6)
        if change == 0:
            content[begin] = chance.randrange(256)
        elif change == 1 and len(content) > 2 * size:
            del content[begin:end]
        elif change == 2:
            content[begin:begin] = content[begin:end] * chance.choice([1, 2, 9])
        elif change == 3:
            content[begin:end] = chance.randbytes(size)
        elif change == 4:
            content[begin:end] = content[other : other + size] or b"?"
        else:
            content[begin:begin] = chance.choice(NUMBERS)
    return bytes(content)


@pytest.mark.parametrize(
    ("suffix", "count"),
    [(".mid", 300), (".musicxml", 200), (".mxl", 200), (".abc", 100), (".krn", 100)],
)
def test_a_damaged_file_is_read_or_refused(whole, tmp_path, suffix, count, capfd):
    chance, content, path = random.Random(0), whole(suffix), tmp_path / f"damaged{suffix}"
    process, refused, rewritten = psutil.Process(), 0, 0
    memory = process.memory_info().rss
    for _ in range(count):
        path.write_bytes(damaged(content, chance))
        try:
            piece = music.read(path)
        except ScoreError as error:
            assert str(error).startswith(str(path))  # noqa: PT017
            refused += 1
        else:
            music.write_midi(piece, tmp_path / "again.mid")
            rewritten += len(music.read(tmp_path / "again.mid").notes) == len(piece.notes)
    assert refused
    assert refused + rewritten == count
    assert process.memory_info().rss - memory < 500e6
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".mid", ".musicxml", ".mxl", ".krn"])
def test_a_file_that_breaks_off_is_refused(whole, tmp_path, suffix):
    content, path = whole(suffix), tmp_path / f"short{suffix}"
    for size in range(1, len(content.rstrip()) - 1, 1 + len(content) // 40):
        path.write_bytes(content[:size])
        with pytest.raises(ScoreError, match=r"short\.\w+"):
            music.read(path)


@pytest.mark.parametrize("body", ["G99999999 |", "[GB]99999999 |", "z99999999 G|", "G/0 |"])
def test_lengths_of_no_music_are_refused_at_once(tmp_path, body):
    (tmp_path / "a.abc").write_text(ABC + body, "utf-8")
    with pytest.raises(ScoreError):
        music.read(tmp_path / "a.abc")


def test_an_archive_of_a_huge_score_is_refused(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_LARGEST", len(whole(".musicxml")) - 1)
    with pytest.raises(ScoreError, match=r"a\.musicxml in it has [\d,]+ bytes; at most"):
        music.read(tmp_path / "a.mxl")
