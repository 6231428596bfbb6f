"""Pieces to files that other programs read: MusicXML for notation, MIDI for sound."""

import re
from pathlib import Path

import numpy as np

from course.music.engraving import to_score
from course.music.midi_file import CHURCH_ORGAN, midi
from course.music.piece import NEAR, ScoreError
from seqlib.files import whole_file

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

    `tempo` is quarter notes a minute, 4 to 10,000, `program` a General MIDI instrument, 0 to 127
    (0 piano, 19 church organ, 48 strings, 52 choir), or one for each part.
    """
    path = check_suffix(path, (".mid", ".midi"))
    song = midi(piece, tempo, program)
    _check_unisons(piece)
    with whole_file(path) as file:
        song.save(file=file)


def _check_unisons(piece):
    """Refuse a note that sounds within a longer one of its part and pitch: MIDI ends the other."""
    ends = piece.notes["onset"] + piece.notes["duration"]
    order = np.lexsort([ends, piece.notes["onset"], piece.notes["pitch"], piece.notes["part"]])
    one, next_one = piece.notes[order[:-1]], piece.notes[order[1:]]
    same = (one["part"] == next_one["part"]) & (one["pitch"] == next_one["pitch"])
    for note in next_one[same & (np.diff(ends[order]) < -NEAR)][:1]:
        raise ScoreError(
            f"{piece.name}: part {note['part'] + 1} sounds pitch {note['pitch']} at quarter "
            f"{note['onset']:g} within a longer note of the same pitch, and MIDI cannot say which "
            "ends first. Give one of them a part of its own."
        )


def musicxml(score):
    """Return a score of `to_score` as the bytes of a MusicXML file, the same ones every time."""
    from music21.exceptions21 import Music21Exception
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    exporter = GeneralObjectExporter()
    exporter.makeNotation = False  # `to_score` has made it
    try:
        content = _NEEDLESS.sub(b"", exporter.parse(score))
    except Music21Exception as error:
        raise ScoreError(
            f"the score cannot be written as MusicXML: {error} Round the times of its notes to a "
            "grid, as with np.round(24 * times) / 24."
        ) from error
    for number, name in enumerate(re.findall(rb'<score-part id="(\w+)"', content), start=1):
        content = content.replace(b'"%s"' % name, b'"P%d"' % number)  # music21's are random
    return content


def check_suffix(path, allowed):
    """Return a path, or refuse one whose name ends otherwise than is allowed, or has no folder."""
    path = Path(path)
    if path.suffix.lower() not in allowed:
        raise ScoreError(f"{path}: the name of the file must end in {' or '.join(allowed)}.")
    if not path.parent.is_dir():
        raise ScoreError(f"{path}: there is no folder {path.parent}. Make it first.")
    return path
