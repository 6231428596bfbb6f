"""Written scores and files: the notes come back, spelled and barred as a musician expects."""

import dataclasses

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings

from course import music
from course.music.excerpt import bar_edges
from course.music.piece import Piece, ScoreError, notes
from tests.course.music.conftest import same_notes
from tests.course.music.pieces import content, pieces


def bars_of(score, part=0):
    return list(score.parts[part].getElementsByClass("Measure"))


@pytest.mark.parametrize("place", [0, 184, 276])
def test_chorales_come_back_from_both_files(chorales, tmp_path, place):
    piece = chorales[place]
    music.write_musicxml(piece, tmp_path / "a.musicxml")
    back = music.read(tmp_path / "a.musicxml")
    assert same_notes(piece, back)
    assert np.array_equal(piece.notes["fermata"], back.notes["fermata"])
    assert np.array_equal(piece.bars, back.bars)
    for name in ("title", "parts", "sharps", "time_signature", "length"):
        assert getattr(piece, name) == getattr(back, name)

    music.write_midi(piece, tmp_path / "a.mid")
    back = music.read(tmp_path / "a.mid")
    assert same_notes(piece, back)
    assert back.parts == piece.parts


@pytest.mark.parametrize("place", [0, 450, 900])
def test_tunes_with_triplets_and_repeats_come_back(tunes, tmp_path, place):
    music.write_musicxml(tunes[place], tmp_path / "a.xml")
    assert same_notes(tunes[place], music.read(tmp_path / "a.xml"))


@settings(max_examples=40)
@given(piece=pieces())
def test_a_piece_comes_back_note_by_note(tmp_path_factory, piece):
    path = tmp_path_factory.getbasetemp() / "a.musicxml"
    music.write_musicxml(piece, path)
    back = music.read(path)
    assert content(back) == content(piece)
    for name in ("title", "parts", "sharps", "time_signature", "length"):
        assert getattr(back, name) == getattr(piece, name)


@pytest.mark.parametrize(
    ("duration", "message"),
    [(1 / 11, r"quarter 0\.0909.* no whole number of 10,080ths"), (1 / 1008, r"measure \(1\)")],
)
def test_a_note_that_cannot_be_written_exactly_is_refused(tmp_path, duration, message):
    piece = Piece("odd", notes([(0, 0, duration, 60)]), length=4.0)
    with pytest.raises(ScoreError, match=message + r".*np\.round"):
        music.write_musicxml(piece, tmp_path / "a.musicxml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a\x1bb", "a\ud800b", "a\ufffeb"])
def test_of_a_name_that_no_file_can_hold_the_rest_is_written(single, tmp_path, name):
    piece = dataclasses.replace(single(60), title=name, parts=(name,))
    music.write_musicxml(piece, tmp_path / "a.musicxml")
    back = music.read(tmp_path / "a.musicxml")
    assert (back.title, back.parts) == ("a\ufffdb", ("a\ufffdb",))
    music.write_midi(piece, tmp_path / "a.mid")
    assert music.read(tmp_path / "a.mid").parts[0][::2] == "ab"


def test_a_change_of_meter_is_printed_where_it_begins():
    bars = np.array([0.0, 4.0, 6.0, 8.0])
    score = music.to_score(Piece("", notes([(0, 0, 12, 60)]), length=12.0, bars=bars))
    signatures = [bar.timeSignature for bar in bars_of(score)]
    assert [s and s.ratioString for s in signatures] == ["4/4", "2/4", None, "4/4"]


def test_overlapping_notes_silent_parts_and_short_bars_of_rests_come_back(tmp_path):
    rows = [(0, 0, 4, 60), (0, 0, 1, 64), (0, 1, 2.5, 67), (0, 1, 2.5, 71), (2, 5.25, 6, 40)]
    piece = Piece("thick", notes(rows), length=12.0, parts=("a", "b", "c"))
    music.write_musicxml(piece, tmp_path / "a.musicxml")
    back = music.read(tmp_path / "a.musicxml")
    assert same_notes(piece, back)
    assert back.length == 12.0
    bars = np.array([-3.0, 1.0, 5.0])
    piece = Piece("", notes([(0, 0, 1, 60), (0, 1, 4, 62), (1, 1, 8, 48)]), 9.0, ("a", "b"), bars)
    music.write_musicxml(piece, tmp_path / "a.musicxml")
    assert same_notes(piece, music.read(tmp_path / "a.musicxml"))


