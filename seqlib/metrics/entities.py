"""Named entities as spans of tokens, and how many of them are found.

A sentence is tagged token by token, but what counts are whole entities: where one begins, where it
ends and what kind it is, all three right or it is wrong.
"""

from collections import Counter
from typing import NamedTuple


class Span(NamedTuple):
    """An entity."""

    start: int  # index of its first token
    stop: int  # index after its last token
    kind: str  # such as "PER"


class EntityScore(NamedTuple):
    """How many entities were found."""

    correct: int  # predicted with the right place and kind
    predicted: int  # entities that a model answered
    expected: int  # entities that there are

    @property
    def precision(self):
        """Share of the predicted entities that are right; 0 where there are none (conlleval)."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self):
        """Share of the entities that were found; 0 where there are none."""
        return self.correct / self.expected if self.expected else 0.0

    @property
    def f1(self):
        """Harmonic mean of precision and recall."""
        total = self.predicted + self.expected
        return 2 * self.correct / total if total else 0.0


class EntityScores(NamedTuple):
    """The score over all entities, and that of each kind."""

    overall: EntityScore
    by_kind: dict  # of `EntityScore`, in the order of the alphabet


def spans_of(tags):
    """Return the entities that a sequence of tags marks, read as conlleval reads them.

    A new entity begins at ``B-`` and ``S-``, at a tag of another kind than the one before, after
    ``O``, and after ``E-`` and ``S-``. So the same function reads IOB1, IOB2 and IOBES, and tags
    that follow no scheme, such as an ``I-`` at the beginning of a sentence.

    Args:
        tags: List of strings: "O", or one of B, I, E, S, a hyphen, and the kind.

    Returns:
        List of `Span`, in order.

    Example:
        >>> spans_of(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
        [Span(start=0, stop=2, kind='PER'), Span(start=3, stop=4, kind='LOC'), \
Span(start=4, stop=5, kind='LOC')]
    """
    spans, start, last_letter, last_kind = [], None, "O", ""
    for index, tag in enumerate([*tags, "O"]):
        letter, kind = _split_tag(tag)
        begins = letter in "BS" or kind != last_kind or last_letter in "OES"
        if start is not None and (letter == "O" or begins):
            spans.append(Span(start, index, last_kind))
            start = None
        if letter != "O" and begins:
            start = index
        last_letter, last_kind = letter, kind
    return spans


def entity_scores(expected, predicted):
    """Score the entities found in many sentences, as conlleval counts them.

    An entity is right where start, stop and kind all are. Spans may overlap, and their order has no
    meaning; each answers one that was expected, so that one given twice is right once. Everything
    is counted over all sentences together, so the result is no mean of sentences.

    Args:
        expected: For each sentence the right answer, a list of tags or of `Span`.
        predicted: Likewise what a model answers.

    Returns:
        `EntityScores`.

    Example:
        >>> expected, predicted = [["B-PER", "I-PER", "B-LOC"]], [["B-PER", "O", "B-LOC"]]
        >>> scores = entity_scores(expected, predicted)
        >>> scores.overall, scores.overall.f1
        (EntityScore(correct=1, predicted=2, expected=2), 0.5)
        >>> {kind: score.f1 for kind, score in scores.by_kind.items()}
        {'LOC': 1.0, 'PER': 0.0}

    Raises:
        ValueError: The sentences are not as many, their tags neither, or a tag is none.
        TypeError: An answer is neither tags nor spans.

    Source:
        Tjong Kim Sang & De Meulder, Introduction to the CoNLL-2003 shared task (2003), section 2.3.
    """
    if len(expected) != len(predicted):
        raise ValueError(f"There are {len(expected)} sentences and {len(predicted)} answers.")
    for number, pair in enumerate(zip(expected, predicted, strict=True)):
        if all(map(_are_tags, pair)) and len(pair[0]) != len(pair[1]):
            raise ValueError(
                f"Sentence {number} has {len(pair[0])} tokens and {len(pair[1])} tags as an answer."
            )
    right, given, wanted = Counter(), Counter(), Counter()  # by kind
    for pair in zip(expected, predicted, strict=True):
        ours, theirs = (_spans(answer) for answer in pair)
        for counts, spans in ((right, ours & theirs), (given, theirs), (wanted, ours)):
            counts.update(span.kind for span in spans.elements())
    by_kind = {kind: EntityScore(right[kind], given[kind], wanted[kind]) for kind in given | wanted}
    overall = EntityScore(right.total(), given.total(), wanted.total())
    return EntityScores(overall, dict(sorted(by_kind.items())))


def _split_tag(tag):
    """Return the letter and the kind of a tag."""
    if tag == "O":
        return "O", ""
    letter, hyphen, kind = str(tag).partition("-")
    if letter not in ("B", "I", "E", "S") or not hyphen or not kind:
        raise ValueError(f"The tag {tag!r} is neither 'O' nor one of B, I, E, S, '-' and a kind.")
    return letter, kind


def _are_tags(answer):
    return bool(len(answer)) and isinstance(answer[0], str)


def _spans(answer):
    """Return how often each span is in the answer to a sentence."""
    if _are_tags(answer):
        return Counter(spans_of(answer))
    try:
        return Counter(Span(*span) for span in answer)
    except TypeError:
        wrong = f"an answer is {answer!r}; allowed is a list of tags, or of `Span`s."
        raise TypeError(wrong) from None
