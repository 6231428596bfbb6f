"""From written music to plain notes: what was played when, in which part.

mido reads MIDI, music21 all else; what they find is kept as arrays, so that nothing else needs to
know them.
"""

import contextlib
import difflib
import io
import re
import warnings
import zipfile
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import numpy as np

from course.music.midi_file import read_midi, text
from course.music.piece import NEAR, Piece, ScoreError, notes

SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc", ".krn")

_MOST_BEATS = 128  # of a bar: music21 takes hours to weigh the beats of thousands
_LARGEST = 200_000_000  # bytes of a score out of an archive, which may claim any size


def read(path):
    """Read a file of music as a `Piece`: MIDI, MusicXML, ABC or Humdrum, by its suffix.

    Pitches are as they sound, also of transposing instruments; grace and cue notes are left out,
    repeats are not played out. A file that cannot be read note by note, holds no notes or several
    works, or a part of percussion, is a `ScoreError`.

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
    kinds = {".mid": "midi", ".midi": "midi", ".abc": "abc", ".krn": "humdrum"}
    kind = kinds.get(path.suffix.lower(), "musicxml")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Of what music21 warns of, this alone moves notes.
            warnings.filterwarnings("error", message=r".*is overfull")
            content = path.read_bytes()
            if kind == "midi":
                return read_midi(content, path.stem)
            return from_score(_parse(content, kind), path.stem)
    except ScoreError as error:
        raise ScoreError(f"{path}: {error}") from None
    except Exception as error:  # each library that reads has errors of its own
        raise ScoreError(
            f"{path} cannot be read as {kind}: {str(error).strip() or type(error).__name__}. Is "
            "the file whole, and of the kind that its name says?"
        ) from error


def _parse(content, kind):
    """Return what music21 makes of the bytes of a file."""
    from music21 import converter, meter  # two seconds that other modules need not wait for
    from music21.abcFormat import translate
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    load = meter.TimeSignature.load

    def load_short(signature, value, *options):
        if any(int(number) > _MOST_BEATS for number in re.findall(r"(?<![/\d])\d+", value)):
            raise ScoreError(f"its time signature {value} has more than {_MOST_BEATS} beats.")
        load(signature, value, *options)

    said = io.StringIO()
    with (
        contextlib.redirect_stderr(said),
        mock.patch.object(meter.TimeSignature, "load", load_short),
        # Bars end where the file says: splitting long ones, music21 would lose some of their notes.
        mock.patch.object(translate, "reBar", return_value=None),
    ):
        if kind == "musicxml":
            importer = MusicXMLImporter()
            importer.xmlRootToScore(_sounding(_xml_root(content)), importer.stream)
            return importer.stream
        content = text(content)
        if kind == "humdrum":
            lines = [line for line in content.splitlines() if line and not line.startswith("!")]
            if set("".join(lines[-1:]).split("\t")) != {"*-"}:
                raise ValueError("its last line of music is not *-, which ends it")
        score = converter.parseData(content, format=kind)
    # An event that it cannot read, music21 leaves out, or makes it a C, and says so.
    if lost := re.search(r".*(Error in parsing event|assuming C).*", said.getvalue()):
        raise ValueError(lost[0])
    return score


def _xml_root(content):
    """Return the root of a MusicXML document, out of its archive if it is in one."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            container = ElementTree.fromstring(_unpacked(archive, "META-INF/container.xml"))
            name = container.find(".//{*}rootfile").get("full-path")
            content = _unpacked(archive, name)
    root = ElementTree.fromstring(content)
    if root.tag != "score-partwise":
        raise ScoreError(f"its root is <{root.tag}>; save it as <score-partwise>, part by part.")
    return root


def _unpacked(archive, name):
    size = archive.getinfo(name).file_size
    if size > _LARGEST:
        raise ScoreError(f"{name} in it has {size:,} bytes; at most {_LARGEST:,} are read.")
    return archive.read(name)


def _sounding(root):
    """Return a MusicXML document of which music21 reads what sounds, or refuse it."""
    for measure in root.iter("measure"):
        notes_before = False
        for item in measure:
            notes_before |= item.tag == "note"
            for transpose in item.iter("transpose"):
                if notes_before or transpose.get("number"):
                    raise ScoreError(
                        f"measure {measure.get('number')} has an instrument that transposes from "
                        "within the bar, or on one staff of several. Write it at concert pitch."
                    )
                if transpose.find("diatonic") is None:  # which may be left out
                    steps = round(int(transpose.findtext("chromatic")) * 7 / 12)
                    ElementTree.SubElement(transpose, "diatonic").text = str(steps)
        _silence_cues(measure)
    return root


