"""Pieces from standard MIDI files and to them, tick for tick, by mido."""

import io
import itertools
import math
import re
from fractions import Fraction

import numpy as np

from course.music.excerpt import bar_edges
from course.music.piece import (
    LONGEST,
    NEAR,
    Piece,
    ScoreError,
    bar_length,
    notes,
    signature_of,
)

CHURCH_ORGAN = 19  # General MIDI programs are counted from 0 here, as in MIDI files

_TICKS = 960  # a quarter, or more where a piece needs it
_MOST_TICKS, _LATEST_TICK = 2**15 - 1, 2**28 - 1  # that a file can hold
_DRUMS = 9  # the channel that musicians call 10

# A key signature of more than seven sharps or flats, which some programs write for "no key".
_NO_KEY = re.compile(rb"\xff\x59\x02(?:[\x08-\xf8].|.[^\x00\x01])", re.DOTALL)


def read_midi(content, title):
    """Return the bytes of a MIDI file as a `Piece`, a part for each track that plays.

    In a file of one track for all, a part for each channel. A first bar that is shorter than the
    second is an upbeat, and the last bar ends as its time signature says.
    """
    names, rows, meters, keys, closed = [], [], {}, [], 0.0
    song = _parse(content)
    for number, track in enumerate(song.tracks, start=1):
        name, parts = _played(track, number, song.ticks_per_beat, meters, keys)
        closed = max(closed, sum(message.time for message in track) / song.ticks_per_beat)
        if parts.get(_DRUMS):
            raise ScoreError(
                f"part {len(names) + 1} ({name or 'Percussion'}) is percussion, which has no "
                "pitches. Leave that part out."
            )
        if song.type and parts:
            parts = {0: list(itertools.chain(*parts.values()))}
        for _, part in sorted(parts.items()):
            rows += [(len(names), *row) for row in part]
            names.append(name)
    if not rows:
        raise ScoreError("the file holds no notes; there is nothing to learn from.")
    end = max(begin + lasts for _, begin, lasts, _ in rows)
    signature, bars, length = _bars(meters, end, closed)
    return Piece(title, notes(rows), length, tuple(names), bars, signature, (*keys, 0)[0])


def _parse(content):
    """Return what mido makes of a file."""
    from mido import KeySignatureError, MidiFile

    try:
        file = io.BytesIO(content)
        song = MidiFile(file=file)
    except KeySignatureError:
        file = io.BytesIO(_NO_KEY.sub(b"\xff\x59\x02\0\0", content))
        song = MidiFile(file=file)
    if b"MTrk" in file.read():
        raise ScoreError(f"its header names {len(song.tracks)} tracks, and more follow.")
    if song.type not in (0, 1) or song.ticks_per_beat < 1:
        raise ScoreError(
            "its tracks are independent songs, or its times seconds. Only files of format 0 or 1 "
            "in ticks a quarter are read; save it as one."
        )
    return song


def _played(track, number, ticks, meters, keys):
    """Return the name of a track and its notes (onset, duration, pitch) {channel: notes}.

    Time signatures are put into meters {quarter: signature}, key signatures into keys.
    """
    name, parts, sounding, now = "", {}, {}, 0
    for message in track:
        now += message.time
        if message.type in ("track_name", "instrument_name"):
            name = name or text(message.name.encode("latin-1")).strip(" \0")
        elif message.type == "time_signature":
            meters.setdefault(now / ticks, f"{message.numerator}/{message.denominator}")
        elif message.type == "key_signature":
            keys.append((message.bytes()[3] + 128) % 256 - 128)
        elif message.type == "program_change" and number > 1:
            parts.setdefault(message.channel, [])  # an instrument, though it may be silent
        elif message.type == "note_on" and message.velocity:
            sounding.setdefault((message.channel, message.note), []).append(now)
        elif message.type in ("note_on", "note_off"):
            begins = sounding.get((message.channel, message.note))
            begin = begins.pop(0) if begins else now
            if now > begin:
                row = (begin / ticks, (now - begin) / ticks, message.note)
                parts.setdefault(message.channel, []).append(row)
    for (_, pitch), begins in sounding.items():
        if begins:
            raise ScoreError(
                f"track {number}: the note of pitch {pitch} at quarter {begins[0] / ticks:g} never "
                "ends. Is the file whole?"
            )
    return name, parts


