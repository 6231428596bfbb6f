"""The grid: there and back, what it refuses, and what is read off it."""

import numpy as np
import pytest

from course import music
from course.music import FIRST, HOLD, PADDING, REST
from course.music.piece import Piece, ScoreError, notes
from tests.course.music.conftest import same_notes


def on_grid(pieces, steps):
    """Return the pieces that fit the grid with their tokens, and why the others do not."""
    fitting, reasons = [], []
    for piece in pieces:
        try:
            fitting.append((piece, music.encode(piece, steps)))
        except ScoreError as error:
            reasons.append(str(error))
    return fitting, reasons


def test_chorales_come_back_from_the_grid_as_they_were(chorales):
    fitting, reasons = on_grid(chorales, 4)
    assert (len(chorales), len(fitting)) == (368, 365)
    assert all("is not on a grid of 4 steps a quarter" in reason for reason in reasons)
    for piece, tokens in fitting:
        back = music.decode(tokens, like=piece, fermatas=music.fermata_steps(piece))
        assert same_notes(piece, back)
        assert back.length == piece.length
        assert (back.parts, back.sharps, back.title) == (piece.parts, piece.sharps, piece.title)
        assert np.array_equal(back.bars, piece.bars)
        assert np.all(back.notes["fermata"][piece.notes["fermata"]])


def test_tunes_come_back_from_the_grid_as_they_were(tunes):
    some = tunes[::6]
    fitting, reasons = on_grid(some, 12)
    assert 0.8 * len(some) < len(fitting) < len(some)
    known = ("is not on a grid of 12 steps", "sounds two notes at once")
    assert all(any(part in reason for part in known) for reason in reasons)
    assert all(same_notes(piece, music.decode(tokens, 12)) for piece, tokens in fitting)


def test_sounding_resolves_holds_and_a_repeated_note_is_struck_anew():
    twice = Piece("", notes([(0, 0, 1, 60), (0, 1, 1, 60)]), length=2.0)
    tokens = music.encode(twice, 2)
    assert tokens[:, 0].tolist() == [63, HOLD, 63, HOLD]
    assert same_notes(music.decode(tokens, 2), twice)
    batch = np.array([[[63, 67], [HOLD, REST], [HOLD, 2]], [[REST, 63], [64, HOLD], [2, 2]]])
    expected = [[[60, 64], [60, -1], [60, -1]], [[-1, 60], [61, 60], [61, 60]]]
    assert music.sounding(batch).tolist() == expected


def test_what_the_grid_cannot_hold_is_refused_with_part_and_place(single):
    triplets = Piece("triplets", notes([(0, 0, 1 / 3, 60), (0, 1 / 3, 1 / 3, 62)]), length=1.0)
    with pytest.raises(ScoreError, match=r"triplets.*quarter 0\.333333.*grid of 4.*finer"):
        music.encode(triplets)
    assert same_notes(music.decode(music.encode(triplets, 3), 3), triplets)
    chord = Piece("chord", notes([(0, 2, 1, 60), (0, 2, 1, 64)]), length=4.0, parts=("Piano",))
    with pytest.raises(ScoreError, match=r"chord: part 1 \(Piano\) sounds two .* quarter 2"):
        music.encode(chord)
    with pytest.raises(ScoreError, match="has 1 parts; 4 are needed"):
        music.encode(single(60), voices=4)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([60, 61], r"\(time, voices\)"),
        ([[60.0]], "integers.*float64"),
        ([[FIRST + 128]], r"0\.\.130, got 131"),
        ([[-1]], r"got -1\.\.-1"),
    ],
)
def test_what_are_no_tokens_is_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        music.decode(tokens)


def test_a_hold_with_nothing_to_hold_is_a_rest_and_padding_is_left_out():
    assert len(music.decode([[HOLD], [HOLD]]).notes) == 0
    assert music.decode([[63], [REST], [HOLD], [65]]).notes["onset"].tolist() == [0.0, 0.75]
    sounds = music.sounding(np.array([[HOLD], [63], [REST], [HOLD]]))
    assert sounds[:, 0].tolist() == [-1, 60, -1, -1]
    piece = music.decode([[63, REST], [HOLD, REST], [PADDING, PADDING]], 2)
    assert piece.length == 1.0
    assert piece.notes["duration"].tolist() == [1.0]


def test_transposing_moves_notes_alone_and_back_again(chorale):
    tokens = music.encode(chorale)
    up = music.transpose(tokens, 3)
    assert up.dtype == tokens.dtype
    assert np.array_equal(up < FIRST, tokens < FIRST)
    assert np.array_equal(music.transpose(up, -3), tokens)
    with pytest.raises(ValueError, match="100 semitones"):
        music.transpose(tokens, 100)


def test_positions_count_from_the_bar_and_fermatas_last_as_long_as_their_notes(chorale):
    positions = music.position_in_bar(chorale)
    upbeat = int(-chorale.bars[0] * 4)
    assert positions[0] == upbeat
    assert positions[16 - upbeat] == 0
    assert len(positions) == len(music.encode(chorale))
    held = Piece("", notes([(0, 0, 1, 60, False), (0, 1, 2, 62, True)]), length=4.0)
    assert music.fermata_steps(held, 1).tolist() == [False, True, True, False]


@pytest.mark.parametrize("signature", ["4", "4/0", "a/b", "-3/4"])
def test_a_time_signature_must_be_one(signature):
    with pytest.raises(ScoreError, match="must be like '4/4'"):
        music.decode([[63]], time_signature=signature)
