"""Pieces to files that other programs read: MusicXML for notation, MIDI for sound."""

import re
from pathlib import Path

import numpy as np

from course.music.engraving import to_score
from course.music.piece import ScoreError, bar_length
from seqlib.files import whole_file

CHURCH_ORGAN = 19  # General MIDI programs are counted from 0 here, as in MIDI files

_TICKS = 960  # a quarter: sixteenths and triplets fall on whole ticks

# What music21 adds: the date, itself as the composer, and the title a second time, which keeps its
# reader from finding the first.
_NEEDLESS = re.compile(rb"\s*<(movement-title|creator|encoding-date)\b.*?</\1>")


def write_musicxml(piece, path):
    """Write a piece to a ``.musicxml`` or ``.xml`` file, one staff a part."""
    path = check_suffix(path, (".musicxml", ".xml"))
    content = musicxml(to_score(piece))
    with whole_file(path) as file:
        file.write(content)


def write_midi(piece, path, tempo=90, program=CHURCH_ORGAN):
    """Write a piece to a ``.mid`` or ``.midi`` file, one track a part.

    `tempo` is quarter notes a minute, `program` a General MIDI instrument, 0 to 127 (0 piano, 19
    church organ, 48 strings, 52 choir), or one for each part.
    """
    path = check_suffix(path, (".mid", ".midi"))
    song = midi(piece, tempo, program)
    with whole_file(path) as file:
        song.write(file)


def musicxml(score):
    """Return a score of `to_score` as the bytes of a MusicXML file, the same ones every time."""
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    exporter = GeneralObjectExporter()
    exporter.makeNotation = False  # `to_score` has made it
    content = _NEEDLESS.sub(b"", exporter.parse(score))
    for number, name in enumerate(re.findall(rb'<score-part id="(\w+)"', content), start=1):
        content = content.replace(b'"%s"' % name, b'"P%d"' % number)  # music21's are random
    return content


def midi(piece, tempo=90, program=CHURCH_ORGAN, gap=0.0):
    """Return a piece as a `pretty_midi.PrettyMIDI`; see `write_midi`."""
    import pretty_midi

    if not len(piece.notes):
        raise ScoreError(f"{piece.name} has no notes; there is nothing to play.")
    if not (isinstance(tempo, int | float | np.number) and 0 < tempo < np.inf):
        raise ScoreError(f"tempo is {tempo!r}; it must be quarter notes a minute, above 0.")
    bar_length(piece.time_signature)  # which refuses one that is none
    song = pretty_midi.PrettyMIDI(resolution=_TICKS, initial_tempo=float(tempo))
    beats, unit = (int(number) for number in piece.time_signature.split("/"))
    song.time_signature_changes.append(pretty_midi.TimeSignature(beats, unit, 0.0))
    quarter = 60 / tempo  # seconds
    for part, instrument in enumerate(_programs(program, len(piece.parts))):
        track = pretty_midi.Instrument(instrument, name=str(piece.parts[part]))
        for note in piece.notes[piece.notes["part"] == part]:
            begin, seconds = note["onset"] * quarter, note["duration"] * quarter
            seconds -= min(gap, seconds / 4)  # so that the next note is heard to begin
            track.notes.append(
                pretty_midi.Note(80, int(note["pitch"]), float(begin), float(begin + seconds))
            )
        song.instruments.append(track)
    return song


def _programs(program, parts):
    """Return one General MIDI program a part."""
    given = np.atleast_1d(np.asarray(program))
    if given.dtype.kind not in "iu" or given.ndim != 1 or not np.all((given >= 0) & (given < 128)):
        raise ScoreError(f"program is {program!r}; it must be 0 to 127, or one such a part.")
    if np.ndim(program) and len(given) != parts:
        raise ScoreError(f"{len(given)} programs are given for {parts} parts.")
    return [int(number) for number in np.broadcast_to(given, parts)]


def check_suffix(path, allowed):
    """Return a path, or refuse one whose name ends otherwise than is allowed, or has no folder."""
    path = Path(path)
    if path.suffix.lower() not in allowed:
        raise ScoreError(f"{path}: the name of the file must end in {' or '.join(allowed)}.")
    if not path.parent.is_dir():
        raise ScoreError(f"{path}: there is no folder {path.parent}. Make it first.")
    return path
