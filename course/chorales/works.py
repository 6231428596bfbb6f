"""Chorales on the grid, with what is printed on the page before any note is known."""

import numpy as np

from course import music

STEPS = 4  # steps a quarter: the grid is of sixteenth notes
LONGEST_BAR = 24  # positions in a bar that are told apart, in steps
VOICES = ("Soprano", "Alto", "Tenor", "Bass")


class Work:
    """A chorale on the grid, with what is printed before any note is known, soprano to bass.

    `tokens` and the `pitches` that sound are (time, 4), `form` is (time, 3): place in the bar, in
    steps; sharps of the key signature, modulo 12; 1 where a note with a fermata sounds, else 0.
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
        """Return tokens and pitches (length, 4) and form (length, 3) of a slice of steps, padded.

        `move` is in semitones; the key signature moves along.
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
    """Return the form (time, 3) of a chorale that is not written yet; see `Work`.

    A phrase has so many bars, and its last beat a fermata; flats count as negative sharps.
    """
    bar = beats * STEPS
    steps = np.arange(bars * bar)
    in_phrase = steps % (phrase * bar)
    fermata = in_phrase >= phrase * bar - STEPS
    return np.stack([steps % bar, np.full(len(steps), sharps % 12), fermata], axis=1)


def to_piece(tokens, form, title=""):
    """Make a `music.Piece` of the tokens (time, 4) that a model wrote to a form (time, 3)."""
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