def test_a_note_is_split_and_tied_over_bar_lines_with_one_fermata_at_its_end():
    score = music.to_score(Piece("", notes([(0, 2, 7, 60, True)]), length=12.0))
    written = list(score.recurse().notes)
    assert [note.quarterLength for note in written] == [2.0, 4.0, 1.0]
    assert [note.tie.type for note in written] == ["start", "continue", "stop"]
    assert [len(note.expressions) for note in written] == [0, 0, 1]


def test_an_upbeat_is_a_bar_of_its_own(chorale):
    upbeat, first = bars_of(music.to_score(chorale))[:2]
    assert (upbeat.number, first.number) == (0, 1)
    assert upbeat.duration.quarterLength == 4 + chorale.bars[0]


@pytest.mark.parametrize(
    ("sharps", "pitch", "name"),
    [
        *((0, 68, "G#4"), (0, 66, "F#4"), (0, 70, "B-4"), (0, 61, "C#4"), (0, 63, "D#4")),
        *((2, 61, "C#4"), (2, 65, "E#4"), (3, 68, "G#4"), (-3, 63, "E-4"), (-3, 66, "F#4")),
        *((-3, 71, "B4"), (-5, 61, "D-4"), (-6, 71, "C-5"), (7, 60, "B#3"), (6, 65, "E#4")),
    ],
)
def test_spelling_follows_the_key_signature(single, sharps, pitch, name):
    (written,) = music.to_score(single(pitch, sharps=sharps)).recurse().notes
    assert written.pitch.nameWithOctave == name
    assert written.pitch.midi == pitch


def test_a_raised_second_that_falls_is_a_lowered_third():
    falling = music.to_score(Piece("", notes([(0, 0, 1, 63), (0, 1, 1, 62)]), length=2.0))
    assert [note.name for note in falling.recurse().notes] == ["E-", "D"]


@pytest.mark.parametrize("sharps", [-7, 0, 7])
def test_every_pitch_is_spelled_in_every_key(sharps):
    rows = [(0, pitch, 1, pitch) for pitch in range(128)]
    score = music.to_score(Piece("", notes(rows), length=128.0, sharps=sharps))
    assert [note.pitch.midi for note in score.recurse().notes] == list(range(128))


def test_accidentals_are_printed_where_they_change_what_holds():
    rows = [(0, place, 1, pitch) for place, pitch in enumerate([66, 66, 65, 66, 65, 66, 78, 66])]
    written = music.to_score(Piece("", notes(rows), length=8.0, sharps=1)).recurse().notes
    shown = [bool(n.pitch.accidental and n.pitch.accidental.displayStatus) for n in written]
    assert shown == [False, False, True, True, True, True, False, False]


def test_clefs_follow_the_voice_and_the_pitch(chorale):
    score = music.to_score(chorale)
    assert "".join(bars_of(score, part)[0].clef.sign for part in range(4)) == "GGFF"
    for pitch, sign in ((72, "G"), (45, "F")):
        tune = Piece("", notes([(0, 0, 4, pitch)]), length=4.0)
        assert bars_of(music.to_score(tune))[0].clef.sign == sign


def test_a_closed_score_has_two_staves_with_stems_apart_and_fermatas_once(chorale):
    score = music.to_score(chorale, staves="closed")
    assert [bars_of(score, staff)[0].clef.sign for staff in range(2)] == ["G", "F"]
    bar = bars_of(score)[1]
    assert [{n.stemDirection for n in voice.notes} for voice in bar.voices] == [{"up"}, {"down"}]
    marked = [len([n for n in staff.recurse().notes if n.expressions]) for staff in score.parts]
    assert marked == [
        int(chorale.notes["fermata"][chorale.notes["part"] == p].sum()) for p in (0, 3)
    ]


