"""What the chorale model learns from: form, families, parts, excerpts."""

import itertools

import numpy as np
import pytest

from course import chorales, music


@pytest.fixture(scope="module")
def works():
    return chorales.works(music.load_corpus("bach_chorales"))


def test_only_what_is_off_the_grid_is_left_out_and_form_is_what_is_on_the_page(works):
    assert len(works) == 365
    assert {work.tokens.shape[1] for work in works} == {4}
    titles = {work.piece.title for work in works}
    assert titles.isdisjoint({"bwv248.64-s", "bwv36.4-2", "bwv432"})
    work = next(work for work in works if work.piece.title == "bwv101.7")  # an upbeat, one flat
    assert work.form[:6, 0].tolist() == [12, 13, 14, 15, 0, 1]
    assert set(work.form[:, 1]) == {11}
    notes = work.piece.notes[work.piece.notes["fermata"]]
    begin = int(notes[0]["onset"] * 4)
    assert work.form[begin, 2] == 1
    assert work.form[0, 2] == 0


def test_inputs_move_notes_and_key_together(works):
    work = works[0]
    tokens, pitches, form = work.inputs(slice(0, 32), 40, move=2)
    np.testing.assert_array_equal(tokens[:32], music.transpose(work.tokens[:32], 2))
    np.testing.assert_array_equal(pitches[:32], music.sounding(tokens[:32]))
    assert set(form[:32, 1]) == {(work.piece.sharps + 14) % 12}
    assert not tokens[32:].any()


def test_families_see_through_key_and_rests_and_link_by_a_third():
    rng = np.random.default_rng(0)
    a, b, c = (60 + np.cumsum(rng.integers(1, 4, 20) * rng.choice([-1, 1], 20)) for _ in range(3))
    bridge = np.concatenate([a[-14:], b[:14] - b[0] + 90])
    still = np.full(30, 70)
    family = chorales.families([a, a + 5, b, c, bridge, still, still + 1], run=12)
    assert family[0] == family[1] == family[2] == family[4]
    assert len({family[0], family[3], family[5], family[6]}) == 4
    a = np.array([60, 62, 64, 65, 67, 69, 71, 72])
    with_rests = np.insert(a, [3, 3, 6], -1)
    assert len(set(chorales.families([a, with_rests], run=7))) == 1


def test_parts_keep_families_together_and_no_melody_of_the_test_is_sung_in_training(works):
    family = chorales.families([work.melody for work in works])
    parts = chorales.split(family)
    assert sorted(itertools.chain(*parts.values())) == list(range(len(works)))
    of_part = {part: set(family[places]) for part, places in parts.items()}
    for one, other in itertools.combinations(of_part.values(), 2):
        assert not one & other
    assert len(parts["test"]) >= 0.2 * len(works)
    assert chorales.split(family) == parts
    assert chorales.split(family, seed=1) != parts

    def intervals(work):
        notes = work.tokens[work.tokens[:, 0] >= music.FIRST, 0].astype(int)
        return tuple(np.diff(notes))

    # Note by note too, which no grouping by beats was asked for.
    known = {intervals(works[place]) for place in parts["training"]}
    assert not any(intervals(works[place]) in known for place in parts["test"])


def test_excerpts_stay_within_the_ranges_of_all(works):
    some = works[:30]
    batches = chorales.Excerpts(some, length=64, batch_size=8, seed=3)
    all_notes = np.concatenate([np.ma.masked_less(work.pitches, 0) for work in some])
    low, high = all_notes.min(axis=0), all_notes.max(axis=0)
    for index in range(len(batches)):
        (tokens, pitches, form, known), target = batches[index]
        assert tokens.shape == (8, 64, 4)
        assert form.shape == (8, 64, 3)
        assert tokens is target
        sounds = np.ma.masked_where(pitches <= 0, pitches)
        assert (sounds >= low).all()
        assert (sounds <= high).all()
        assert set(known) <= {0.0, 1.0}
        np.testing.assert_array_equal(form[..., 1] < 12, True)


def test_excerpts_are_cut_from_the_works_and_begin_anew_with_the_seed(works):
    batches = chorales.Excerpts(works[:4], length=32, batch_size=4, transposed=False)
    whole = [work.tokens.tobytes() for work in works[:4]]
    for row in batches[0][0][0]:
        cut = row[row.any(axis=1)].astype("int16").tobytes()
        assert any(cut in one for one in whole)
    first, second = (chorales.Excerpts(works[:10], batch_size=4, seed=5)[0] for _ in range(2))
    for a, b in zip(first[0], second[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("sharps", "beats"), [(0, 4), (-3, 3), (5, 4)])
def test_a_plan_becomes_a_piece_of_that_form(sharps, beats):
    form = chorales.plan(bars=4, phrase=2, sharps=sharps, beats=beats)
    tokens = np.full((len(form), 4), music.HOLD)
    tokens[::4] = music.FIRST + np.array([72, 67, 64, 48])
    piece = chorales.to_piece(tokens, form, "planned")
    assert piece.time_signature == f"{beats}/4"
    assert piece.sharps == sharps
    assert piece.bars.tolist() == [bar * beats for bar in range(4)]
    marked = piece.notes[piece.notes["fermata"] & (piece.notes["part"] == 0)]
    assert marked["onset"].tolist() == [2 * beats - 1, 4 * beats - 1]
    np.testing.assert_array_equal(chorales.Work(piece).form, form)


def test_a_work_becomes_a_piece_of_its_own_form(works):
    for work in works[::40]:
        piece = chorales.to_piece(work.tokens, work.form)
        np.testing.assert_array_equal(piece.notes["pitch"], work.piece.notes["pitch"])
        np.testing.assert_array_equal(chorales.Work(piece).form[:, :2], work.form[:, :2])
