"""Named entities as spans of tokens, and how many of them are found: thin over nervaluate.

A sentence is tagged token by token, but what counts are whole entities: where one begins, where it
ends and what kind it is, all three right or it is wrong.
"""

from typing import NamedTuple

SCHEMES = ("IOB1", "IOB2", "IOBES")


class Span(NamedTuple):
    """An entity.

    Attributes:
        start: Place of its first token.
        stop: Place after its last token.
        kind: What it is, such as "PER".
    """

    start: int
    stop: int
    kind: str


class EntityScore(NamedTuple):
    """How many entities were found.

    Attributes:
        found: Entities with the right place and kind.
        given: Entities that were answered.
        wanted: Entities that there are.
    """

    found: int
    given: int
    wanted: int

    @property
    def precision(self):
        """Share of the answers that are right; 0 where there are none, as in conlleval."""
        return self.found / self.given if self.given else 0.0

    @property
    def recall(self):
        """Share of the entities that were found; 0 where there are none."""
        return self.found / self.wanted if self.wanted else 0.0

    @property
    def f1(self):
        """Harmonic mean of precision and recall."""
        total = self.given + self.wanted
        return 2 * self.found / total if total else 0.0


class EntityScores(NamedTuple):
    """The score over all entities, and that of each kind.

    Attributes:
        overall: An `EntityScore`.
        by_kind: Dict of `EntityScore` by kind, in the order of the alphabet.
    """

    overall: EntityScore
    by_kind: dict


def spans_of(tags):
    """Return the entities that a sequence of tags marks, read as conlleval reads them.

    A new entity begins at ``B-`` and ``S-``, at a tag of another kind than the one before, after
    ``O``, and after ``E-`` and ``S-`` (which conlleval, made for IOB, knows in later versions
    alone). So the same function reads IOB1, IOB2 and IOBES, and it has an answer for tags that
    follow no scheme, such as an ``I-`` at the beginning of a sentence.

    Args:
        tags: List of strings: "O", or one of B, I, E, S, a hyphen, and the kind.

    Returns:
        List of `Span`, in order.

    Raises:
        ValueError: A tag is none of these.

    Example:
        >>> spans_of(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
        [Span(start=0, stop=2, kind='PER'), Span(start=3, stop=4, kind='LOC'), \
Span(start=4, stop=5, kind='LOC')]
    """
    spans, start, before, kind_before = [], None, "O", ""
    for place, tag in enumerate([*tags, "O"]):
        letter, kind = _parts(tag)
        begins = letter in "BS" or kind != kind_before or before in "OES"
        if start is not None and (letter == "O" or begins):
            spans.append(Span(start, place, kind_before))
            start = None
        if letter != "O" and begins:
            start = place
        before, kind_before = letter, kind
    return spans


def tags_of(spans, length, scheme="IOB2"):
    """Return the tags that mark entities in a sentence.

    Args:
        spans: Entities, `Span` or triples (start, stop, kind), none overlapping another.
        length: Number of tokens.
        scheme: ``"IOB2"``: B at the first token of each entity and I at the others; ``"IOB1"``: B
            only where an entity follows another of its kind; ``"IOBES"``: E at the last token
            and S at an only one, too.

    Returns:
        List of strings.

    Raises:
        ValueError: There is no such scheme, or a span overlaps another or leaves the sentence.

    Example:
        >>> tags_of([(0, 2, "PER"), (3, 4, "LOC")], 5)
        ['B-PER', 'I-PER', 'O', 'B-LOC', 'O']
        >>> tags_of(spans_of(["I-PER", "I-PER", "B-PER"]), 3, "IOBES")
        ['B-PER', 'E-PER', 'S-PER']
    """
    if scheme not in SCHEMES:
        raise ValueError(f"`scheme` got {scheme!r}. Allowed: {', '.join(map(repr, SCHEMES))}.")
    tags, stop_before, kind_before = ["O"] * length, 0, None
    for start, stop, kind in sorted(spans):
        if not stop_before <= start < stop <= length:
            raise ValueError(
                f"The entity {(start, stop, kind)!r} overlaps another, is empty, or leaves the "
                f"sentence of {length} tokens."
            )
        letters = ["B"] + ["I"] * (stop - start - 1)
        if scheme == "IOBES":
            letters[-1] = "E" if stop - start > 1 else "S"
        elif scheme == "IOB1" and (start > stop_before or kind != kind_before or not start):
            letters[0] = "I"
        tags[start:stop] = [f"{letter}-{kind}" for letter in letters]
        stop_before, kind_before = stop, kind
    return tags


def entity_scores(wanted, given):
    """Score the entities found in many sentences: nervaluate's strict counts, as conlleval's.

    An answer is right where start, stop and kind all are. Everything is counted over all sentences
    together, so the result is no mean of sentences.

    Args:
        wanted: For each sentence the right answer, a list of tags or of `Span`.
        given: For each sentence what a model answers, likewise.

    Returns:
        `EntityScores`.

    Raises:
        ValueError: There are not as many answers as sentences, or not as many tags as tokens.

    Example:
        >>> wanted, given = [["B-PER", "I-PER", "B-LOC"]], [["B-PER", "O", "B-LOC"]]
        >>> scores = entity_scores(wanted, given)
        >>> scores.overall, scores.overall.f1
        (EntityScore(found=1, given=2, wanted=2), 0.5)
        >>> {kind: score.f1 for kind, score in scores.by_kind.items()}
        {'LOC': 1.0, 'PER': 0.0}

    Source:
        Tjong Kim Sang & De Meulder, Introduction to the CoNLL-2003 shared task (2003), section 2.3.
    """
    from nervaluate.entities import Entity
    from nervaluate.strategies import StrictEvaluation

    if len(wanted) != len(given):
        raise ValueError(f"There are {len(wanted)} sentences and {len(given)} answers.")
    for place, pair in enumerate(zip(wanted, given, strict=True)):
        if all(map(_are_tags, pair)) and len(pair[0]) != len(pair[1]):
            raise ValueError(
                f"Sentence {place} has {len(pair[0])} tokens and {len(pair[1])} tags as an answer."
            )
    sides = [[_spans(one) for one in sentences] for sentences in (wanted, given)]
    kinds = sorted({span.kind for side in sides for spans in side for span in spans})
    strict = StrictEvaluation()
    totals = {}
    for kind in (None, *kinds):
        counts = [0, 0, 0]
        for pair in zip(*sides, strict=True):
            if not any(pair):
                continue
            entities = [
                [Entity(s.kind, s.start, s.stop - 1) for s in spans if kind in (None, s.kind)]
                for spans in pair
            ]
            if any(entities):
                result, _ = strict.evaluate(*entities, kinds)
                counts[0] += result.correct
                counts[1] += result.actual
                counts[2] += result.possible
        totals[kind] = EntityScore(*counts)
    return EntityScores(totals.pop(None), totals)


def _parts(tag):
    """Return the letter and the kind of a tag."""
    if tag == "O":
        return "O", ""
    letter, hyphen, kind = tag.partition("-")
    if letter not in ("B", "I", "E", "S") or not hyphen or not kind:
        raise ValueError(f"The tag {tag!r} is neither 'O' nor one of B, I, E, S, '-' and a kind.")
    return letter, kind


def _are_tags(answer):
    return bool(len(answer)) and isinstance(answer[0], str)


def _spans(answer):
    return spans_of(answer) if _are_tags(answer) else [Span(*span) for span in answer]