def test_bars_are_added_to_the_end_of_the_piece():
    long = Piece("", notes([(0, 0, 1, 60)]), length=10.0, time_signature="3/4")
    assert bar_edges(long).tolist() == [0, 3, 6, 9, 10]


@pytest.mark.parametrize(
    ("bars", "message"),
    [
        ((1, 4), r"bars 1 to 3; there is no excerpt from 1 to 4"),
        ((0, 1), r"bars 1 to 3"),
        ((2, 1), r"from 2 to 1"),
        ((2, 2), r"Bars 2 to 2 .* are silent"),
        (3, r"two numbers"),
        (("a", "b"), r"two numbers"),
    ],
)
def test_an_excerpt_that_is_not_there(bars, message):
    tune = Piece("tune", notes([(0, 0, 4, 60), (0, 8, 4, 60)]), length=12.0)
    with pytest.raises(ScoreError, match=message):
        music.excerpt(tune, bars)


def test_an_excerpt_begins_at_zero_with_its_upbeat(chorale):
    start = music.excerpt(chorale, (0, 2))
    assert start.bars.tolist() == chorale.bars[:3].tolist()
    later = music.excerpt(chorale, (2, 3))
    assert later.bars.tolist() == [0.0, 4.0]
    assert later.length == 8.0
    assert later.notes["onset"].min() == 0.0


def test_a_track_a_part_with_its_program_and_the_tempo(chorale, tmp_path):
    music.write_midi(chorale, tmp_path / "a.midi", tempo=120, program=[0, 19, 48, 52])
    song = pretty_midi.PrettyMIDI(str(tmp_path / "a.midi"))
    assert [track.program for track in song.instruments] == [0, 19, 48, 52]
    assert tuple(track.name for track in song.instruments) == chorale.parts
    assert song.get_tempo_changes()[1].round(3).tolist() == [120.0]
    assert song.get_end_time() == pytest.approx(chorale.length / 2)


@pytest.mark.parametrize("program", [-1, 128, 1.5, "organ", [0, 1], [[0]], True])
def test_a_program_must_be_general_midi(chorale, tmp_path, program):
    with pytest.raises(ScoreError, match="program"):
        music.write_midi(chorale, tmp_path / "a.mid", program=program)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tempo", [0, -90, float("nan"), float("inf"), "fast", None])
def test_a_tempo_must_be_above_zero(single, tmp_path, tempo):
    with pytest.raises(ScoreError, match="tempo is"):
        music.write_midi(single(60), tmp_path / "a.mid", tempo=tempo)


@pytest.mark.parametrize(
    ("write", "name"), [(music.write_midi, "a.mid"), (music.write_musicxml, "a.xml")]
)
def test_what_cannot_be_written_is_refused_and_an_older_file_stays(single, tmp_path, write, name):
    with pytest.raises(ScoreError, match=r"a\.txt: the name of the file must end in \."):
        write(single(60), tmp_path / "a.txt")
    with pytest.raises(ScoreError, match=r"there is no folder .*nowhere"):
        write(single(60), tmp_path / "nowhere" / name)
    (tmp_path / name).write_bytes(b"older")
    with pytest.raises(ScoreError, match="has no notes"):
        write(Piece("", notes([]), length=4.0), tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"older"


def test_the_same_piece_is_the_same_file(chorale, tmp_path):
    for name in ("a.musicxml", "b.musicxml"):
        music.write_musicxml(chorale, tmp_path / name)
    assert (tmp_path / "a.musicxml").read_bytes() == (tmp_path / "b.musicxml").read_bytes()


def test_staves_must_be_known_and_closed_needs_four_parts(single):
    with pytest.raises(ScoreError, match="one of open, closed"):
        music.to_score(single(60), staves="grand")
    with pytest.raises(ScoreError, match=r'has 1 parts; only four .*staves="open"'):
        music.to_score(single(60), staves="closed")
