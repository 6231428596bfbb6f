"""From written music to plain notes: what was played when, in which part.

music21 reads the files; what it finds is kept as arrays, so that nothing else needs to know it.
"""

import difflib
from pathlib import Path

import numpy as np

from course.music.piece import Piece, ScoreError, notes

SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc", ".krn")

_NEAR = 1e-6  # quarter notes


def read(path):
    """Read a file of music as a `Piece`: MIDI, MusicXML, ABC or Humdrum, by its suffix.

    Grace notes are left out, repeats are not played out. A file that cannot be read, holds no notes
    or several works, or a part of percussion, is a `ScoreError`.

    Example:
        >>> read("a_song.txt")
        Traceback (most recent call last):
        course.music.piece.ScoreError: a_song.txt: music is read from files that end in .mid, ...
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        near = difflib.get_close_matches(path.suffix.lower(), SUFFIXES, n=1)
        hint = f" Is it {path.stem}{near[0]}?" if near else ""
        raise ScoreError(
            f"{path}: music is read from files that end in {', '.join(SUFFIXES)}.{hint}"
        )
    if not path.is_file():
        raise ScoreError(f"{path}: there is no such file.")
    if path.stat().st_size == 0:
        raise ScoreError(f"{path}: the file is empty.")
    score = _parse(path)
    if "Opus" in score.classes:
        raise ScoreError(
            f"{path} holds {len(score.scores)} works; keep one in a file, so that it is clear "
            "which is meant."
        )
    return from_score(score, title=path.stem)


def _parse(path):
    """Return what music21 makes of a file."""
    from music21 import converter  # two seconds that other modules need not wait for

    kinds = {".mid": "midi", ".midi": "midi", ".abc": "abc", ".krn": "humdrum"}
    kind = kinds.get(path.suffix.lower(), "musicxml")
    try:
        if kind == "musicxml":
            return converter.parse(path, format=kind, forceSource=True, storePickle=False)
        # Of the other kinds, music21 would leave a file open that it cannot read.
        content = path.read_bytes()
        return converter.parseData(content if kind == "midi" else _text(content), format=kind)
    except Exception as error:  # each of music21's readers has errors of its own
        raise ScoreError(
            f"{path} cannot be read as {kind}: {str(error).strip() or type(error).__name__}. Is "
            "the file whole, and of the kind that its name says?"
        ) from error


def _text(content):
    """Return the text of a file; old ones were often written in Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def from_score(score, title=""):
    """Take the notes out of a music21 score or part; the title is used where it has none."""
    title = (score.metadata.title if score.metadata else None) or title
    parts = list(score.parts) if "Score" in score.classes else [score]
    rows = []
    for number, part in enumerate(parts):
        items = part.flatten().notes
        if any({"Unpitched", "PercussionChord"} & set(item.classes) for item in items):
            raise ScoreError(
                f"{title or 'The score'}: part {number + 1} ({part.partName or 'without a name'}) "
                "is percussion, which has no pitches. Leave that part out."
            )
        rows += [(number, *row) for row in _join_ties(_single_notes(items))]
    if not rows:
        raise ScoreError(f"{title or 'The score'} holds no notes; there is nothing to learn from.")
    first = parts[0]
    times = first.recurse().getElementsByClass("TimeSignature").first()
    keys = first.recurse().getElementsByClass("KeySignature").first()
    length = max(float(part.highestTime) for part in parts)
    return Piece(
        title=title,
        notes=notes(rows),
        length=length,
        parts=tuple(str(part.partName or "") for part in parts),
        bars=_bars(first, times.barDuration.quarterLength if times else 4, length),
        time_signature=times.ratioString if times else "4/4",
        sharps=int(keys.sharps) if keys else 0,
    )


def _single_notes(items):
    """Yield (onset, duration, pitch, fermata, tie): chords note by note, grace notes left out."""
    for item in items:
        onset, duration = float(item.offset), float(item.duration.quarterLength)
        if item.duration.isGrace or not duration:
            continue
        fermata = any("Fermata" in mark.classes for mark in item.expressions)
        for note in item.notes if "Chord" in item.classes else [item]:
            tie = note.tie.type if note.tie else None
            yield onset, duration, int(note.pitch.midi), fermata, tie


def _join_ties(singles):
    """Return rows (onset, duration, pitch, fermata), those that are tied as one."""
    rows, open_ties = [], {}  # open_ties: pitch -> which row goes on
    for onset, duration, pitch, fermata, tie in singles:
        index = open_ties.pop(pitch, None)
        if tie in ("continue", "stop") and index is not None and _ends_at(rows[index], onset):
            begin, _, _, marked = rows[index]
            rows[index] = (begin, onset + duration - begin, pitch, marked or fermata)
        else:
            index = len(rows)
            rows.append((onset, duration, pitch, fermata))
        if tie in ("start", "continue"):
            open_ties[pitch] = index
    return rows


def _ends_at(row, time):
    return abs(row[0] + row[1] - time) < _NEAR


def _bars(part, bar, length):
    """Return where bars begin; see `Piece.bars`."""
    measures = list(part.getElementsByClass("Measure"))
    if not measures:
        return np.arange(0.0, max(length, 1e-9), float(bar))
    begins, until = [], 0.0
    for measure in measures:
        begin, lasts = float(measure.offset), float(measure.duration.quarterLength)
        # A bar that is cut in two, as before an upbeat after a repeat, is one bar.
        goes_on = begins and until - begins[-1] < bar - _NEAR
        if goes_on and begin + lasts - begins[-1] <= bar + _NEAR:
            until = begin + lasts
            continue
        begins.append(begin - float(measure.paddingLeft))
        until = begin + lasts
    second = begins[1] if len(begins) > 1 else bar
    if begins[0] == 0 and second < bar - _NEAR:  # an upbeat that is not marked as one
        begins[0] = second - float(bar)
    return np.unique(begins)
