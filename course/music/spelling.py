"""From MIDI numbers, which name a key of the keyboard, to written notes: is 61 a C# or a D-flat?

Notes are placed on the line of fifths, ... B-flat F C G D A E B F# C# ..., on which each name has a
fifth of its own (C is 0, a fifth up is one more). A key signature of k sharps moves everything k
fifths along it.
"""

import numpy as np

# Around the major tonic of the signature: from the minor seventh (B-flat in C) to the raised second
# (D#), so that the leading tones of the relative minor and of its neighbors are sharp.
_LOWEST = -2
_RAISED_SECOND = 9
_STEPS = "FCGDAEB"


def spell(piece):
    """Return for each note of a piece its place on the line of fifths, (notes,) of int.

    Place ``q`` sounds pitch class ``7 q mod 12``; of those that sound right, the one in ``k - 2 ..
    k + 9`` is taken for k sharps. The raised second (D# without sharps or flats) is written as a
    lowered third where the part goes on a semitone down.
    """
    pitches = piece.notes["pitch"].astype(int)
    lowest = piece.sharps + _LOWEST
    fifths = lowest + (7 * pitches - lowest) % 12
    falls = np.zeros(len(pitches), dtype=bool)
    same_part = piece.notes["part"][1:] == piece.notes["part"][:-1]
    falls[:-1] = same_part & (np.diff(pitches) == -1)
    return np.where(falls & (fifths == piece.sharps + _RAISED_SECOND), fifths - 12, fifths)


def written(pitch, fifth):
    """Return step, alteration and octave under which a pitch is written: 61 at 7 is C, 1, 4."""
    alteration = int((fifth + 1) // 7)
    return _STEPS[(fifth + 1) % 7], alteration, int(pitch - alteration) // 12 - 1
