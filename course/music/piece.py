"""Music as plain notes: what sounds when, in which part."""

from dataclasses import dataclass

import numpy as np

from seqlib.data import DataError

# Times are in quarter notes. A note is one sounding note: notes that are tied are one.
NOTE = np.dtype(
    [("part", "i2"), ("onset", "f8"), ("duration", "f8"), ("pitch", "i2"), ("fermata", "?")]
)


LONGEST = 100_000  # quarter notes, some 18 hours; what a damaged file claims must not fill memory

NEAR = 1e-6  # quarter notes: times that lie closer are the same
_UNITS = (1, 2, 4, 8, 16, 32, 64, 128)


class ScoreError(DataError, ValueError):
    """Music that cannot be read, or not in the form that is asked for."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Music as plain notes.

    The notes (notes,) are sorted by part and time: ``part`` (0 is the first of the score),
    ``onset`` and ``duration`` in quarter notes, ``pitch`` (a MIDI number, 60 is middle C, as it
    sounds), ``fermata`` (bool). `bars` may be left out: all are then as the time signature says.
    Notes, bars or signatures that no file could hold are a `ScoreError`.

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
    bars: np.ndarray | None = None
    time_signature: str = "4/4"  # the first one
    sharps: int = 0  # of the key signature, -7 to 7; flats count negative

    def __post_init__(self):
        begins, part = self.notes["onset"], self.notes["part"]
        ends, pitch = begins + self.notes["duration"], self.notes["pitch"]
        sounds = (begins >= 0) & (ends > begins) & (ends <= LONGEST)
        known = (part >= 0) & (part < len(self.parts)) & (pitch >= 0) & (pitch < 128)
        for number in np.flatnonzero(~(sounds & known))[:1]:
            raise ScoreError(
                f"{self.name}: note {number} is part {part[number]}, from quarter "
                f"{begins[number]:g} to {ends[number]:g}, pitch {pitch[number]}; it must be of "
                f"part 0 to {len(self.parts) - 1}, begin at 0 or later, last, end by quarter "
                f"{LONGEST:,}, and have a pitch of 0 to 127."
            )
        if not 0 <= self.length <= LONGEST:
            raise ScoreError(
                f"{self.name}: length is {self.length}; it must be 0 to {LONGEST:,} quarters."
            )
        if self.sharps not in range(-7, 8):
            raise ScoreError(f"{self.name}: sharps is {self.sharps!r}; it must be -7 to 7.")
        bar = bar_length(self.time_signature)
        if self.bars is None or not len(self.bars):
            bars = np.arange(0.0, max(self.length, NEAR), bar)
            object.__setattr__(self, "bars", bars)
        if not (self.bars[0] <= 0 and np.all(np.diff(self.bars) > NEAR)):
            raise ScoreError(
                f"{self.name}: bars begin at {self.bars[:8].tolist()} ...; the first must begin at "
                "0 or, for an upbeat, before, and each after the one before it."
            )

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
        if not 1 <= above <= 255 or below not in _UNITS:  # what MIDI holds
            raise ValueError
    except ValueError:
        raise ScoreError(
            f"the time signature is {time_signature!r}; it must be like '4/4' or '6/8', of 1 to "
            "255 beats, each a whole note divided by 1, 2, 4, ... or 128."
        ) from None
    return 4 * above / below


def signature_of(length, time_signature):
    """Return the time signature of a bar of so many quarters, None where there is none.

    It is the given one if that is as long, else in its beats where they fit, or in smaller ones.

    Example:
        >>> signature_of(3.0, "6/8"), signature_of(2.0, "4/4"), signature_of(1.5, "4/4")
        ('6/8', '2/4', '3/8')
    """
    if abs(bar_length(time_signature) - length) < NEAR:
        return time_signature
    for unit in _UNITS[_UNITS.index(int(time_signature.split("/")[1])) :]:
        beats = round(length * unit / 4)
        if 1 <= beats <= 255 and abs(4 * beats / unit - length) < NEAR:
            return f"{beats}/{unit}"
    return None
