"""Voice leading: each rule on an example that breaks it and on ones that do not."""

import numpy as np
import pytest

from course import music
from course.music import FIRST, HOLD, REST, VoiceLeading, voice_leading, voice_leading_summary


def count(*chords, steps_per_quarter=1):
    """Count in chords of MIDI pitches, soprano first; None for a rest, "-" for a note held."""
    signs = {None: REST, "-": HOLD}
    rows = [[signs[p] if p in signs else FIRST + p for p in chord] for chord in chords]
    return voice_leading(np.array(rows), steps_per_quarter)


def parallels(*chords):
    found = count(*chords)
    return found.parallel_fifths, found.parallel_octaves


@pytest.mark.parametrize(
    ("before", "after", "fifths", "octaves"),
    [
        ((76, 67, 60, 48), (77, 69, 62, 50), 2, 1),  # alto with both, tenor with bass
        ((72, 67, 60, 60), (74, 69, 62, 62), 2, 3),
        ((77, 72, 60, 53), (81, 76, 74, 55), 1, 0),  # a fifth becomes a twelfth, both rise
        ((76, 60, 67, 41), (77, 62, 69, 42), 1, 0),  # a fifth between crossed voices, no fourth
        ((79, 76, 64, 48), (74, 71, 65, 55), 0, 0),  # contrary: soprano down, bass up
        ((76, 72, 67, 48), (77, 69, 67, 48), 0, 0),  # oblique
        ((76, 72, 67, 48), (77, 69, "-", "-"), 0, 0),
        ((72, 67, 64, 48), (72, 67, 64, 48), 0, 0),  # a repeated chord
        ((76, 72, 69, 66), (77, 74, 71, 68), 0, 0),  # other intervals
    ],
)
def test_parallel_fifths_and_octaves_of_the_textbook(before, after, fifths, octaves):
    assert parallels(before, after) == (fifths, octaves)


def test_rests_and_held_steps_make_no_move():
    chord, higher = (72, 67, 64, 48), (74, 69, 66, 50)
    held = ("-", "-", "-", "-")
    assert parallels(chord, held, held, higher, held) == parallels(chord, higher) == (1, 1)
    assert parallels(chord, (None, None, None, None), higher) == (1, 1)  # as two chord changes
    assert parallels((72, None, None, 48), (None, 69, 66, None)) == (0, 0)
    assert count(chord, held, higher).changes == 1


def test_crossing_and_spacing_count_steps_and_notes_out_of_range_when_struck():
    found = count((72, 74, 64, 48), ("-", "-", "-", "-"), (72, 67, 60, 48), (84, 67, 50, 48))
    assert (found.steps, found.crossed, found.wide) == (4, 2, 1)
    assert count((72, 67, 60, 40)).wide == 0  # the bass may be far
    assert count((72, None, 74, 48)).crossed == 0  # neighbours alone are compared
    found = count((59, 54, 47, 39), ("-", "-", "-", "-"), (79, 74, 67, 62))
    assert (found.notes, found.out_of_range) == (8, 4)


def test_chords():
    triads = (72, 67, 64, 48), (72, 67, 63, 48), (72, 66, 63, 48), (72, 68, 64, 48)
    sevenths = (70, 67, 64, 48), (71, 67, 64, 48), (70, 67, 63, 48), (70, 66, 63, 48)
    without_fifth, inversion = ((72, 64, 60, 48), (72, 70, 64, 48)), (72, 67, 60, 52)
    for chord in (*triads, *sevenths, (69, 66, 63, 48), *without_fifth, inversion):
        assert count(chord).chords == 1, chord
    suspensions, without_third = ((72, 67, 65, 48), (74, 67, 64, 48)), (72, 67, 60, 48)
    for chord in (*suspensions, without_third, (72, 60, 60, 48)):
        assert count(chord).chords == 0, chord


def test_beats_are_quarters_also_while_notes_are_held_and_moves_are_of_a_voice():
    held = ("-", "-", "-", "-")
    found = count((72, 67, 64, 48), held, held, held, (None,) * 4, held, steps_per_quarter=2)
    assert (found.beats, found.chords) == (2, 2)
    found = count((72, 67, 64, 48), (74, "-", 64, None), (72, 65, 64, 36))
    assert found.moves == (2, 1, 2, 1)
    assert found.semitones == (4, 2, 0, 12)
    assert found.rates()["semitones a move, bass"] == 12.0


def test_pieces_are_pooled_note_by_note():
    first = np.array([[75, 70, 67, 51], [2, 2, 2, 2], [2, 2, 2, 2]])
    second = np.array([[75, 70, 68, 51]])
    assert voice_leading_summary([first, second], 1)["% of beats that are chords"] == 75.0
    assert voice_leading(first) + voice_leading(second) == VoiceLeading(
        steps=4, notes=8, beats=2, chords=1
    )


def test_nothing_to_count_is_no_number_and_no_four_voices_are_refused():
    assert np.isnan(VoiceLeading().rates()["parallel fifths per 100 changes"])
    assert voice_leading(np.zeros((0, 4), int)) == VoiceLeading()
    assert voice_leading(np.full((3, 4), REST)) == VoiceLeading()
    with pytest.raises(ValueError, match=r"\(time, 4\), got \(2, 3\)"):
        voice_leading(np.ones((2, 3), int))
    with pytest.raises(ValueError, match="pieces is empty"):
        voice_leading_summary([])


def test_bach_keeps_the_rules_and_shuffled_voices_do_not(chorales):
    tokens = [music.encode(piece) for piece in chorales[:40]]
    bach = voice_leading_summary(tokens)
    assert bach["parallel fifths per 100 changes"] < 0.5
    assert bach["parallel octaves per 100 changes"] < 0.5
    assert bach["% of notes out of range"] < 1
    assert bach["% of beats that are chords"] > 85
    assert bach["% of steps with crossed voices"] < 5
    random = np.random.default_rng(0)
    mixed = [np.stack([random.permutation(v) for v in t.T], axis=1) for t in tokens]
    assert voice_leading_summary(mixed)["% of beats that are chords"] < 50