def _silence_cues(measure):
    """Make rests of cue notes, which are printed for the player and do not sound."""
    cues = [note for note in measure.iter("note") if note.find("cue") is not None]
    for note in cues:
        if note.find("chord") is not None or note.find("grace") is not None:
            measure.remove(note)
    kept = ("duration", "voice", "type", "dot", "time-modification", "staff")
    remaining = list(measure.iter("note"))
    for note, after in zip(remaining, [*remaining[1:], measure], strict=True):
        if note in cues and after.find("chord") is not None:  # the next note of the chord sounds
            after.remove(after.find("chord"))
            measure.remove(note)
        elif note in cues:
            note[:] = [ElementTree.Element("rest"), *(part for part in note if part.tag in kept)]


def from_score(score, title=""):
    """Take the notes out of a music21 score or part; the title is used where it has none."""
    if "Opus" in score.classes:
        raise ScoreError(
            f"it holds {len(score.scores)} works; keep one in a file, so that it is clear which is "
            "meant."
        )
    score.toSoundingPitch(inPlace=True)
    title = (score.metadata.title if score.metadata else None) or title
    parts = list(score.parts) if "Score" in score.classes else [score]
    rows = []
    for number, part in enumerate(parts):
        items = list(part.recurse().notes)
        if any({"Unpitched", "PercussionChord"} & set(item.classes) for item in items):
            raise ScoreError(
                f"part {number + 1} ({part.partName or 'without a name'}) is percussion, which has "
                "no pitches. Leave that part out."
            )
        singles = sorted(_single_notes(part, items), key=lambda single: single[0])
        rows += [(number, *row) for row in _join_ties(singles)]
    if not rows:
        raise ScoreError("the file holds no notes; there is nothing to learn from.")
    keys = parts[0].recurse().getElementsByClass("KeySignature").first()
    sharps = keys.sharps if keys else 0
    length = max(float(part.highestTime) for part in parts)
    signature, bars = _bars(parts[0])
    return Piece(
        title=title,
        notes=notes(rows),
        length=length,
        parts=tuple(str(part.partName or "") for part in parts),
        bars=bars,
        time_signature=signature,
        sharps=sharps if sharps in range(-7, 8) else 0,  # None for one of odd accidentals
    )


def _single_notes(part, items):
    """Yield (onset, duration, pitch, fermata, tie, voice): chords note by note, no grace notes."""
    for item in items:
        onset, duration = float(item.getOffsetInHierarchy(part)), float(item.quarterLength)
        if item.duration.isGrace or not duration or "Harmony" in item.classes:
            continue
        fermata = any("Fermata" in mark.classes for mark in item.expressions)
        voice = item.activeSite.id if "Voice" in item.activeSite.classes else None
        for note in item.notes if "Chord" in item.classes else [item]:
            if note.pitch.ps % 1:
                raise ScoreError(
                    f"{note.pitch.unicodeNameWithOctave} at quarter {onset:g} is between two keys "
                    "of the piano; there are no such notes here."
                )
            tie = note.tie.type if note.tie else None
            yield onset, duration, int(note.pitch.ps), fermata, tie, voice


def _join_ties(singles):
    """Return rows (onset, duration, pitch, fermata), those that are tied as one."""
    rows, open_ties = [], {}  # open_ties: (pitch, when it goes on) -> pairs of a voice and a row
    for onset, duration, pitch, fermata, tie, voice in singles:
        ties = open_ties.get((pitch, round(onset, 6)), [])
        if tie in ("continue", "stop") and ties:
            # That of its own voice; a tie may also lead into another one.
            found = next((each for each in ties if each[0] == voice), ties[0])
            ties.remove(found)
            index = found[1]
            begin, _, _, marked = rows[index]
            rows[index] = (begin, onset + duration - begin, pitch, marked or fermata)
        else:
            index = len(rows)
            rows.append((onset, duration, pitch, fermata))
        if tie in ("start", "continue"):
            end = round(onset + duration, 6)
            open_ties.setdefault((pitch, end), []).append((voice, index))
    return rows


def _bars(part):
    """Return the first time signature, and where bars begin, None where there are no measures."""
    signature, bar, opening, begins, until = None, 4.0, None, [], 0.0
    for measure in part.getElementsByClass("Measure"):
        begin, lasts = float(measure.offset), float(measure.duration.quarterLength)
        change = measure.getElementsByClass("TimeSignatureBase").first()
        if change and "SenzaMisuraTimeSignature" in change.classes:
            bar = 0.0  # each measure is as long as it is
        elif change:
            signature = signature or f"{change.numerator}/{change.denominator}"
            bar = float(change.barDuration.quarterLength)
        opening = bar if opening is None else opening
        # A bar that is cut in two, as before an upbeat after a repeat, is one bar.
        if (
            begins
            and not change
            and until - begins[-1] < bar - NEAR
            and begin + lasts - begins[-1] <= bar + NEAR
        ):
            until = begin + lasts
            continue
        begins.append(begin - float(measure.paddingLeft))
        until = begin + lasts
    if len(begins) > 1 and begins[0] == 0 and begins[1] < opening - NEAR:
        begins[0] = begins[1] - opening  # an upbeat that is not marked as one
    return signature or "4/4", np.unique(begins) if begins else None
