"""Labels from frames: every alignment counted out, language models, times, faults."""

import itertools

import numpy as np
import pytest
from keras import ops

from seqlib import decoding, losses
from seqlib.decoding import Automaton
from tests.seqlib.layers.gradients import to_numpy

NEG_INF = -np.inf


def drawn(batch, time, classes, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, time, classes)).astype("float32") * 2


def listed(row):
    """The labels of a row without what fills it up."""
    return [int(label) for label in to_numpy(row) if label >= 0]


def readings(logits):
    """Every reading of a row of logits and its log-probability, counted out."""
    y = np.exp(logits - logits.max(1, keepdims=True))
    y = y / y.sum(1, keepdims=True)
    found = {}
    for alignment in itertools.product(range(y.shape[1]), repeat=len(y)):
        label = tuple(k for k, _ in itertools.groupby(alignment) if k)
        share = np.prod([y[t, k] for t, k in enumerate(alignment)])
        found[label] = found.get(label, 0) + share
    return {label: np.log(share) for label, share in found.items()}


def random_automaton(states, classes, seed=0):
    rng = np.random.default_rng(seed)
    scores = np.log(rng.dirichlet(np.ones(classes + 1), states))
    follow = rng.integers(0, states, (states, classes))
    return Automaton(scores[:, :-1], follow, scores[:, -1])


@pytest.mark.parametrize("language_model", [None, random_automaton(4, 3)])
def test_a_beam_that_drops_nothing_finds_the_best_of_all_labels(language_model):
    logits = drawn(6, 5, 3)
    frames = np.array([5, 5, 4, 3, 1, 5])
    found = decoding.ctc_beam_search(
        logits, frames, width=200, language_model=language_model, label_bonus=0.5, n_best=3
    )
    for row, number in enumerate(frames):
        scores = {
            label: own + 0.5 * len(label) + (language_model.score(label) if language_model else 0)
            for label, own in readings(logits[row, :number]).items()
        }
        best = sorted(scores, key=scores.get, reverse=True)[:3]
        assert [tuple(listed(tokens)) for tokens in found.tokens[row]] == best
        np.testing.assert_allclose(
            to_numpy(found.scores[row]), [scores[label] for label in best], rtol=1e-4
        )


def test_a_narrow_beam_scores_what_it_finds_by_a_part_of_its_alignments():
    logits = drawn(16, 40, 8, seed=1)
    found = decoding.ctc_beam_search(logits, width=12)
    greedy = decoding.ctc_greedy(logits)
    likely = -to_numpy(losses.ctc(to_numpy(found.tokens)[:, 0], logits))
    by_greedy = -to_numpy(losses.ctc(to_numpy(greedy.tokens), logits))
    assert (to_numpy(found.scores)[:, 0] <= likely + 1e-3).all()
    assert (likely >= by_greedy - 1e-3).mean() > 0.9
    assert (to_numpy(greedy.scores) <= by_greedy + 1e-4).all()


def test_greedy_merges_and_drops_and_says_when():
    classes = [[1, 1, 0, 1, 2, 2, 0], [0, 2, 2, 2, 0, 0, 0]]
    found = decoding.ctc_greedy(ops.one_hot(classes, 3) * 5.0, frames=[6, 7])
    assert [listed(row) for row in found.tokens] == [[1, 1, 2], [2]]
    assert [listed(row) for row in found.frames] == [[0, 3, 4], [1]]


@pytest.mark.parametrize("decode", [decoding.ctc_greedy, decoding.ctc_beam_search])
def test_frames_that_are_not_real_and_the_number_of_the_blank_do_not_matter(decode):
    logits, frames = drawn(7, 30, 5), np.array([30, 12, 1, 20, 7, 30, 3])
    expected = decode(logits, frames)
    turned = np.roll(logits, -1, axis=-1)  # the blank is now the last class, label k is k - 1
    turned[np.arange(30) >= frames[:, None]] = 7.0
    found = decode(turned, np.arange(30) < frames[:, None], blank=4)
    tokens = to_numpy(expected.tokens)
    np.testing.assert_array_equal(to_numpy(found.tokens), np.where(tokens > 0, tokens - 1, -1))
    np.testing.assert_array_equal(to_numpy(found.frames), to_numpy(expected.frames))
    np.testing.assert_allclose(to_numpy(found.scores), to_numpy(expected.scores), rtol=1e-4)


