"""MIDI files: what is written comes back tick for tick, and three libraries read the same."""

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given

from course import music
from course.music.piece import Piece, ScoreError, notes
from tests.course.music.pieces import content, pieces


def line(pitches, ticks, channel=0):
    """Return notes of so many ticks, one after another."""
    for pitch in pitches:
        yield mido.Message("note_on", note=pitch, channel=channel)
        yield mido.Message("note_off", note=pitch, channel=channel, time=ticks)


@pytest.fixture
def read_tracks(tmp_path):
    """Return what is read from tracks of messages, 480 ticks a quarter."""

    def read(*tracks, kind=1):
        song = mido.MidiFile(type=kind, ticks_per_beat=480)
        song.tracks = [mido.MidiTrack(track) for track in tracks]
        song.save(tmp_path / "a.mid")
        return music.read(tmp_path / "a.mid")

    return read


def spans(piece):
    return piece.notes[["part", "onset", "duration", "pitch"]].tolist()


@given(piece=pieces(parts_per_quarter=(1, 2, 3, 5, 7, 8, 12, 32)))
def test_a_piece_comes_back_note_by_note(tmp_path_factory, piece):
    path = tmp_path_factory.getbasetemp() / "a.mid"
    try:
        music.write_midi(piece, path)
    except ScoreError as error:
        assert "within a longer note of the same pitch" in str(error)  # noqa: PT017
        return
    back = music.read(path)
    assert content(back) == content(piece)
    assert back.parts == piece.parts


@pytest.mark.parametrize(("ticks", "share"), [(60, 8), (80, 6), (1, 480), (96, 5)])
def test_lengths_are_those_of_the_file(read_tracks, ticks, share):
    piece = read_tracks(line(range(60, 68), ticks))
    assert spans(piece) == [(0, i / share, 1 / share, 60 + i) for i in range(8)]


def test_tracks_are_parts_and_so_are_the_channels_of_a_single_track(read_tracks):
    named = [mido.MetaMessage("track_name", name="Flute"), *line([60], 480)]
    piece = read_tracks([mido.MetaMessage("track_name", name="Song")], named, line([50], 960))
    assert (piece.parts, spans(piece)) == (("Flute", ""), [(0, 0.0, 1.0, 60), (1, 0.0, 2.0, 50)])
    both = [*line([60], 480, channel=3), *line([50], 480, channel=1)]
    assert spans(read_tracks(both, kind=0)) == [(0, 1.0, 1.0, 50), (1, 0.0, 1.0, 60)]
    assert spans(read_tracks(both)) == [(0, 0.0, 1.0, 60), (0, 1.0, 1.0, 50)]


def test_a_repeated_note_that_overlaps_ends_first_what_began_first(read_tracks):
    on, off = (mido.Message("note_on", note=60), mido.Message("note_on", note=60, velocity=0))
    track = [on, on.copy(time=480), off.copy(time=480), off.copy(time=480)]
    assert spans(read_tracks(track)) == [(0, 0.0, 2.0, 60), (0, 1.0, 2.0, 60)]


def test_meter_and_key(read_tracks):
    def meter(beats, time=0):
        return mido.MetaMessage("time_signature", numerator=beats, denominator=4, time=time)

    conductor = [mido.MetaMessage("key_signature", key="Ebm"), meter(3), meter(2, 3 * 480)]
    piece = read_tracks(conductor, line(range(60, 67), 480))
    assert (piece.time_signature, piece.bars.tolist(), piece.sharps) == ("3/4", [0, 3, 5], -6)
    piece = read_tracks([meter(1), meter(4, 480)], line(range(60, 65), 480))  # an upbeat
    assert (piece.time_signature, piece.bars.tolist()) == ("4/4", [-3, 1])


@pytest.mark.parametrize("sharps", [8, -8, -20])
def test_a_key_that_is_none_is_read_as_none(tmp_path, sharps):
    song = mido.MidiFile(tracks=[mido.MidiTrack(line([60], 480))])
    song.tracks[0].insert(0, mido.MetaMessage("key_signature", key="D"))
    song.save(tmp_path / "a.mid")
    whole = (tmp_path / "a.mid").read_bytes()
    odd = whole.replace(b"\xff\x59\x02\x02", b"\xff\x59\x02" + bytes([sharps % 256]))
    assert odd != whole
    (tmp_path / "a.mid").write_bytes(odd)
    assert music.read(tmp_path / "a.mid").sharps == 0


def test_what_would_be_half_a_file_is_refused(read_tracks, tmp_path):
    with pytest.raises(ScoreError, match=r"a\.mid: track 1: .*pitch 60 at quarter 0 never ends"):
        read_tracks([mido.Message("note_on", note=60)])
    with pytest.raises(ScoreError, match="independent songs"):
        read_tracks(line([60], 480), line([62], 480), kind=2)
    read_tracks(line([60], 480), line([62], 480))
    content = (tmp_path / "a.mid").read_bytes()
    (tmp_path / "a.mid").write_bytes(content.replace(b"\0\1\0\2", b"\0\1\0\1", 1))
    with pytest.raises(ScoreError, match="names 1 tracks, and more follow"):
        music.read(tmp_path / "a.mid")
    with pytest.raises(ScoreError, match="at most 100,000 are read"):
        read_tracks(line([60], 2**28 - 1))


def test_times_that_fit_no_file_are_refused(tmp_path):
    odd = Piece("odd", notes([(0, 0, 1 / n, 60) for n in (13, 17, 19, 23)]), length=4.0)
    near = Piece("odd", notes([(0, 1.00002, 1, 60)]), length=4.0)
    for piece in (odd, near):
        with pytest.raises(ScoreError, match=r"odd: its times need more ticks.*np\.round"):
            music.write_midi(piece, tmp_path / "a.mid")
    nested = Piece("", notes([(0, 0, 4, 60), (0, 1, 1, 60)]), length=4.0)
    with pytest.raises(ScoreError, match="part 1 sounds pitch 60 at quarter 1 within a longer"):
        music.write_midi(nested, tmp_path / "a.mid")
    assert not list(tmp_path.iterdir())


def by_pretty_midi(path):
    song = pretty_midi.PrettyMIDI(str(path))
    ticks = song.time_to_tick
    return [
        (part, ticks(n.start) / song.resolution, ticks(n.end) / song.resolution, n.pitch)
        for part, track in enumerate(song.instruments)
        for n in track.notes
    ]


def by_music21(path):
    from music21 import converter

    score = converter.parse(path, forceSource=True, storePickle=False, quantizePost=False)
    return [
        (part, float(note.offset), float(note.offset + note.quarterLength), int(pitch.ps))
        for part, stream in enumerate(score.parts)
        for note in stream.stripTies().flatten().notes
        for pitch in note.pitches
    ]


def test_three_libraries_read_the_same_notes(chorales, tunes, tmp_path):
    for piece in [*chorales[::120], *tunes[::300]]:
        music.write_midi(piece, tmp_path / "a.mid")
        rows = piece.notes[["part", "onset", "duration", "pitch"]].tolist()
        wanted = sorted((part, on, on + lasts, pitch) for part, on, lasts, pitch in rows)
        for read in (by_pretty_midi, by_music21):
            found = sorted(read(tmp_path / "a.mid"))
            assert len(found) == len(wanted)
            assert np.allclose(found, wanted, atol=1e-4), (piece, read)
