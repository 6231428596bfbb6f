"""From MIDI numbers, which name a key of the keyboard, to written notes: is 61 a C# or a D-flat?

Notes are placed on the line of fifths, ... B-flat F C G D A E B F# C# ..., on which each name has a
place of its own (C is 0, a fifth up is one more). A key signature of k sharps moves everything k
places along it.
"""

import numpy as np

# Around the major tonic of the signature: from the minor seventh (B-flat in C) to the raised second
# (D#), so that the leading tones of the relative minor and of its neighbours are sharp.
_LOWEST = -2
_RAISED_SECOND = 9
_STEPS = "FCGDAEB"


def spell(piece):
    """Choose how the notes of a piece are written, from its key signature.

    Place ``q`` on the line of fifths sounds pitch class ``7 q mod 12``; of the places that sound
    right, the one in ``k - 2 .. k + 9`` is taken for a signature of k sharps. The raised second
    (D# without sharps or flats) is written as a lowered third where the part goes on a semitone
    down.

    Args:
        piece: A `Piece`.

    Returns:
        Places on the line of fifths, array ``(notes,)`` of int.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> line = notes([(0, 0, 1, 61), (0, 1, 1, 63), (0, 2, 1, 62)])
        >>> [written(60, q)[0] for q in spell(Piece("", line, 3.0))]
        ['C#', 'Eb', 'D']
        >>> [written(60, q)[0] for q in spell(Piece("", line, 3.0, sharps=-5))]
        ['Db', 'Eb', 'D']
    """
    pitches = piece.notes["pitch"].astype(int)
    lowest = piece.sharps + _LOWEST
    places = lowest + (7 * pitches - lowest) % 12
    falls = np.zeros(len(pitches), dtype=bool)
    same_part = piece.notes["part"][1:] == piece.notes["part"][:-1]
    falls[:-1] = same_part & (np.diff(pitches) == -1)
    return np.where(falls & (places == piece.sharps + _RAISED_SECOND), places - 12, places)


def written(pitch, place):
    """Return the name and the octave under which a pitch is written.

    Args:
        pitch: MIDI number.
        place: Its place on the line of fifths.

    Returns:
        Name such as ``"C"``, ``"F#"`` or ``"Bb"``, and octave; middle C is in octave 4.

    Example:
        >>> written(61, 7), written(61, -5), written(60, 12)
        (('C#', 4), ('Db', 4), ('B#', 3))
    """
    step, alteration = _STEPS[(place + 1) % 7], alter(place)
    sign = "#" * alteration if alteration > 0 else "b" * -alteration
    return step + sign, int(pitch - alteration) // 12 - 1


def alter(place):
    """Return by how many semitones a place on the line of fifths is raised, or lowered if negative.

    Example:
        >>> alter(0), alter(6), alter(-2)
        (0, 1, -1)
    """
    return int((place + 1) // 7)
