"""From pieces to token ids on a grid of equal steps, and back without loss.

Each voice has one token a step. Id 0 is padding, as everywhere in this package; 1 is a rest; 2
*holds* the note (it does not sound anew); ``FIRST + pitch`` strikes a note of that MIDI pitch.
"""

import numpy as np

from course.music.piece import Piece, ScoreError, bar_length, notes

PADDING, REST, HOLD, FIRST = 0, 1, 2, 3

VOCABULARY_SIZE = FIRST + 128  # padding, rest, hold, and the MIDI pitches 0 to 127

_NEAR = 1e-4  # of a step: how far a time may lie off the grid by rounding


def encode(piece, steps_per_quarter=4, voices=None):
    """Put a piece on a grid: token ids (time, voices) of int16, in the order of the parts.

    `voices` is the number of parts that the piece must have; None for any. A part that sounds two
    notes at once, or a note off the grid, is a `ScoreError`.

    Example:
        >>> tune = Piece("two notes", notes([(0, 0, 0.5, 60), (0, 0.75, 0.25, 62)]), length=1.0)
        >>> encode(tune)[:, 0].tolist()
        [63, 2, 1, 65]
    """
    if voices is not None and len(piece.parts) != voices:
        raise ScoreError(
            f"{piece.title} has {len(piece.parts)} parts; {voices} are needed. Keep the "
            f"{voices} that are meant in a file of their own."
        )
    length = _steps(piece, steps_per_quarter)
    tokens = np.full((length, len(piece.parts)), REST, dtype="int16")
    begins = _on_grid(piece, piece.notes["onset"], steps_per_quarter)
    ends = _on_grid(piece, piece.notes["onset"] + piece.notes["duration"], steps_per_quarter)
    for note, begin, end in zip(piece.notes, begins, ends, strict=True):
        part = note["part"]
        if np.any(tokens[begin:end, part] != REST):
            raise ScoreError(
                f"{piece.title}: {_part_name(piece, part)} sounds two notes at once at quarter "
                f"{note['onset']:g}. Each part must be a single line; give chords a part for "
                "each of their notes."
            )
        tokens[begin:end, part] = HOLD
        tokens[begin, part] = FIRST + note["pitch"]
    return tokens


def decode(tokens, steps_per_quarter=4, *, like=None, fermatas=None, **facts):
    """Turn token ids (time, voices) on a grid into a `Piece`, padding at the end left out.

    A hold after a rest, or at the very beginning, has nothing to hold and is read as a rest. Names
    of the parts, bars and signatures are taken from the piece `like`, or given as `facts`;
    `fermatas` (time,) is true where notes that sound have one.

    Example:
        >>> decode([[63], [2], [1], [65]]).notes["duration"].tolist()
        [0.5, 0.25]
    """
    tokens = check_tokens(tokens)
    tokens = tokens[: len(tokens) - np.argmax(np.any(tokens[::-1] != PADDING, axis=1))]
    time, voices = tokens.shape
    rows = []
    for voice in range(voices):
        line = tokens[:, voice]
        begins = np.flatnonzero(line >= FIRST)
        stops = np.flatnonzero(line != HOLD)
        ends = np.append(stops, time)[np.searchsorted(stops, begins, side="right")]
        for begin, end in zip(begins, ends, strict=True):
            marked = fermatas is not None and bool(np.any(fermatas[begin:end]))
            onset, duration = begin / steps_per_quarter, (end - begin) / steps_per_quarter
            rows.append((voice, onset, duration, line[begin] - FIRST, marked))
    length = time / steps_per_quarter
    if like is not None:
        bar = bar_length(like.time_signature)
        facts = {
            "title": like.title,
            "parts": like.parts,
            "bars": np.append(like.bars[like.bars < length], np.arange(like.length, length, bar)),
            "time_signature": like.time_signature,
            "sharps": like.sharps,
            **facts,
        }
    facts = {"title": "", "parts": ("",) * voices, **facts}
    return Piece(notes=notes(rows), length=length, **facts)


def sounding(tokens):
    """Return the MIDI pitches that sound in tokens (..., time, voices), int16; -1 for a rest.

    Example:
        >>> sounding(np.array([[2], [63], [2], [1], [2]]))[:, 0].tolist()
        [-1, 60, 60, -1, -1]
    """
    tokens = np.asarray(tokens)
    time = np.arange(tokens.shape[-2])[:, None]
    last = np.maximum.accumulate(np.where(tokens != HOLD, time, 0), axis=-2)
    held = np.take_along_axis(tokens, last, axis=-2)
    return np.where(held >= FIRST, held - FIRST, -1).astype("int16")


def transpose(tokens, semitones):
    """Move all notes of an array of tokens by so many semitones; rests and holds stay."""
    tokens = np.asarray(tokens)
    moved = np.where(tokens >= FIRST, tokens + semitones, tokens)
    if np.any((tokens >= FIRST) & ((moved < FIRST) | (moved >= VOCABULARY_SIZE))):
        raise ValueError(
            f"{semitones} semitones would move a note out of the MIDI pitches 0 to 127."
        )
    return moved.astype(tokens.dtype)


def position_in_bar(piece, steps_per_quarter=4):
    """Return how many steps after the beginning of its bar each step lies: ``(time,)`` of int32.

    Example:
        >>> tune = Piece("upbeat", notes([(0, 0, 2, 60)]), length=2.0, bars=np.array([-3.0, 1.0]))
        >>> position_in_bar(tune, steps_per_quarter=1).tolist()
        [3, 0]
    """
    length = _steps(piece, steps_per_quarter)
    steps = np.arange(length)
    bars = _on_grid(piece, piece.bars, steps_per_quarter)
    return (steps - bars[np.searchsorted(bars, steps, side="right") - 1]).astype("int32")


def fermata_steps(piece, steps_per_quarter=4):
    """Return at which steps a note with a fermata sounds, in any part: ``(time,)`` of booleans."""
    length = _steps(piece, steps_per_quarter)
    marked = np.zeros(length, dtype=bool)
    for note in piece.notes[piece.notes["fermata"]]:
        begin = round(note["onset"] * steps_per_quarter)
        marked[begin : begin + round(note["duration"] * steps_per_quarter)] = True
    return marked


def check_tokens(tokens):
    """Return tokens as an integer array ``(time, voices)``, or refuse them."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 2 or tokens.dtype.kind not in "iu":
        raise ValueError(
            f"tokens must be integers (time, voices), got {tokens.dtype} {tokens.shape}."
        )
    if tokens.size and not 0 <= tokens.min() <= tokens.max() < VOCABULARY_SIZE:
        raise ValueError(
            f"tokens must lie in 0..{VOCABULARY_SIZE - 1}, got {tokens.min()}..{tokens.max()}."
        )
    return tokens


def _steps(piece, steps_per_quarter):
    """Return the length of a piece in steps."""
    return int(_on_grid(piece, np.array([piece.length]), steps_per_quarter)[0])


def _on_grid(piece, times, steps_per_quarter):
    """Return times in quarters as whole steps, or say which one is off the grid."""
    steps = times * steps_per_quarter
    whole = np.rint(steps)
    off = np.abs(steps - whole) > _NEAR
    if np.any(off):
        raise ScoreError(
            f"{piece.title}: a note begins or ends at quarter {times[off][0]:.6g}, which is not "
            f"on a grid of {steps_per_quarter} steps a quarter. Choose a finer grid, or leave "
            "the piece out."
        )
    return whole.astype(int)


def _part_name(piece, number):
    name = piece.parts[number]
    return f"part {number + 1} ({name})" if name else f"part {number + 1}"
