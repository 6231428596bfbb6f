"""Reading files of music: what comes out, and every file that cannot be read."""

import pathlib

import numpy as np
import pretty_midi
import pytest

from course.music.piece import Piece, ScoreError, notes
from course.music.reading import read

ABC = "X:1\nT:Test\nM:4/4\nL:1/4\nK:G\n"
MUSICXML = """<?xml version="1.0"?>
<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>One</part-name>
</score-part></part-list><part id="P1"><measure number="1">{}</measure></part></score-partwise>
"""


def note(step, quarters, octave=5, *, voice=1, before="", after="", alter=0):
    """Return a note of MusicXML, with four divisions a quarter."""
    return (
        f"<note>{before}<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave>"
        f"</pitch><duration>{4 * quarters}</duration>{after}<voice>{voice}</voice></note>"
    )


def attributes(more="", fifths="<fifths>0</fifths>", beats="4", kind="4"):
    time = f"<time><beats>{beats}</beats><beat-type>{kind}</beat-type></time>"
    return f"<attributes><divisions>4</divisions><key>{fifths}</key>{time}{more}</attributes>"


START, STOP = '<tie type="start"/>', '<tie type="stop"/>'
BACK = "<backup><duration>16</duration></backup>"
CUE, CHORD = "<cue/>", "<chord/>"


@pytest.fixture
def read_bars(tmp_path):
    """Return what is read from bars of MusicXML."""

    def read_them(*bars):
        (tmp_path / "a.xml").write_text(MUSICXML.format("</measure><measure>".join(bars)), "utf-8")
        return read(tmp_path / "a.xml")

    return read_them


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


@pytest.mark.parametrize(
    ("diatonic", "chromatic", "octaves", "pitch", "sharps"),
    [(-1, -2, 0, 70, -4), (-2, -3, 0, 69, 1), ("", 0, -1, 60, -2), ("", -9, -1, 51, -5)],
)
def test_the_pitch_is_the_sounding_one(read_bars, diatonic, chromatic, octaves, pitch, sharps):
    steps = f"<diatonic>{diatonic}</diatonic>" if diatonic else ""
    change = f"<octave-change>{octaves}</octave-change>"
    moved = f"<transpose>{steps}<chromatic>{chromatic}</chromatic>{change}</transpose>"
    piece = read_bars(attributes(moved, "<fifths>-2</fifths>") + note("C", 4), note("D", 4))
    assert rows(piece) == [(0.0, 4.0, pitch), (4.0, 4.0, pitch + 2)]
    assert piece.sharps == sharps
    with pytest.raises(ScoreError, match=r"from within the bar.*at concert pitch"):
        read_bars(attributes() + note("C", 2) + f"<attributes>{moved}</attributes>" + note("C", 2))


def test_each_staff_of_a_piano_is_a_part(read_bars):
    upper, lower = (f"<staff>{number}</staff>" for number in (1, 2))
    both = note("C", 4, after="", voice=1).replace("</note>", upper + "</note>") + BACK
    both += note("C", 4, 3, voice=2).replace("</note>", lower + "</note>")
    piece = read_bars(attributes("<staves>2</staves>") + both)
    assert piece.notes[["part", "pitch"]].tolist() == [(0, 72), (1, 48)]


def test_an_octave_line_is_notation_only(read_bars):
    line = (
        '<direction><direction-type><octave-shift type="{}" size="8"/></direction-type></direction>'
    )
    piece = read_bars(attributes() + line.format("down") + note("C", 4, 6) + line.format("stop"))
    assert rows(piece) == [(0.0, 4.0, 84)]


def test_a_pitch_between_the_keys_or_beyond_them_is_refused(read_bars):
    with pytest.raises(ScoreError, match=r"a\.xml: C.* at quarter 0 is between two keys"):
        read_bars(attributes() + note("C", 4, alter=0.5))
    with pytest.raises(ScoreError, match=r"pitch 132; it must be .* a pitch of 0 to 127"):
        read_bars(attributes() + note("C", 4, 10))


@pytest.mark.parametrize(
    "cue",
    [
        note("C", 4, before=CUE) + BACK,
        note("C", 4, before=CUE) + note("E", 4, before=CUE + CHORD) + BACK,
        note("C", 4, before="<grace/>" + CUE).replace("<duration>16</duration>", ""),
    ],
)
def test_cue_notes_do_not_sound(read_bars, cue):
    assert rows(read_bars(attributes() + cue + note("G", 4, 4, voice=2))) == [(0.0, 4.0, 67)]


def test_of_a_chord_with_a_cue_note_the_others_sound(read_bars):
    for first, second in (("", CUE), (CUE, "")):
        chord = note("C", 4, before=first) + note("E", 4, before=second + CHORD)
        assert rows(read_bars(attributes() + chord)) == [(0.0, 4.0, 76 if first else 72)]


