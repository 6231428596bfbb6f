"""Reading files of music: what comes out, and every file that cannot be read."""

import pathlib

import pretty_midi
import pytest

from course.music.piece import Piece, ScoreError, notes
from course.music.reading import read

ABC = "X:1\nT:Test\nM:4/4\nL:1/4\nK:G\n"
MUSICXML = """<?xml version="1.0"?>
<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>One</part-name>
</score-part></part-list><part id="P1"><measure number="1">{}</measure></part></score-partwise>
"""


def corpus_file(name):
    import music21

    return pathlib.Path(music21.common.getCorpusFilePath()) / name


def rows(piece):
    return piece.notes[["onset", "duration", "pitch"]].tolist()


def write_midi(path, *, drums=(), pitches=()):
    song = pretty_midi.PrettyMIDI()
    for numbers, is_drum in ((drums, True), (pitches, False)):
        track = pretty_midi.Instrument(0, is_drum=is_drum)
        for place, pitch in enumerate(numbers):
            track.notes.append(pretty_midi.Note(80, pitch, place / 2, place / 2 + 0.5))
        if numbers:
            song.instruments.append(track)
    song.write(str(path))
    return path


def test_a_chorale_has_parts_bars_key_and_fermatas():
    piece = read(corpus_file("bach/bwv66.6.mxl"))
    assert piece.parts == ("Soprano", "Alto", "Tenor", "Bass")
    assert (piece.sharps, piece.time_signature, piece.bars[:2].tolist()) == (3, "4/4", [-3.0, 1.0])
    assert len(piece.notes) > 150
    assert piece.notes["fermata"].any()
    assert set(piece.notes["part"]) == {0, 1, 2, 3}


def test_tied_notes_are_one(tmp_path):
    (tmp_path / "a.abc").write_text(ABC + "G2 G2- | G4- | G2 A2 |\n", encoding="utf-8")
    assert rows(read(tmp_path / "a.abc")) == [(0.0, 2.0, 67), (2.0, 8.0, 67), (10.0, 2.0, 69)]


def test_grace_notes_are_left_out_and_chords_are_their_notes(tmp_path):
    (tmp_path / "a.abc").write_text(ABC + "{A}G2 [GBd]2 |\n", encoding="utf-8")
    piece = read(tmp_path / "a.abc")
    assert rows(piece) == [(0.0, 2.0, 67), (2.0, 2.0, 67), (2.0, 2.0, 71), (2.0, 2.0, 74)]
    assert (piece.title, piece.sharps) == ("Test", 1)


def test_old_files_in_latin_1_are_read(tmp_path):
    (tmp_path / "a.abc").write_bytes((ABC + "G4 |\n").replace("Test", "Caf\xe9").encode("latin-1"))
    assert read(tmp_path / "a.abc").title == "Caf\xe9"


def test_midi_is_read_from_a_file_in_capitals(tmp_path):
    path = write_midi(tmp_path / "a.mid", pitches=[60, 62]).rename(tmp_path / "A.MID")
    assert rows(read(path)) == [(0.0, 1.0, 60), (1.0, 1.0, 62)]


def test_a_file_that_is_missing_empty_a_folder_or_of_another_kind(tmp_path):
    with pytest.raises(ScoreError, match=r"none\.mid: there is no such file"):
        read(tmp_path / "none.mid")
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(ScoreError, match="no such file"):
        read(tmp_path / "folder.mid")
    with pytest.raises(ScoreError, match=r"end in \.mid, .*\.krn\. Is it a\.midi\?"):
        read("a.mdi")
    (tmp_path / "a.mid").touch()
    with pytest.raises(ScoreError, match="the file is empty"):
        read(tmp_path / "a.mid")


@pytest.mark.parametrize("name", ["a.mid", "a.mxl", "a.musicxml", "a.xml", "a.abc", "a.krn"])
def test_text_that_is_no_music(tmp_path, name):
    (tmp_path / name).write_text("Dear diary, ...", encoding="utf-8")
    with pytest.raises(ScoreError, match=r"cannot be read as .*Is the file whole"):
        read(tmp_path / name)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_archive(tmp_path, share):
    whole = corpus_file("bach/bwv66.6.mxl").read_bytes()
    (tmp_path / "a.mxl").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ScoreError, match="cannot be read as musicxml"):
        read(tmp_path / "a.mxl")


def test_a_truncated_midi_file(tmp_path):
    whole = write_midi(tmp_path / "a.mid", pitches=range(60, 72)).read_bytes()
    (tmp_path / "a.mid").write_bytes(whole[:20])
    with pytest.raises(ScoreError):
        read(tmp_path / "a.mid")


@pytest.mark.parametrize("pitches", [(), (60, 62)])
def test_percussion(tmp_path, pitches):
    path = write_midi(tmp_path / "a.mid", drums=[36, 38], pitches=pitches)
    with pytest.raises(ScoreError, match=r"part 1 \(Percussion\) is percussion.*Leave that part"):
        read(path)


def test_a_score_without_notes_or_with_several_works(tmp_path):
    rest = "<note><rest/><duration>1</duration></note>"
    (tmp_path / "a.musicxml").write_text(MUSICXML.format(rest), encoding="utf-8")
    with pytest.raises(ScoreError, match="holds no notes"):
        read(tmp_path / "a.musicxml")
    both = ABC + "G4 |\n\n" + ABC.replace("X:1", "X:2") + "A4 |\n"
    (tmp_path / "a.abc").write_text(both, encoding="utf-8")
    with pytest.raises(ScoreError, match="holds 2 works; keep one"):
        read(tmp_path / "a.abc")


def test_notes_are_sorted_with_their_fermatas_and_a_piece_says_what_it_is():
    made = notes([(1, 0, 1, 50, True), (0, 2, 1, 60), (0, 0, 1, 62), (0, 0, 1, 60)])
    assert made["part"].tolist() == [0, 0, 0, 1]
    assert made["pitch"].tolist() == [60, 62, 60, 50]
    assert made["fermata"].tolist() == [False, False, False, True]
    piece = Piece("tune", notes([(0, 0, 1, 60)]), length=1.0)
    assert repr(piece) == "Piece('tune', 1 parts, 1 notes, 1 quarters, 4/4)"
