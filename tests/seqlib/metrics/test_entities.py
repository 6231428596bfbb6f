"""Entities as spans: read and written in every scheme, counted as conlleval counts them."""

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from seqlib.metrics import EntityScore, Span, entity_scores, spans_of


def conlleval(sentences):
    """Count as conlleval does: token by token, with its rules for where a chunk starts and ends.

    An account of its own, on purpose: it knows no spans. Each sentence is (wanted, given), lists of
    tags. Sentences are separated by O.
    """

    def ends(before, tag):
        (left, kind_before), (right, kind) = before, tag
        if left in "BI":
            return right in "BSO" or (left != "O" and kind != kind_before)
        return left in "ES"

    def starts(before, tag):
        (left, kind_before), (right, kind) = before, tag
        if right in "BS":
            return True
        if right in "IE":
            return left in "OES" or kind != kind_before
        return False

    def split(tag):
        return ("O", "") if tag == "O" else (tag[0], tag[2:])

    found = given_count = wanted_count = 0
    inside = False  # a chunk is right so far, on both sides
    outside = ("O", "")
    wanted_before, given_before = outside, outside
    for wanted, given in sentences:
        for pair in [*zip(wanted, given, strict=True), ("O", "O")]:
            want, give = map(split, pair)
            if inside:
                end = ends(wanted_before, want), ends(given_before, give)
                if all(end):
                    found, inside = found + 1, False
                elif any(end) or want[1] != give[1]:
                    inside = False
            start = starts(wanted_before, want), starts(given_before, give)
            if all(start) and want[1] == give[1]:
                inside = True
            wanted_count, given_count = wanted_count + start[0], given_count + start[1]
            wanted_before, given_before = want, give
    return EntityScore(found, given_count, wanted_count)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("", []),
        ("O O", []),
        ("B-A I-A O", [(0, 2, "A")]),
        ("I-A I-A", [(0, 2, "A")]),  # an I without a B begins one
        ("O I-A B-A", [(1, 2, "A"), (2, 3, "A")]),
        ("B-A I-B I-B", [(0, 1, "A"), (1, 3, "B")]),  # another kind begins another
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("S-A S-A", [(0, 1, "A"), (1, 2, "A")]),
        ("B-A E-A I-A", [(0, 2, "A"), (2, 3, "A")]),
        ("E-A E-A", [(0, 1, "A"), (1, 2, "A")]),
        ("B-a-b I-a-b", [(0, 2, "a-b")]),
        *(  # the same spans in IOB1 (B only after one of its kind), IOB2 and IOBES
            (tags, [(0, 2, "A"), (2, 3, "A"), (3, 4, "B"), (5, 8, "B")])
            for tags in (
                "I-A I-A B-A I-B O I-B I-B I-B",
                "B-A I-A B-A B-B O B-B I-B I-B",
                "B-A E-A S-A S-B O B-B I-B E-B",
            )
        ),
    ],
)
def test_tags_are_read_as_spans(tags, spans):
    assert spans_of(tags.split()) == [Span(*span) for span in spans]


@pytest.mark.parametrize("letters", ["BI", "BIES"])
def test_awkward_tags_are_counted_as_conlleval_counts_them(letters):
    tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in "AB")]
    rng = np.random.default_rng(0)
    sentences = [
        [rng.choice(tags, size=length).tolist() for _ in range(2)]
        for length in rng.integers(1, 9, size=1000)
    ]
    for wanted, given in sentences:
        for place in np.flatnonzero(rng.random(len(wanted)) < 0.6):
            given[place] = wanted[place]
    wanted, given = map(list, zip(*sentences, strict=True))
    scores = entity_scores(wanted, given)
    assert scores.overall == conlleval(sentences)
    assert scores.overall.correct > 500
    sums = tuple(map(sum, zip(*scores.by_kind.values(), strict=True)))
    assert sums == scores.overall


def test_every_short_pair_is_counted_as_conlleval_counts_it():
    tags = ["O", "B-A", "I-A", "I-B"]
    lines = list(itertools.product(tags, repeat=3))
    for wanted, given in itertools.product(lines, lines):
        assert entity_scores([wanted], [given]).overall == conlleval([(wanted, given)])


# Few places and kinds, so that spans overlap and some come twice.
SPAN = st.builds(Span, st.integers(0, 1), st.integers(2, 3), st.sampled_from("AB"))
SPANS = st.lists(SPAN, max_size=5)


@hypothesis.given(st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=3))
def test_spans_that_overlap_are_counted_by_the_best_assignment(sentences):
    right = 0
    for wanted, answered in sentences:
        few, many = sorted([wanted, answered], key=len)
        orders = itertools.permutations(many, len(few))
        right += max(sum(map(Span.__eq__, few, order)) for order in orders)
    wanted, answered = map(list, zip(*sentences, strict=True))
    scores = entity_scores(wanted, answered)
    assert scores.overall == (right, sum(map(len, answered)), sum(map(len, wanted)))
    assert scores == entity_scores([spans[::-1] for spans in wanted], answered)
    assert tuple(map(sum, zip((0, 0, 0), *scores.by_kind.values(), strict=True))) == scores.overall


def test_scores_of_nothing_and_of_spans():
    scores = entity_scores([["O"]], [["O"]])
    assert scores.overall == (0, 0, 0)
    assert (scores.overall.precision, scores.overall.recall, scores.overall.f1) == (0, 0, 0)
    assert scores.by_kind == {}
    wanted, given = [["B-A", "I-A", "O"], ["O"]], [["B-A", "O", "B-B"], ["O"]]
    as_spans = [[spans_of(tags) for tags in side] for side in (wanted, given)]
    assert entity_scores(*as_spans) == entity_scores(wanted, given)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="1 sentences and 2 answers"):
        entity_scores([["O"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match="Sentence 0 has 1 tokens and 2 tags"):
        entity_scores([["O"]], [["O", "O"]])
    for answer in ([7], [(0, 1)], [(0, [1], "A")]):
        with pytest.raises(TypeError, match="allowed is a list of tags, or of `Span`s"):
            entity_scores([[]], [answer])
    for tag in ("PER", "B", "B-", "X-PER", "", None):
        with pytest.raises(ValueError, match="neither 'O' nor"):
            spans_of([tag])
