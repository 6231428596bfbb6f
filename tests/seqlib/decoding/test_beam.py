"""Greedy choice and beam search against hand-worked cases and all sequences there are."""

import functools

import numpy as np
import pytest
from keras import ops

from seqlib import decoding
from tests.seqlib.decoding.models import History, brute_force, numpy

# Token 0 begins and ends. Greedily: 1 (0.6), then 1 again (0.55), and again: 0.1815 in all. A beam
# of two keeps 2 (0.4) as well, after which the end is all but sure (0.9): 0.36.
#                   end    1     2
TABLE = np.array([[0.00, 0.60, 0.40], [0.40, 0.55, 0.05], [0.90, 0.05, 0.05]])
with np.errstate(divide="ignore"):
    LOG_TABLE = np.log(TABLE).astype("float32")


def by_hand(tokens, states):
    return ops.take(ops.convert_to_tensor(LOG_TABLE), tokens, axis=0), states


# That XLA finds the same is asked in test_loop.py; an ordinary graph is made sooner.
greedy = functools.partial(decoding.greedy, jit_compile=False)
beam_search = functools.partial(decoding.beam_search, jit_compile=False)

# Made once, so that a loop is compiled once for all the tests that ask it the same.
THREE, FIVE = History(3, seed=1), History(5, seed=20)


def test_greedy_is_wrong_and_a_beam_of_two_is_right():
    common = {"length": 3, "end_token": 0}
    tokens, scores = numpy(greedy(by_hand, (), [0], **common))
    assert tokens.tolist() == [[1, 1, 1]]  # 0.6 * 0.55 * 0.55
    np.testing.assert_allclose(np.exp(scores), [[0.6, 0.55, 0.55]], rtol=1e-5)
    tokens, scores = numpy(beam_search(by_hand, (), [0], width=2, n_best=2, **common))
    # In the second step 2, end (0.36) and 1, 1 (0.33) come before 1, end (0.24), which is dropped.
    assert tokens.tolist() == [[[2, 0, 0], [1, 1, 1]]]
    np.testing.assert_allclose(np.exp(scores), [[0.36, 0.1815]], rtol=1e-5)
    tokens, scores = numpy(beam_search(by_hand, (), [0], width=3, n_best=2, **common))
    assert tokens.tolist() == [[[2, 0, 0], [1, 0, 0]]]
    np.testing.assert_allclose(np.exp(scores), [[0.36, 0.24]], rtol=1e-5)