def test_ties_lead_across_voices_and_know_their_own(read_bars):
    across = read_bars(
        attributes() + note("C", 4, after=START) + BACK + note("E", 4, voice=2),
        note("G", 4) + BACK + note("C", 4, voice=2, after=STOP),
    )
    assert rows(across) == [(0.0, 8.0, 72), (0.0, 4.0, 76), (4.0, 4.0, 79)]
    unison = read_bars(
        attributes() + note("C", 4, after=START) + BACK + note("C", 4, voice=2, after=START),
        note("C", 2, after=STOP) + note("D", 2) + BACK + note("C", 4, voice=2, after=STOP),
    )
    assert sorted(rows(unison)) == [(0.0, 6.0, 72), (0.0, 8.0, 72), (6.0, 2.0, 74)]


@pytest.mark.parametrize(
    ("beats", "kind", "signature", "quarters"),
    [("3+2", "8", "5/8", 2.5), ("2", "2", "2/2", 4), ("7", "16", "7/16", 1.75)],
)
def test_meters(read_bars, tmp_path, beats, kind, signature, quarters):
    bar = note("C", quarters).replace(".0<", "<")
    piece = read_bars(attributes(beats=beats, kind=kind) + bar, bar)
    assert (piece.time_signature, piece.bars.tolist()) == (signature, [0, quarters])


def test_a_change_of_meter_and_free_time(read_bars):
    change = "<attributes><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
    bars = [attributes() + note("C", 4), change + note("C", 2), *[note("C", 2)] * 3]
    assert read_bars(*bars).bars.tolist() == [0, 4, 6, 8, 10]
    longer = note("C", 2), change.replace("2</beats>", "4</beats>") + note("C", 4)
    assert read_bars(attributes(beats="2") + longer[0], *longer[1:]).bars.tolist() == [0, 2]
    free = "<attributes><divisions>4</divisions><time><senza-misura/></time></attributes>"
    assert read_bars(free + note("C", 1), note("C", 2), note("C", 8)).bars.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    "key",
    [
        "<key-step>B</key-step><key-alter>-1</key-alter><key-step>F</key-step><key-alter>1</key-alter>",
        "<fifths>9</fifths>",
    ],
)
def test_a_key_signature_that_no_key_has_is_none(read_bars, key):
    assert read_bars(attributes(fifths=key) + note("C", 4)).sharps == 0


def test_a_bar_too_long_is_not_cut(tmp_path, read_bars):
    (tmp_path / "a.abc").write_text(ABC + "G99 | A4 |\n", "utf-8")
    piece = read(tmp_path / "a.abc")
    assert (rows(piece), piece.bars.tolist()) == ([(0, 99, 67), (99, 4, 69)], [0, 99])
    with pytest.raises(ScoreError, match="is overfull"):
        read_bars(
            attributes().replace(">4</div", ">40</div") + note("C", 163 / 4).replace(".0<", "<")
        )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.abc", ABC + "G4 | ö4 |\n"),
        ("a.krn", "**kern\n*M4/4\n4c\n4?\n*-\n"),
    ],
)
def test_what_music21_would_leave_out_or_make_up_is_refused(tmp_path, name, text, capfd):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ScoreError, match=r"WARNING"):
        read(tmp_path / name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"notes": notes([(1, 0, 1, 60)])}, r"odd: note 0 is part 1, .* must be of part 0 to 0"),
        ({"notes": notes([(0, -1, 1, 60)])}, "begin at 0 or later"),
        ({"notes": notes([(0, 0, float("nan"), 60)])}, "note 0"),
        ({"notes": notes([(0, 0, 0, 60)])}, "note 0"),
        ({"notes": notes([(0, 0, 1, 128)])}, "pitch 128"),
        ({"length": 1e9}, r"length is 1000000000\.0; it must be 0 to 100,000"),
        ({"sharps": 8}, "sharps is 8"),
        ({"time_signature": "4/3"}, "time signature is '4/3'"),
        ({"time_signature": "3+2/8"}, "like '4/4' or '6/8'"),
        ({"bars": np.array([0.0, 4.0, 4.0])}, "each after the one before"),
        ({"bars": np.array([1.0])}, "first must begin at 0"),
    ],
)
def test_a_piece_that_no_file_could_hold_is_refused(facts, message):
    with pytest.raises(ScoreError, match=message):
        Piece("odd", **{"notes": notes([(0, 0, 1, 60)]), "length": 4.0, **facts})


def test_notes_are_sorted_with_their_fermatas_and_a_piece_says_what_it_is():
    made = notes([(1, 0, 1, 50, True), (0, 2, 1, 60), (0, 0, 1, 62), (0, 0, 1, 60)])
    assert made["part"].tolist() == [0, 0, 0, 1]
    assert made["pitch"].tolist() == [60, 62, 60, 50]
    assert made["fermata"].tolist() == [False, False, False, True]
    piece = Piece("tune", notes([(0, 0, 1, 60)]), length=1.0)
    assert repr(piece) == "Piece('tune', 1 parts, 1 notes, 1 quarters, 4/4)"
