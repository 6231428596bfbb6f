"""From written music to plain notes: what was played when, in which part.

music21 reads the files; what it finds is kept as arrays, so that nothing else needs to know it.
"""

import difflib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seqlib.data.errors import DataError

SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc", ".krn")

# Times are in quarter notes. A note is one sounding note: notes that are tied are one.
NOTE = np.dtype(
    [("part", "i2"), ("onset", "f8"), ("duration", "f8"), ("pitch", "i2"), ("fermata", "?")]
)


class ScoreError(DataError, ValueError):
    """Music that cannot be read, or not in the form that is asked for."""


_NEAR = 1e-6  # quarter notes


@dataclass(frozen=True, eq=False)
class Piece:
    """Music as plain notes.

    Attributes:
        title: Name of the piece.
        notes: Structured array ``(notes,)``, by part and then by time, with the fields ``part``
            (0 is the first of the score), ``onset`` and ``duration`` in quarter notes, ``pitch``
            as a MIDI number (60 is middle C) and ``fermata`` (bool).
        length: Length in quarter notes, closing rests included.
        parts: Names of the parts, as in the score.
        bars: Array ``(bars,)``: where each bar begins, in quarter notes. The first is negative
            where the piece opens with an upbeat.
        time_signature: The first time signature, such as ``"4/4"``.
        sharps: Sharps in the key signature; flats count negative.

    Example:
        >>> tune = Piece("scale", notes([(0, 0.0, 1.0, 60), (0, 1.0, 3.0, 62)]), length=4.0)
        >>> tune.notes["pitch"].tolist(), len(tune.parts), tune.bars.tolist()
        ([60, 62], 1, [0.0])
    """

    title: str
    notes: np.ndarray
    length: float
    parts: tuple = ("",)
    bars: np.ndarray = field(default_factory=lambda: np.zeros(1))
    time_signature: str = "4/4"
    sharps: int = 0

    def __repr__(self):
        return (
            f"Piece({self.title!r}, {len(self.parts)} parts, {len(self.notes)} notes, "
            f"{self.length:g} quarters, {self.time_signature})"
        )


def notes(rows):
    """Return an array of notes, sorted by part and time.

    Args:
        rows: Tuples (part, onset, duration, pitch), or with a fifth item, whether there is a
            fermata.

    Returns:
        Structured array ``(notes,)``; see `Piece`.

    Example:
        >>> notes([(1, 0.0, 1.0, 48), (0, 0.0, 1.0, 60)])["part"].tolist()
        [0, 1]
    """
    table = np.array([(*row, False)[:5] for row in rows], dtype=NOTE)
    return np.sort(table, order=["part", "onset", "pitch"])


def read(path):
    """Read a file of music.

    Args:
        path: A MIDI, MusicXML, ABC or Humdrum file (``.mid``, ``.musicxml``, ``.mxl``, ``.xml``,
            ``.abc``, ``.krn``).

    Returns:
        The `Piece`. Grace notes are left out, repeats are not played out.

    Raises:
        ScoreError: There is no such file, it is of no known kind, it is damaged, it holds no
            notes or several works, or a part of it is percussion.

    Example:
        >>> read("a_song.txt")
        Traceback (most recent call last):
        course.music.scores.ScoreError: a_song.txt: music is read from files that end in .mid, ...
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
    from music21 import converter  # two seconds that other data sets need not wait for

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
    """Take the notes out of a music21 score.

    Args:
        score: `music21.stream.Score`, or a single part.
        title: Used where the score has no title of its own.

    Returns:
        The `Piece`.

    Raises:
        ScoreError: The score holds no notes, or a part of it is percussion.
    """
    name = (score.metadata.title if score.metadata else None) or title
    parts = list(score.parts) if "Score" in score.classes else [score]
    rows = []
    for number, part in enumerate(parts):
        rows += _part(part, number, name)
    if not rows:
        raise ScoreError(f"{name or 'The score'} holds no notes; there is nothing to learn from.")
    first = parts[0]
    times = first.recurse().getElementsByClass("TimeSignature").first()
    keys = first.recurse().getElementsByClass("KeySignature").first()
    length = max(float(part.highestTime) for part in parts)
    signature = times.ratioString if times else "4/4"
    return Piece(
        title=name,
        notes=notes(rows),
        length=length,
        parts=tuple(str(part.partName or "") for part in parts),
        bars=_bars(first, times.barDuration.quarterLength if times else 4, length),
        time_signature=signature,
        sharps=int(keys.sharps) if keys else 0,
    )


def _part(part, number, name):
    """Return the rows of one part, tied notes joined."""
    rows, tied = [], {}  # tied: pitch -> place of the note that goes on
    for item in part.flatten().notes:
        if "Unpitched" in item.classes or "PercussionChord" in item.classes:
            raise ScoreError(
                f"{name or 'The score'}: part {number + 1} ({part.partName or 'without a name'}) "
                "is percussion, which has no pitches. Leave that part out."
            )
        if item.duration.isGrace or not item.duration.quarterLength:
            continue
        onset, duration = float(item.offset), float(item.duration.quarterLength)
        fermata = any("Fermata" in mark.classes for mark in item.expressions)
        for single in item.notes if "Chord" in item.classes else [item]:
            pitch, kind = int(single.pitch.midi), single.tie.type if single.tie else None
            before = tied.pop(pitch, None)
            if kind in ("continue", "stop") and before is not None:
                place, until = before, rows[before][1] + rows[before][2]
                if abs(until - onset) < _NEAR:
                    _, start, _, _, marked = rows[place]
                    whole = onset + duration - start
                    rows[place] = (number, start, whole, pitch, marked or fermata)
                    if kind == "continue":
                        tied[pitch] = place
                    continue
            rows.append((number, onset, duration, pitch, fermata))
            if kind in ("start", "continue"):
                tied[pitch] = len(rows) - 1
    return rows


def _bars(part, bar, length):
    """Return where bars begin.

    An upbeat is the end of a bar that begins before its notes. A bar that is cut in two, as before
    an upbeat after a repeat, is one bar.
    """
    measures = list(part.getElementsByClass("Measure"))
    if not measures:
        return np.arange(0.0, max(length, 1e-9), float(bar))
    begins, until = [], 0.0
    for measure in measures:
        begin, lasts = float(measure.offset), float(measure.duration.quarterLength)
        goes_on = begins and until - begins[-1] < bar - _NEAR  # what came before is no whole bar
        if goes_on and begin + lasts - begins[-1] <= bar + _NEAR:
            until = begin + lasts
            continue
        begins.append(begin - float(measure.paddingLeft))
        until = begin + lasts
    second = begins[1] if len(begins) > 1 else bar
    if begins[0] == 0 and second < bar - _NEAR:  # an upbeat that is not marked as one
        begins[0] = second - float(bar)
    return np.unique(begins)
