"""Smoothed n-gram models: against hand-worked numbers, a slow plain version, and the axioms."""

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from course.dinosaurs import ngram
from course.dinosaurs.ngram import NGram

VOCABULARY_SIZE = 6


def sequences(number=40, seed=0):
    """Random sequences over 1..5, skewed so that counts of one, two and many all occur."""
    generator = np.random.default_rng(seed)
    shares = [0.4, 0.3, 0.15, 0.1, 0.05]
    return [generator.choice(5, size=generator.integers(1, 9), p=shares) + 1 for _ in range(number)]


def test_witten_bell_and_discounts_worked_by_hand():
    model = NGram(1, 3, smoothing="witten_bell").fit([[1, 1, 1, 2]])
    np.testing.assert_allclose(model.distribution(), [0, (3 + 2 / 2) / 6, (1 + 2 / 2) / 6])
    counts = np.array([1, 1, 1, 1, 2, 2, 3, 4])  # n1..n4 = 4, 2, 1, 1, so Y = 1/2
    np.testing.assert_allclose(
        ngram._estimate(counts), [1 - 2 / 2 * 2 / 4, 2 - 3 / 2 * 1 / 2, 3 - 4 / 2]
    )
    np.testing.assert_allclose(ngram._estimate(np.array([1, 1])), 0.5)


def slow_kneser_ney(training, order, discounts):
    """The same model by dictionaries and recursion, as the definition reads."""
    start, grams = "start", [Counter() for _ in range(order)]
    before = [defaultdict(set) for _ in range(order)]
    for sequence in training:
        padded = [start, *sequence]
        for place, length in itertools.product(range(1, len(padded)), range(order)):
            if place - length >= 0:
                gram = tuple(padded[place - length : place + 1])
                grams[length][gram] += 1
                if place - length > 0:
                    before[length][gram].add(padded[place - length - 1])
    for length in range(order - 1):
        for gram, kinds in before[length].items():
            grams[length][gram] = len(kinds)

    def probability(token, context):
        context = context[max(0, len(context) - order + 1) :]
        followers = {g[-1]: n for g, n in grams[len(context)].items() if g[:-1] == context}
        lower = probability(token, context[1:]) if context else 1 / (VOCABULARY_SIZE - 1)
        if not followers:
            return lower
        taken = {key: discounts[min(n, 3) - 1] for key, n in followers.items()}
        kept = followers.get(token, 0) - taken.get(token, 0)
        return (kept + sum(taken.values()) * lower) / sum(followers.values())

    return lambda sequence, place: probability(sequence[place], (start, *sequence[:place]))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_equals_the_definition(order):
    discounts = [0.6, 1.1, 1.3]
    slow = slow_kneser_ney([s.tolist() for s in sequences()], order, discounts)
    model = NGram(order, VOCABULARY_SIZE, discounts=discounts).fit(sequences())
    unseen = [s.tolist() for s in sequences(15, seed=1)]
    expected = [math.log(slow(s, place)) for s in unseen for place in range(len(s))]
    np.testing.assert_allclose(model.log_probabilities(unseen), expected, rtol=1e-10)


@pytest.mark.parametrize("smoothing", ["kneser_ney", "witten_bell"])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_every_context_sums_to_one_and_excludes_nothing_but_padding(smoothing, order):
    model = NGram(order, VOCABULARY_SIZE, smoothing).fit(sequences(8))
    for length in range(4):
        for context in itertools.product(range(1, VOCABULARY_SIZE), repeat=length):
            distribution = model.distribution(context)
            assert distribution.sum() == pytest.approx(1, abs=1e-12)
            assert distribution[0] == 0
            assert (distribution[1:] > 0).all()


@pytest.mark.parametrize("smoothing", ["kneser_ney", "witten_bell"])
@pytest.mark.parametrize("order", [1, 3, 5])
def test_both_ways_to_ask_agree(smoothing, order):
    model = NGram(order, VOCABULARY_SIZE, smoothing).fit(sequences())
    unseen = sequences(5, seed=2)
    one_by_one = [np.log(model.distribution(s[:i])[s[i]]) for s in unseen for i in range(len(s))]
    np.testing.assert_allclose(model.log_probabilities(unseen), one_by_one)


def test_context_helps_where_there_is_something_to_learn():
    cycle = [[1, 2, 3, 4, 5] * 4] * 3
    losses = [
        -NGram(order, VOCABULARY_SIZE).fit(cycle).log_probabilities(cycle).mean()
        for order in (1, 2)
    ]
    assert losses[1] < losses[0] / 4


def test_many_ids_do_not_overflow_and_without_padding_every_id_may_occur():
    model = NGram(5, 2_000_000).fit([[1_999_999] * 8])
    assert model.log_probabilities([[1_999_999] * 3]).min() > math.log(0.1)
    model = NGram(2, 3, padding_id=None).fit([[0, 1, 2]])
    assert (model.distribution([0]) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(order=0), "order must be 1 or more, got 0"),
        (dict(smoothing="laplace"), "one of kneser_ney, witten_bell, got 'laplace'"),
        (dict(discounts=[0.5, 0.5]), "three numbers"),
        (dict(discounts=[0.5, 2.5, 1]), "three numbers"),
        (dict(discounts=[0.5, 1, 1], smoothing="witten_bell"), "alone"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        NGram(**{"order": 2, "vocabulary_size": 5, **arguments})


def test_bad_sequences():
    model = NGram(2, 5)
    with pytest.raises(ValueError, match="call fit"):
        model.distribution([1])
    with pytest.raises(ValueError, match="at least one token"):
        model.fit([])
    with pytest.raises(ValueError, match=r"0\.\.4, got 1\.\.5"):
        model.fit([[1, 5]])
    with pytest.raises(ValueError, match="cut the sequences"):
        model.fit([[1, 0]])


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_tables_say_what_the_model_says_wherever_a_sequence_leads(order):
    generator = np.random.default_rng(0)

    def draw(count):
        return [[*generator.integers(1, 5, size=generator.integers(9)), 5] for _ in range(count)]

    model = NGram(order, vocabulary_size=6).fit(draw(200))
    scores, follow = model.tables()
    for sequence in draw(50):
        context = 0
        for place, token in enumerate(sequence):
            expected = model.distribution(sequence[:place])
            np.testing.assert_allclose(np.exp(scores[context]), expected, atol=1e-12)
            context = follow[context, token]