def text(content):
    """Return the text of a file; old ones were often written in Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _bars(meters, end, closed):
    """Return the first time signature, where bars begin, and where the last one ends.

    The last is that in which the music ends, or one of rests that the tracks still close.
    """
    until = max(end, closed)
    if until > LONGEST:
        raise ScoreError(f"it lasts {until:g} quarters; at most {LONGEST:,} are read.")
    changes = sorted(({0.0: "4/4"} | meters).items())
    changes = [(begin, signature) for begin, signature in changes if begin < until - NEAR]
    spans = itertools.pairwise([*(begin for begin, _ in changes), until])
    lengths = [bar_length(signature) for _, signature in changes]
    bars = [np.arange(a, b - NEAR, bar) for (a, b), bar in zip(spans, lengths, strict=True)]
    edges = np.append(np.concatenate(bars), bars[-1][-1] + lengths[-1])
    count = int(np.sum((edges[:-1] < end - NEAR) | (edges[1:] < closed + NEAR)))
    begins, length = edges[:count].copy(), float(edges[count])
    # The second bar begins where the first ends, or before.
    upbeat = count > 1 and len(bars[0]) == 1 and lengths[0] < lengths[1]
    if upbeat:
        begins[0] = begins[1] - lengths[1]
    return changes[upbeat][1], begins, length


def midi(piece, tempo=90, program=CHURCH_ORGAN, gap=0.0, tail=0.0):
    """Return a piece as a `mido.MidiFile`, a track a part; see `write_midi`.

    Each note is `gap` seconds shorter, though by a quarter of it at most, and tracks go on for
    `tail` seconds after the end.
    """
    import mido

    if not len(piece.notes):
        raise ScoreError(f"{piece.name} has no notes; there is nothing to play.")
    if not (isinstance(tempo, int | float | np.number) and 4 <= tempo <= 10_000):
        raise ScoreError(f"tempo is {tempo!r}; it must be 4 to 10,000 quarter notes a minute.")
    ticks = _resolution(piece)
    song = mido.MidiFile(ticks_per_beat=ticks, charset="utf-8")
    end = round(bar_edges(piece)[-1] * ticks)
    gap, tail = gap * tempo / 60, tail * tempo / 60  # quarters
    events = [(0, mido.MetaMessage("set_tempo", tempo=int(6e7 / tempo)))]
    for begin, signature in _meters(piece):
        beats, unit = (int(number) for number in signature.split("/"))
        change = mido.MetaMessage("time_signature", numerator=beats, denominator=unit)
        events.append((round(begin * ticks), change))
    song.tracks.append(_track(events, end))
    for part, instrument in enumerate(_programs(program, len(piece.parts))):
        channel = part % 15 + (part % 15 >= _DRUMS)
        name = str(piece.parts[part]).encode("utf-8", "replace").decode("utf-8")
        events = [(0, mido.MetaMessage("track_name", name=name))] if name else []
        events.append((0, mido.Message("program_change", program=instrument, channel=channel)))
        ends, begins = [], []
        for note in piece.notes[piece.notes["part"] == part]:
            facts = {"note": int(note["pitch"]), "channel": channel}
            stop = note["onset"] + note["duration"] - min(gap, note["duration"] / 4)
            ends.append((round(stop * ticks), mido.Message("note_on", velocity=0, **facts)))
            on = mido.Message("note_on", velocity=80, **facts)
            begins.append((round(note["onset"] * ticks), on))
        if tail:  # a control change that nothing listens to: players stop after the last event
            silent = mido.Message("control_change", control=3, channel=channel)
            ends.append((round((piece.length + tail) * ticks), silent))
        song.tracks.append(_track([*events, *ends, *begins], end))
    return song


def _track(events, end):
    """Return a track of pairs (tick, message); at one tick they keep their order."""
    import mido

    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
    return track


def _resolution(piece):
    """Return how many ticks a quarter has, so that each time of a piece falls on one."""
    ends = piece.notes["onset"] + piece.notes["duration"]
    times = np.unique(np.concatenate([piece.notes["onset"], ends, bar_edges(piece)]))
    fractions = [Fraction(time).limit_denominator(_MOST_TICKS) for time in times.tolist()]
    needed = math.lcm(*(fraction.denominator for fraction in fractions))
    ticks = math.lcm(_TICKS, needed)
    ticks = ticks if ticks <= _MOST_TICKS else needed
    exact = np.allclose(times, [float(f) for f in fractions], rtol=0, atol=NEAR)
    if not exact or ticks > _MOST_TICKS or ticks * times[-1] > _LATEST_TICK:
        raise ScoreError(
            f"{piece.name}: its times need more ticks than MIDI counts, which is "
            f"{_MOST_TICKS:,} a quarter and {_LATEST_TICK:,} in all. Round them to a grid, as with "
            "np.round(24 * times) / 24."
        )
    return ticks


def _meters(piece):
    """Yield the time signatures (quarter, signature) that make the bars of a piece."""
    edges, current, expected = bar_edges(piece), None, None
    for begin, end in itertools.pairwise(edges):
        signature = signature_of(end - begin, piece.time_signature) or piece.time_signature
        if signature != current or abs(begin - expected) > NEAR:
            yield begin, signature
        current, expected = signature, begin + bar_length(signature)


def _programs(program, parts):
    """Return one General MIDI program a part."""
    given = np.atleast_1d(np.asarray(program))
    if given.dtype.kind not in "iu" or given.ndim != 1 or not np.all((given >= 0) & (given < 128)):
        raise ScoreError(f"program is {program!r}; it must be 0 to 127, or one such a part.")
    if np.ndim(program) and len(given) != parts:
        raise ScoreError(f"{len(given)} programs are given for {parts} parts.")
    return [int(number) for number in np.broadcast_to(given, parts)]
