"""How well four voices move: the rules of harmony books, counted."""

import dataclasses
import itertools

import numpy as np

from course.music.grid import FIRST, check_tokens, sounding

VOICES = ("soprano", "alto", "tenor", "bass")

# Lowest and highest MIDI pitch of each voice, as harmony books commonly give them: C4-G5, G3-D5,
# C3-G4, E2-D4. Of the notes in Bach's chorales, three in a thousand lie outside.
RANGES = {"soprano": (60, 79), "alto": (55, 74), "tenor": (48, 67), "bass": (40, 62)}

_OCTAVE, _FIFTH = 12, 7

# Semitones above the root: triads and seventh chords, whole and without their fifth.
_CHORDS = [(0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 4), (0, 3)]
_CHORDS += [(0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6, 10), (0, 3, 6, 9)]
_CHORDS += [(0, 4, 10), (0, 3, 10), (0, 4, 11)]


def _chord_table():
    """Return for each set of pitch classes, a number of twelve bits, whether it is a chord."""
    table = np.zeros(1 << _OCTAVE, dtype=bool)
    for root, chord in itertools.product(range(_OCTAVE), _CHORDS):
        table[sum(1 << (root + tone) % _OCTAVE for tone in chord)] = True
    return table


_IS_CHORD = _chord_table()


@dataclasses.dataclass(frozen=True)
class VoiceLeading:
    """Counts for one piece or, added up, for many; see `voice_leading` for what they count."""

    changes: int = 0  # moves from one chord change to the next
    parallel_fifths: int = 0  # pairs of voices
    parallel_octaves: int = 0  # pairs of voices in parallel octaves or unisons
    steps: int = 0  # of the grid, at which a voice sounds
    crossed: int = 0  # those at which a voice is above the one over it
    wide: int = 0  # those at which soprano and alto, or alto and tenor, are over an octave apart
    notes: int = 0  # that are struck
    out_of_range: int = 0  # those outside `RANGES`
    beats: int = 0  # quarters at which a voice sounds
    chords: int = 0  # those that are a triad or a seventh chord
    moves: tuple = (0, 0, 0, 0)  # from a note to the next one, a voice each
    semitones: tuple = (0, 0, 0, 0)  # how far these go together, a voice each

    def __add__(self, other):
        sums = {}
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            both = np.add(mine, theirs).tolist()
            sums[field.name] = tuple(both) if isinstance(mine, tuple) else both
        return VoiceLeading(**sums)

    def rates(self):
        """Return a dict of rates, to compare pieces of any length; NaN for nothing to count."""
        rates = {
            "parallel fifths per 100 changes": _ratio(100 * self.parallel_fifths, self.changes),
            "parallel octaves per 100 changes": _ratio(100 * self.parallel_octaves, self.changes),
            "% of steps with crossed voices": _ratio(100 * self.crossed, self.steps),
            "% of steps wider than an octave": _ratio(100 * self.wide, self.steps),
            "% of notes out of range": _ratio(100 * self.out_of_range, self.notes),
            "% of beats that are chords": _ratio(100 * self.chords, self.beats),
        }
        for voice, far, moves in zip(VOICES, self.semitones, self.moves, strict=True):
            rates[f"semitones a move, {voice}"] = _ratio(far, moves)
        return rates


def voice_leading(tokens, steps_per_quarter=4):
    """Count what harmony books forbid, and what they ask for, in tokens (time, 4) of four voices.

    A *chord change* is a step at which at least one voice strikes a note. Two voices, x and y, move
    in parallel fifths (c = 7) or in parallel octaves, unisons included (c = 0), where at two
    successive chord changes |x - y| = |x' - y'| = c, modulo 12, and (x' - x) (y' - y) > 0: both
    move, and in the same direction. Each of the six pairs counts; phrase ends are not treated
    apart.

    *Crossed* and *wide* look at neighboring voices that both sound; wide leaves out tenor and bass,
    which may be far apart. A *beat* is each quarter from the first step on; it is a *chord* where
    its pitch classes are those of a triad or a seventh chord in any inversion; the fifth may be
    missing.

    Example:
        >>> chords = FIRST + np.array([[72, 67, 64, 48], [74, 69, 65, 50]])  # C major, D minor
        >>> found = voice_leading(chords, steps_per_quarter=1)
        >>> found.parallel_fifths, found.parallel_octaves  # alto, soprano with the bass
        (1, 1)

    Reference: Aldwell, Schachter and Cadwallader, *Harmony and Voice Leading*.
    """
    tokens = check_tokens(tokens)
    if tokens.shape[1] != len(VOICES):
        raise ValueError(f"tokens must be (time, {len(VOICES)}), got {tokens.shape}.")
    pitches, struck = sounding(tokens).astype(int), tokens >= FIRST
    sounds = pitches >= 0
    changes = pitches[struck.any(axis=1)]
    low, high = np.array([RANGES[voice] for voice in VOICES]).T
    beats = pitches[::steps_per_quarter]
    beats = beats[(beats >= 0).any(axis=1)]
    lines = [pitches[struck[:, voice], voice] for voice in range(len(VOICES))]
    both = sounds[:, :-1] & sounds[:, 1:]  # (time, pairs of neighbors)
    apart = pitches[:, :-1] - pitches[:, 1:]
    return VoiceLeading(
        changes=max(0, len(changes) - 1),
        parallel_fifths=_parallels(changes, _FIFTH),
        parallel_octaves=_parallels(changes, 0),
        steps=int(sounds.any(axis=1).sum()),
        crossed=int((both & (apart < 0)).any(axis=1).sum()),
        wide=int((both & (apart > _OCTAVE))[:, :2].any(axis=1).sum()),
        notes=int(struck.sum()),
        out_of_range=int((struck & ((pitches < low) | (pitches > high))).sum()),
        beats=len(beats),
        chords=int(_IS_CHORD[_pitch_classes(beats)].sum()),
        moves=tuple(max(0, len(line) - 1) for line in lines),
        semitones=tuple(int(np.abs(np.diff(line)).sum()) for line in lines),
    )


def voice_leading_summary(pieces, steps_per_quarter=4):
    """Return the `rates` of many pieces, tokens (time, 4) each, pooled in a `pandas.Series`."""
    import pandas as pd

    pieces = list(pieces)
    if not pieces:
        raise ValueError("pieces is empty; give the tokens of at least one piece.")
    counts = (voice_leading(tokens, steps_per_quarter) for tokens in pieces)
    return pd.Series(sum(counts, VoiceLeading()).rates())


def _parallels(pitches, interval):
    """Count the pairs of voices that keep an interval while they move the same way."""
    upper, lower = np.triu_indices(pitches.shape[1], k=1)
    # (changes, pairs)
    holds = np.abs(pitches[:, upper] - pitches[:, lower]) % _OCTAVE == interval
    holds &= (pitches[:, upper] >= 0) & (pitches[:, lower] >= 0)
    moves = np.diff(pitches, axis=0)
    same_way = moves[:, upper] * moves[:, lower] > 0
    return int((holds[1:] & holds[:-1] & same_way).sum())


def _pitch_classes(pitches):
    """Return the set of pitch classes of each row, as a number of twelve bits."""
    bits = np.where(pitches >= 0, 1 << (pitches % _OCTAVE), 0)
    return np.bitwise_or.reduce(bits, axis=1)


def _ratio(part, whole):
    return part / whole if whole else float("nan")
