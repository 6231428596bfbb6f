"""Some bars of a piece, counted as a musician counts them."""

import dataclasses

import numpy as np

from course.music.piece import NEAR, ScoreError


def excerpt(piece, bars):
    """Return some bars of a piece, the first and the last included, as a piece that begins at 0.

    Bar 1 is the first whole bar; an upbeat is bar 0. Notes are cut where the excerpt ends.

    Example:
        >>> from course.music import Piece, notes
        >>> tune = Piece("", notes([(0, 0, 6, 60), (0, 6, 6, 62)]), length=12.0)
        >>> excerpt(tune, (2, 2)).notes[["onset", "duration", "pitch"]].tolist()
        [(0.0, 2.0, 60), (2.0, 2.0, 62)]
    """
    edges, lowest, highest = bar_edges(piece), first_bar(piece), last_bar(piece)
    try:
        first, last = (int(number) for number in bars)
    except (TypeError, ValueError):
        raise ScoreError(
            f"bars is {bars!r}; it must be two numbers, the first and the last bar, as in (1, 4)."
        ) from None
    if not lowest <= first <= last <= highest:
        raise ScoreError(
            f"{piece.name} has the bars {lowest} to {highest}; there is no excerpt from {first} to "
            f"{last}."
        )
    begin, end = edges[first - lowest], edges[last - lowest + 1]
    until = np.minimum(piece.notes["onset"] + piece.notes["duration"], end)
    inside = (piece.notes["onset"] < end - NEAR) & (until > begin + NEAR)
    if not inside.any():
        raise ScoreError(f"Bars {first} to {last} of {piece.title or 'the piece'} are silent.")
    cut = piece.notes[inside].copy()
    cut["onset"] = np.maximum(cut["onset"], begin) - begin
    cut["duration"] = until[inside] - begin - cut["onset"]
    begins = edges[first - lowest : last - lowest + 1] - begin
    if first == 0:
        begins[0] = piece.bars[0]
    return dataclasses.replace(piece, notes=cut, length=float(end - begin), bars=begins)


def bar_edges(piece):
    """Return where bars begin and the last one ends, (bars + 1,); an upbeat begins at 0."""
    ends = piece.notes["onset"] + piece.notes["duration"]
    length = max(float(piece.length), float(ends.max(initial=0)))
    begins = piece.bars[(piece.bars > NEAR) & (piece.bars < length - NEAR)]
    edges = np.concatenate([[0.0], begins, [length]])
    return edges[np.append(True, np.diff(edges) > NEAR)]


def first_bar(piece):
    """Return the number of the first bar: 0 for an upbeat, else 1."""
    return 0 if piece.bars[0] < -NEAR else 1


def last_bar(piece):
    """Return the number of the last bar."""
    return first_bar(piece) + len(bar_edges(piece)) - 2