def test_a_length_penalty_changes_the_winner_as_by_hand():
    """Per token (penalty 1): log 0.36 / 2 = -0.511, log 0.1815 / 3 = -0.569, and 1, 1, end:
    log(0.6 * 0.55 * 0.4) / 3 = -0.675, before 1, end: log 0.24 / 2 = -0.714. With the third power
    log 0.1815 / 27 = -0.063 comes before log 0.36 / 8 = -0.128.
    """
    common = {"length": 3, "end_token": 0, "width": 3, "n_best": 3}
    tokens, scores = numpy(beam_search(by_hand, (), [0], length_penalty=1.0, **common))
    assert tokens[0].tolist() == [[2, 0, 0], [1, 1, 1], [1, 1, 0]]
    np.testing.assert_allclose(scores[0], [-0.511, -0.569, -0.675], atol=1e-3)
    tokens, _ = numpy(beam_search(by_hand, (), [0], length_penalty=3.0, **common))
    assert tokens[0, 0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("penalty", [-1.0, 0.0, 0.7, 2.0])
@pytest.mark.parametrize("end_token", [None, 2])
def test_a_beam_that_drops_nothing_finds_the_best_of_all_sequences(end_token, penalty):
    length, n_best = 4, 7
    rows = np.random.default_rng(1).normal(size=(6, 5))
    tokens, scores = numpy(
        beam_search(
            THREE, THREE.states(rows), [0] * 6, length=length, end_token=end_token,
            width=3**length, n_best=n_best, length_penalty=penalty,
        )
    )  # fmt: skip
    for row, own, score in zip(rows, tokens, scores, strict=True):
        best = brute_force(THREE, row, length, end_token, penalty)[:n_best]
        assert own.tolist() == [sequence for _, sequence in best]
        np.testing.assert_allclose(score, [value for value, _ in best], atol=1e-4)


def test_a_beam_of_one_is_greedy():
    model = History(6, seed=11)
    rows = np.random.default_rng(11).normal(size=(20, 5))
    common = {"length": 9, "end_token": 1}
    tokens, scores = numpy(greedy(model, model.states(rows), [0] * 20, **common))
    found, total = numpy(beam_search(model, model.states(rows), [0] * 20, width=1, **common))
    np.testing.assert_array_equal(found[:, 0], tokens)
    np.testing.assert_allclose(total[:, 0], scores.sum(axis=1), atol=1e-4)
    assert np.any(tokens == 1)


def naive_beam(model, row, length, end_token, width, penalty, early=False):
    """Beam search as it is told: lists of hypotheses, nothing clever; stops early if asked to."""
    live, finished = [((), 0.0)], []
    for _ in range(length):
        extended = []
        for tokens, _ in live:
            for token in range(model.vocabulary):
                longer = (*tokens, token)
                extended.append((longer, model.log_probabilities(row, longer).sum()))
        extended.sort(key=lambda one: -one[1])
        finished += [one for one in extended[:width] if one[0][-1] == end_token]
        live = [one for one in extended if one[0][-1] != end_token][:width]
        values = sorted(
            (score / len(tokens) ** penalty for tokens, score in finished), reverse=True
        )
        tokens, score = live[0]
        if early and values and values[0] >= score / (len(tokens) + 1) ** penalty:
            live = []
            break
    scored = [(score / len(tokens) ** penalty, tokens) for tokens, score in finished + live]
    scored.sort(key=lambda one: -one[0])
    return scored


@pytest.mark.parametrize("penalty", [-0.5, 0.0, 1.0])
def test_stopping_early_and_reading_backwards_change_nothing(penalty):
    """A narrow beam against a search by lists that runs to the last step."""
    length, end_token, width = 6, 1, 3
    rows = np.random.default_rng(2).normal(size=(10, 5))
    tokens, scores = numpy(
        beam_search(
            FIVE, FIVE.states(rows), [0] * 10, length=length, end_token=end_token,
            width=width, n_best=width, length_penalty=penalty,
        )
    )  # fmt: skip
    for row, own, score in zip(rows, tokens, scores, strict=True):
        expected = naive_beam(FIVE, row, length, end_token, width, penalty)[:width]
        padded = [[*t, *[end_token] * (length - len(t))] for _, t in expected]
        np.testing.assert_allclose(score, [value for value, _ in expected], atol=1e-4)
        assert own.tolist() == padded


@pytest.mark.parametrize("penalty", [0.0, 1.0, 3.0])
def test_the_search_stops_sooner_if_asked_to(penalty):
    rows, length = np.random.default_rng(3).normal(size=(40, 5)), 8
    how = {"length": length, "end_token": 1, "width": 2, "length_penalty": penalty}
    states = FIVE.states(rows)
    late, _ = numpy(beam_search(FIVE, states, [0] * 40, **how))
    early, scores = numpy(beam_search(FIVE, states, [0] * 40, early_stopping=True, **how))
    for row, own, score in zip(rows, early[:, 0], scores[:, 0], strict=True):
        value, tokens = naive_beam(FIVE, row, length, 1, 2, penalty, early=True)[0]
        assert own.tolist() == [*tokens, *[1] * (length - len(tokens))]
        np.testing.assert_allclose(score, value, atol=1e-4)
    missed = np.any(early != late, axis=(1, 2))
    assert missed.any() == (penalty > 0)  # sums can only fall
    assert np.all(ends_at(early[missed]) < ends_at(late[missed]))


def ends_at(tokens):
    """Number of tokens before the end, of each best hypothesis."""
    return (tokens[:, 0] != 1).sum(axis=1)


def test_the_search_stops_when_nothing_can_be_gained():
    """1 and then the end are all but sure; a third step would turn everything into NaN."""

    def step(tokens, count):
        logits = 20.0 * ops.one_hot(ops.where(tokens == 1, 0, 1), 3)
        return ops.where(count < 2, logits, float("nan")), count + 1

    for penalty in (-1.0, 0.0, 1.0):
        tokens, scores = numpy(
            beam_search(step, 0, [0], length=9, end_token=0, width=2, length_penalty=penalty)
        )
        assert tokens[0, 0].tolist() == [1, *[0] * 8]
        assert np.isfinite(scores[0, 0])


def test_what_is_missing_has_no_score_and_no_tokens():
    """Only 1, end and 1, 2, end can be said: two hypotheses for five places.

    The table has no row for the token that is never said, so nothing may ask for it either.
    """
    #                end    1     2    never
    table = np.array([[0.0, 1.0, 0.0, 0.0], [0.7, 0.0, 0.3, 0.0], [1.0, 0.0, 0.0, 0.0]])
    with np.errstate(divide="ignore"):
        table = np.log(table).astype("float32")

    def step(tokens, states):
        return ops.take(ops.convert_to_tensor(table), tokens, axis=0), states

    tokens, scores = numpy(beam_search(step, (), [0], length=4, end_token=0, n_best=5))
    assert tokens[0].tolist() == [[1, 0, 0, 0], [1, 2, 0, 0], *[[0, 0, 0, 0]] * 3]
    np.testing.assert_allclose(np.exp(scores[0]), [0.7, 0.3, 0, 0, 0], atol=1e-6)
    # Without an end, only what is cut off counts: 1, end, 1 and 1, 2, end.
    tokens, scores = numpy(beam_search(step, (), [0], length=3, n_best=5))
    assert tokens[0].tolist() == [[1, 0, 1], [1, 2, 0], *[[0, 0, 0]] * 3]
    assert np.all(np.isneginf(scores[0, 2:]))


@pytest.mark.parametrize("vocabulary", [1, 2])
def test_a_vocabulary_smaller_than_the_beam(vocabulary):
    model = History(vocabulary, seed=16)
    row = np.zeros(5)
    common = {"length": 3, "end_token": 0}
    tokens, scores = numpy(
        beam_search(model, model.states([row]), [0], width=8, n_best=8, **common)
    )
    best = brute_force(model, row, 3, 0, 0.0)
    assert tokens[0, : len(best)].tolist() == [sequence for _, sequence in best]
    assert np.all(np.isneginf(scores[0, len(best) :]))
    assert np.all(np.isfinite(scores[0, : len(best)]))


def test_logits_that_are_no_numbers_show_in_the_scores():
    def step(tokens, states):
        bad = ops.where(tokens == 1, float("nan"), 0.0)[:, None]
        return ops.zeros((tokens.shape[0], 3)) + bad, states

    _, scores = numpy(decoding.beam_search(step, (), [0, 1], length=1, width=2, n_best=2))
    np.testing.assert_array_equal(np.isnan(scores), [[False, False], [True, True]])