@pytest.mark.parametrize("decode", [decoding.ctc_greedy, decoding.ctc_beam_search])
def test_frames_on_either_side_of_a_gap_are_neighbors(decode):
    logits = ops.one_hot([[1, 0, 1, 1, 2, 2]], 3) * 9.0
    found = decode(logits, np.array([[True, False, True, True, False, True]]))
    tokens, frames = (to_numpy(x).reshape(1, -1)[0] for x in (found.tokens, found.frames))
    assert listed(tokens) == [1, 2]
    assert listed(frames) == [0, 5]


def test_labels_come_up_where_they_are_said():
    classes = np.zeros((1, 20), int)
    classes[0, [3, 9, 14]] = [2, 1, 1]
    found = decoding.ctc_beam_search(ops.one_hot(classes, 3) * 9.0)
    assert listed(found.tokens[0, 0]) == [2, 1, 1]
    assert listed(found.frames[0, 0]) == [3, 9, 14]


def test_a_list_of_words_lets_nothing_else_through():
    words, separator = [[1, 2], [2, 1, 1], [3]], 4
    automaton = Automaton.of_words(words, classes=5, separator=separator)
    found = decoding.ctc_beam_search(drawn(20, 25, 5), language_model=automaton, width=30)
    for row in found.tokens:
        text = listed(row[0])
        parts = [
            list(part)
            for is_word, part in itertools.groupby(text, lambda x: x != separator)
            if is_word
        ]
        assert all(part in words for part in parts)
        assert text.count(separator) == len(parts) - 1
        assert automaton.score(text) == 0


def test_where_nothing_can_be_found_the_score_says_so():
    never = Automaton.of_words([[1] * 9], classes=3, separator=2)  # longer than there are frames
    found = decoding.ctc_beam_search(drawn(2, 4, 3), language_model=never)
    assert (to_numpy(found.scores) == NEG_INF).all()
    assert (to_numpy(found.tokens) == -1).all()


def test_logits_that_are_no_numbers_are_reported_where_they_count():
    logits, frames = drawn(3, 6, 4), np.array([6, 6, 3])
    logits[1, 2, 1] = logits[2, 5, 0] = np.nan  # the second one where no frame is real
    scores = to_numpy(decoding.ctc_beam_search(logits, frames).scores)[:, 0]
    assert np.isnan(scores).tolist() == [False, True, False]
    logits[1, 2, 1] = NEG_INF  # a class that is ruled out
    assert np.isfinite(to_numpy(decoding.ctc_beam_search(logits, frames).scores)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 2, "n_best": 3}, "`n_best` got 3"),
        ({"label_bonus": np.nan}, "`label_bonus` got nan"),
        ({"blank": 3}, "`blank` got 3"),
        ({"language_model": np.zeros(3)}, "`language_model` got"),
        ({"language_model": random_automaton(2, 4)}, "has 4 classes, but the logits have 3"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        decoding.ctc_beam_search(drawn(1, 4, 3), **arguments)


def test_an_automaton_that_leads_nowhere_is_refused():
    with pytest.raises(ValueError, match="must be"):
        Automaton(np.zeros((2, 3)), np.zeros((2, 2)), np.zeros(2))
    with pytest.raises(ValueError, match="states from 0 to 2"):
        Automaton(np.zeros((2, 3)), np.array([[0, 1, 2]] * 2), np.zeros(2))
    with pytest.raises(ValueError, match="NaN"):
        Automaton(np.full((2, 3), np.nan), np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="separator"):
        Automaton.of_words([[1, 2]], classes=3, separator=2)
