"""Chorales on the grid, with what is printed on the page before any note is known."""

import numpy as np

from course import music

STEPS = 4  # steps a quarter: the grid is of sixteenth notes
LONGEST_BAR = 24  # positions in a bar that are told apart, in steps
VOICES = ("Soprano", "Alto", "Tenor", "Bass")


class Work:
    """A chorale on the grid, with what is printed before any note is known.

    Attributes:
        piece: The `music.Piece`.
        tokens: (time, 4) of token ids, soprano to bass.
        pitches: (time, 4), the MIDI pitch that sounds at each step; -1 for a rest.
        form: (time, 3) of integers: place in the bar, in steps; sharps of the key signature, modulo
            12; 1 where a note with a fermata sounds, else 0.
    """

    def __init__(self, piece):
        self.piece = piece
        self.tokens = music.encode(piece, STEPS, voices=4)
        self.pitches = music.sounding(self.tokens)
        position = np.minimum(music.position_in_bar(piece, STEPS), LONGEST_BAR - 1)
        sharps = np.full(len(position), piece.sharps % 12)
        self.form = np.stack([position, sharps, music.fermata_steps(piece, STEPS)], axis=1)

    @property
    def melody(self):
        """The pitch of the soprano once a beat, (beats,)."""
        return self.pitches[::STEPS, 0]

    def inputs(self, cut, length, move=0):
        """Return what a model reads, padded to one length.

        Args:
            cut: Slice of steps.
            length: Steps of the result.
            move: Semitones to move the work by; the key signature moves along.

        Returns:
            Tokens and pitches (length, 4), and form (length, 3), of int32.
        """
        tokens = music.transpose(self.tokens[cut], move)
        pitches = self.pitches[cut]
        pitches = np.where(pitches < 0, -1, pitches + move)
        form = self.form[cut] + [0, 7 * move, 0]  # a semitone up is seven fifths up
        form[:, 1] %= 12
        arrays = (tokens, pitches, form)
        missing = ((0, length - len(tokens)), (0, 0))
        return tuple(np.pad(array, missing).astype("int32") for array in arrays)

    def __repr__(self):
        return f"Work({self.piece.title!r}, {len(self.tokens)} steps)"


def works(pieces):
    """Return a `Work` for each piece that fits the grid."""
    kept = []
    for piece in pieces:
        try:
            kept.append(Work(piece))
        except music.ScoreError:
            continue
    return kept


def plan(bars, phrase=2, sharps=0, beats=4):
    """Return the form of a chorale that is not written yet.

    Args:
        bars: Number of bars.
        phrase: Bars in a phrase; its last beat has a fermata.
        sharps: Sharps of the key signature; flats count negative.
        beats: Quarters in a bar.

    Returns:
        (time, 3) of integers; see `Work`.
    """
    bar = beats * STEPS
    steps = np.arange(bars * bar)
    in_phrase = steps % (phrase * bar)
    fermata = in_phrase >= phrase * bar - STEPS
    return np.stack([steps % bar, np.full(len(steps), sharps % 12), fermata], axis=1)


def to_piece(tokens, form, title=""):
    """Make a `music.Piece` of what a model wrote.

    Args:
        tokens: (time, 4) of token ids.
        form: (time, 3): bars, key signature and fermatas that it was written to; see `Work`.
        title: Its title.
    """
    begins = np.flatnonzero(form[:, 0] == 0)
    upbeat = form[0, 0] > 0
    lengths = np.diff(begins)
    bar = int(lengths.max()) if len(lengths) else len(form)
    if upbeat:
        begins = np.concatenate([[begins[0] - bar if len(begins) else 0], begins])
    return music.decode(
        tokens,
        STEPS,
        fermatas=form[:, 2] > 0,
        title=title,
        parts=VOICES,
        bars=begins / STEPS,
        time_signature=f"{bar // STEPS}/4",
        sharps=int((form[0, 1] + 5) % 12 - 5),
    )
