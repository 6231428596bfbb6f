"""From plain notes to a written score: bars, rests, ties, beams and accidentals, by music21."""

import itertools
import re
from fractions import Fraction

import numpy as np

from course.music.excerpt import bar_edges, first_bar
from course.music.piece import NEAR, ScoreError, bar_length, signature_of
from course.music.spelling import spell, written

STAVES = ("open", "closed")

# Voices whose clef is known; other parts have the bass clef where most notes are below middle C.
_TREBLE, _BASS = ("soprano", "alto"), ("tenor", "bass")
_MIDDLE_C = 60

# What no XML document may hold: control characters, and halves of a pair.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DIVISIONS = 10_080  # of a quarter, in MusicXML as music21 writes it


def to_score(piece, staves="open", number=None, ends=True):
    """Write a piece as a `music21.stream.Score`.

    Notes are split and tied over bar lines, gaps become rests, notes of the same part that overlap
    become voices or chords. Spelling follows the key signature. ``"open"`` is a staff a part,
    ``"closed"`` four parts on two staves, as in a hymn book. `number` is that of the first bar, and
    `ends` says whether the last bar is closed by a final bar line.
    """
    from music21 import bar, layout, metadata, stream

    if staves not in STAVES:
        raise ScoreError(f"staves is {staves!r}; it must be one of {', '.join(STAVES)}.")
    if not len(piece.notes):
        raise ScoreError(f"{piece.name} has no notes; there is nothing to write.")
    if staves == "closed" and len(piece.parts) != 4:
        raise ScoreError(
            f"{piece.name} has {len(piece.parts)} parts; only four can share two staves. Choose "
            'staves="open".'
        )
    number = first_bar(piece) if number is None else number
    score = stream.Score()
    score.insert(0, metadata.Metadata(title=_NO_XML.sub("\ufffd", piece.title)))
    if staves == "closed":
        kind, groups, frame = stream.PartStaff, [(0, 1), (2, 3)], ("brace", True)
    else:
        kind, groups, frame = stream.Part, [(part,) for part in range(len(piece.parts))], None
        if len(piece.parts) > 1:
            frame = ("bracket", False)
    fifths, edges = spell(piece), [_exact(edge, piece) for edge in bar_edges(piece)]
    filled = [_staff(piece, parts, fifths, edges, number, kind()) for parts in groups]
    for staff in filled:
        if ends:
            staff[-1].rightBarline = bar.Barline("final")
        score.insert(0, staff)
    if frame:
        symbol, together = frame
        score.insert(0, layout.StaffGroup(filled, symbol=symbol, barTogether=together))
    return score


def _staff(piece, parts, fifths, edges, number, staff):
    """Fill a staff with one part, or with two of which the first has its stems up."""
    from music21 import clef, key, meter, stream

    if len(parts) == 1:
        staff.partName = _NO_XML.sub("\ufffd", str(piece.parts[parts[0]]))
        low = _is_low(staff.partName, piece.notes["pitch"][piece.notes["part"] == parts[0]])
    else:
        low = parts[0] > 0
    voices = []  # pairs of a line and the direction of its stems
    for part, stem in zip(parts, ["up", "down"] if len(parts) == 2 else [None], strict=True):
        fermata = "inverted" if len(parts) == 2 and low else "upright"
        shown = len(parts) == 1 or (stem == "down") == low  # a staff of two has fermatas once
        for line in _lines(piece, fifths, part, fermata if shown else None):
            voices.append((line, stem))
    bars = zip(itertools.pairwise(edges), _signatures(piece, edges), strict=True)
    for index, ((begin, end), (signature, is_new)) in enumerate(bars):
        measure = stream.Measure(number=number + index)
        if index == 0:
            measure.clef = clef.BassClef() if low else clef.TrebleClef()
            measure.keySignature = key.KeySignature(piece.sharps)
            if piece.bars[0] < 0:
                measure.paddingLeft = float(-piece.bars[0])
        if is_new:
            measure.timeSignature = meter.TimeSignature(signature)
        whole = Fraction(bar_length(signature))
        filled = [(_fill(line, begin, end, whole), stem) for line, stem in voices]
        if len(parts) == 1:  # further voices of a part only where they sound
            filled = [f for f in filled if any(not item.isRest for item in f[0])] or filled[:1]
        _add_voices(measure, filled)
        _beams(measure, signature)
        _show_accidentals(measure, piece.sharps)
        staff.append(measure)
    return staff


def _signatures(piece, edges):
    """Yield the time signature of each bar, and whether it is printed there: where it changes.

    An upbeat and a last bar that is short have that of their neighbor, and so has a bar whose
    length none can say.
    """
    current = piece.time_signature
    for index, (begin, end) in enumerate(itertools.pairwise(edges)):
        short = end - begin < bar_length(current) and end == edges[-1]
        upbeat = index == 0 and piece.bars[0] < 0
        fitting = None if short or upbeat else signature_of(end - begin, piece.time_signature)
        yield (fitting or current), index == 0 or fitting not in (None, current)
        current = fitting or current


def _is_low(name, pitches):
    """Return whether a part is written in the bass clef."""
    name = name.lower()
    if name.startswith(_TREBLE + _BASS):
        return name.startswith(_BASS)
    return len(pitches) > 0 and np.median(pitches) < _MIDDLE_C


