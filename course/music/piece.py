"""Music as plain notes: what sounds when, in which part."""

from dataclasses import dataclass, field

import numpy as np

from seqlib.data import DataError

# Times are in quarter notes. A note is one sounding note: notes that are tied are one.
NOTE = np.dtype(
    [("part", "i2"), ("onset", "f8"), ("duration", "f8"), ("pitch", "i2"), ("fermata", "?")]
)


class ScoreError(DataError, ValueError):
    """Music that cannot be read, or not in the form that is asked for."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Music as plain notes.

    The notes (notes,) are sorted by part and time: ``part`` (0 is the first of the score),
    ``onset`` and ``duration`` in quarter notes, ``pitch`` (a MIDI number, 60 is middle C),
    ``fermata`` (bool).

    Example:
        >>> tune = Piece("scale", notes([(0, 0.0, 1.0, 60), (0, 1.0, 3.0, 62)]), length=4.0)
        >>> tune.notes["pitch"].tolist(), len(tune.parts), tune.bars.tolist()
        ([60, 62], 1, [0.0])
    """

    title: str
    notes: np.ndarray
    length: float  # quarter notes, closing rests included
    parts: tuple = ("",)  # their names, as in the score
    # Where each bar begins, (bars,); the first is negative where the piece opens with an upbeat.
    bars: np.ndarray = field(default_factory=lambda: np.zeros(1))
    time_signature: str = "4/4"  # the first one
    sharps: int = 0  # of the key signature; flats count negative

    def __repr__(self):
        return (
            f"Piece({self.title!r}, {len(self.parts)} parts, {len(self.notes)} notes, "
            f"{self.length:g} quarters, {self.time_signature})"
        )

    @property
    def name(self):
        """What an error message calls it."""
        return self.title or "The piece"


def notes(rows):
    """Return sorted notes of rows (part, onset, duration, pitch), a fermata as a fifth if any.

    Example:
        >>> notes([(1, 0.0, 1.0, 48), (0, 0.0, 1.0, 60)])["part"].tolist()
        [0, 1]
    """
    table = np.array([(*row, False)[:5] for row in rows], dtype=NOTE)
    return np.sort(table, order=["part", "onset", "pitch"])


def bar_length(time_signature):
    """Return the length of a bar in quarter notes: 3 for ``"6/8"``."""
    try:
        above, below = (int(number) for number in time_signature.split("/"))
        if above < 1 or below < 1:
            raise ValueError
    except ValueError:
        raise ScoreError(
            f"the time signature is {time_signature!r}; it must be like '4/4' or '6/8'."
        ) from None
    return 4 * above / below
