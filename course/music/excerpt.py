"""Some bars of a piece, counted as a musician counts them."""

import dataclasses

import numpy as np

from course.music.grid import bar_length
from course.music.scores import ScoreError

_NEAR = 1e-6  # quarter notes


def bar_edges(piece):
    """Return where bars begin, and where the last one ends.

    Bars of the length of the time signature are added where those of the piece do not reach its
    end. The upbeat, if there is one, begins at 0.

    Args:
        piece: A `Piece`.

    Returns:
        Array ``(bars + 1,)``, in quarter notes.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> tune = Piece("", notes([(0, 0, 8, 60)]), length=8.0, bars=np.array([-3.0, 1.0]))
        >>> bar_edges(tune).tolist()
        [0.0, 1.0, 5.0, 8.0]
    """
    ends = piece.notes["onset"] + piece.notes["duration"]
    length = max(float(piece.length), float(ends.max(initial=0)))
    begins = piece.bars[piece.bars < length - _NEAR] if len(piece.bars) else np.zeros(1)
    begins = begins if len(begins) else np.zeros(1)
    bar = bar_length(piece.time_signature)
    begins = np.append(begins, np.arange(begins[-1] + bar, length - _NEAR, bar))
    inside = np.concatenate([[0.0], begins[begins > _NEAR], [length]])
    return inside[np.append(True, np.diff(inside) > _NEAR)]


def first_number(piece):
    """Return the number of the first bar: 0 for an upbeat, else 1.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> first_number(Piece("", notes([(0, 0, 1, 60)]), length=1.0))
        1
    """
    return 0 if len(piece.bars) and piece.bars[0] < -_NEAR else 1


def last_number(piece):
    """Return the number of the last bar.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> last_number(Piece("", notes([(0, 0, 8, 60)]), length=8.0))
        2
    """
    return first_number(piece) + len(bar_edges(piece)) - 2


def excerpt(piece, bars):
    """Return some bars of a piece as a piece of its own, beginning at 0.

    Args:
        piece: A `Piece`.
        bars: First and last bar, both included. Bar 1 is the first whole bar; an upbeat is bar 0.

    Returns:
        The `Piece`. A note that goes beyond the excerpt is cut where the excerpt ends.

    Raises:
        ScoreError: The piece has no such bars, or no note sounds in them.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> tune = Piece("", notes([(0, 0, 6, 60), (0, 6, 6, 62)]), length=12.0)
        >>> excerpt(tune, (2, 2)).notes[["onset", "duration", "pitch"]].tolist()
        [(0.0, 2.0, 60), (2.0, 2.0, 62)]
    """
    edges, lowest, highest = bar_edges(piece), first_number(piece), last_number(piece)
    try:
        first, last = (int(number) for number in bars)
    except (TypeError, ValueError):
        raise ScoreError(
            f"bars is {bars!r}; it must be two numbers, the first and the last bar, as in (1, 4)."
        ) from None
    if not lowest <= first <= last <= highest:
        raise ScoreError(
            f"{piece.title or 'The piece'} has the bars {lowest} to {highest}; there is no excerpt "
            f"from {first} to {last}."
        )
    begin, end = edges[first - lowest], edges[last - lowest + 1]
    sounds = piece.notes
    until = np.minimum(sounds["onset"] + sounds["duration"], end)
    kept = (sounds["onset"] < end - _NEAR) & (until > begin + _NEAR)
    if not kept.any():
        raise ScoreError(f"Bars {first} to {last} of {piece.title or 'the piece'} are silent.")
    cut = sounds[kept].copy()
    cut["onset"] = np.maximum(cut["onset"], begin) - begin
    cut["duration"] = until[kept] - begin - cut["onset"]
    begins = edges[first - lowest : last - lowest + 1] - begin
    if first == 0:
        begins[0] = piece.bars[0]
    return dataclasses.replace(piece, notes=cut, length=float(end - begin), bars=begins)