def _lines(piece, fifths, part, fermata):
    """Return the lines of a part: lists of (begin, end, tones, fermata) that do not overlap."""
    chords = {}
    for note, fifth in zip(piece.notes, fifths, strict=True):
        if note["part"] == part:
            begin, end = note["onset"], note["onset"] + note["duration"]
            span = _exact(begin, piece), _exact(end, piece)
            chords.setdefault(span, []).append((note, fifth))
    lines = [[]]
    for begin, end in sorted(chords):
        tones = sorted((int(note["pitch"]), int(fifth)) for note, fifth in chords[begin, end])
        marked = fermata if any(note["fermata"] for note, _ in chords[begin, end]) else None
        line = next((line for line in lines if not line or line[-1][1] <= begin), None)
        if line is None:
            lines.append(line := [])
        line.append((begin, end, tones, marked))
    return lines


def _fill(line, begin, end, whole):
    """Return the items of one voice in a bar, cut at the bar lines, gaps filled with rests."""
    items, now = [], begin
    for start, stop, tones, marked in line:
        if stop <= begin or start >= end:
            continue
        inside, until = max(start, begin), min(stop, end)
        items += _rests(now - begin, inside - now, whole)
        lengths = _note_lengths(inside - begin, until - inside)
        for index, length in enumerate(lengths):
            from_before = index > 0 or start < begin
            goes_on = index < len(lengths) - 1 or stop > end
            mark = None if goes_on else marked
            items.append(_sound(tones, length, from_before, goes_on, mark))
        now = until
    return items + _rests(now - begin, end - now, whole)


def _sound(tones, length, from_before, goes_on, fermata):
    """Return a note or chord, with ties from the one before and to the one that goes on."""
    from music21 import chord, expressions, note, tie

    kind = {(True, True): "continue", (True, False): "stop", (False, True): "start"}
    singles = []
    for pitch, fifth in tones:
        single = note.Note(quarterLength=length)
        single.pitch.step, alteration, single.pitch.octave = written(pitch, fifth)
        if alteration:
            single.pitch.accidental = alteration
        if from_before or goes_on:
            single.tie = tie.Tie(kind[from_before, goes_on])
        singles.append(single)
    sound = singles[0] if len(singles) == 1 else chord.Chord(singles, quarterLength=length)
    if fermata:
        mark = expressions.Fermata()
        mark.type = fermata
        sound.expressions.append(mark)
    return sound


def _rests(begin, length, whole):
    """Return the rests that fill a gap; for a whole bar it is one, the rest for whole bars."""
    from music21 import note

    if not length:
        return []
    if length == whole:  # not in shorter bars: readers would take them for whole ones
        return [note.Rest(quarterLength=length, fullMeasure=True)]
    return [note.Rest(quarterLength=each) for each in _note_lengths(begin, length)]


def _note_lengths(begin, length):
    """Cut a length into ones that a note can have; off the beat the short ones come first."""
    from music21 import duration

    whole = duration.Duration(length)
    if whole.type != "complex":
        return [length]
    lengths = sorted((part.quarterLength for part in whole.components), reverse=True)
    return lengths[::-1] if begin % 1 else lengths


def _add_voices(measure, voices):
    """Put one voice into a measure as it is, several as music21's voices."""
    from music21 import stream
    from music21.stream.makeNotation import makeTupletBrackets

    for index, (items, stem) in enumerate(voices, start=1):
        target = measure if len(voices) == 1 else stream.Voice(id=str(index))
        for item in items:
            if stem and not item.isRest:
                item.stemDirection = stem
            target.append(item)
        makeTupletBrackets(target, inPlace=True)
        if target is not measure:
            measure.insert(0, target)


def _beams(measure, time_signature):
    """Join the short notes of a measure by beams."""
    from music21 import meter
    from music21.exceptions21 import Music21Exception

    signature = meter.TimeSignature(time_signature)
    for voice in measure.voices or [measure]:
        items = list(voice.notesAndRests)
        try:
            beams = signature.getBeams(items, measureStartOffset=measure.paddingLeft)
        except Music21Exception:  # a bar that is longer than its time signature stays without
            continue
        for item, group in zip(items, beams, strict=True):
            if group is not None:
                item.beams = group


def _show_accidentals(measure, sharps):
    """Decide which accidentals are printed: those that differ from what holds in the bar so far."""
    from music21 import pitch

    altered = {step: 0 for step in "CDEFGAB"}
    for index in range(abs(sharps)):
        step = "FCGDAEB"[index] if sharps > 0 else "BEADGCF"[index]
        altered[step] += 1 if sharps > 0 else -1
    holds = {}
    spots = [
        (item.getOffsetInHierarchy(measure), single)
        for item in measure.recurse().notes
        for single in (item.notes if item.isChord else [item])
    ]
    for _, single in sorted(spots, key=lambda spot: spot[0]):
        tone = single.pitch
        tied = single.tie is not None and single.tie.type != "start"
        differs = tone.alter != holds.get((tone.step, tone.octave), altered[tone.step])
        if differs and tone.accidental is None:
            tone.accidental = pitch.Accidental("natural")
        if tone.accidental is not None:
            tone.accidental.displayStatus = bool(differs and not tied)
        if not tied:
            holds[tone.step, tone.octave] = tone.alter


def _exact(time, piece):
    """Return a time as a fraction, so that three triplets make one quarter, or refuse it."""
    exact = Fraction(round(float(time) * _DIVISIONS), _DIVISIONS)
    if abs(exact - Fraction(float(time))) > NEAR:
        raise ScoreError(
            f"{piece.name}: quarter {time:.9g}, where a note or a bar begins or ends, is no whole "
            f"number of {_DIVISIONS:,}ths of a quarter, so it cannot be written. Round its times "
            "to a grid, as with np.round(24 * times) / 24."
        )
    return exact
