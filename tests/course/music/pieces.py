"""Pieces of every kind that a file can hold, for Hypothesis."""

import numpy as np
from hypothesis import strategies as st

from course.music.excerpt import bar_edges
from course.music.piece import Piece, bar_length, notes

NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=12)


@st.composite
def pieces(draw, parts_per_quarter=(1, 2, 3, 4, 6, 8, 12, 16)):
    """Draw a piece whose meter changes and whose notes overlap, triplets and short ones too."""
    signature = draw(st.sampled_from(["4/4", "3/4", "6/8", "2/2", "5/8"]))
    bar = bar_length(signature)
    upbeat = draw(st.sampled_from([0.0, 0.5, 1.0]))
    others = draw(st.lists(st.integers(1, 12).map(lambda eighths: eighths / 2), max_size=4))
    edges = np.cumsum([upbeat, bar, *others])
    begins = [upbeat - bar, *edges[:-1]] if upbeat else edges[:-1]
    begins, length = (begins, edges[-1]) if len(begins) > 0 else ([0.0], bar)
    names = draw(st.lists(NAMES, min_size=1, max_size=3))
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        unit = draw(st.sampled_from(parts_per_quarter))
        onset = draw(st.integers(0, int(length * unit) - 1))
        duration = draw(st.integers(1, min(int(length * unit) - onset, 6 * unit)))
        part, pitch = draw(st.integers(0, len(names) - 1)), draw(st.integers(0, 127))
        rows.append((part, onset / unit, duration / unit, pitch))
    return Piece(
        draw(NAMES) or "untitled",
        notes(rows),
        float(length),
        tuple(names),
        np.array(begins),
        signature,
        draw(st.integers(-7, 7)),
    )


def content(piece):
    """Return what two pieces that are the same have in common: their notes and where bars are."""
    rows = piece.notes[["part", "onset", "duration", "pitch"]].tolist()
    return sorted((p, round(o, 6), round(d, 6), q) for p, o, d, q in rows), bar_edges(piece).round(
        6
    ).tolist()
