"""How far transcripts are from what was said: the word error rate and its parts."""

from dataclasses import dataclass

from seqlib.metrics.arguments import check_same_length, check_texts


@dataclass(frozen=True)
class Errors:
    """Edits that turn the references into the hypotheses, over a whole set."""

    substitutions: int
    insertions: int
    deletions: int
    length: int  # words, or characters, of all references

    @property
    def rate(self):
        """Edits for each word or character of the references; above 1 where more is wrong."""
        edits = self.substitutions + self.insertions + self.deletions
        return edits / self.length if self.length else float("inf" if edits else 0)


def word_errors(hypotheses, references):
    r"""Count the least edits of words that turn what was said into what was understood.

    $$\text{WER} = \frac{S + I + D}{N}$$

    with $S$ words replaced, $I$ put in and $D$ left out, all summed over the set before they are
    divided by the $N$ words that were said. Words are what stands between white space; capital
    letters and punctuation count.

    Args:
        hypotheses: What was understood, a list of strings.
        references: What was said, likewise.

    Returns:
        `Errors`.

    Example:
        >>> errors = word_errors(["the cat sad", "a mat"], ["the cat sat down", "a mat"])
        >>> errors.substitutions, errors.deletions, round(errors.rate, 3)
        (1, 1, 0.333)

    Source:
        Levenshtein, Binary codes capable of correcting deletions, insertions and reversals (1966).
    """
    return _errors(hypotheses, references, str.split)


def character_errors(hypotheses, references):
    """Count edits of characters, spaces among them, as `word_errors` does those of words.

    Example:
        >>> round(character_errors(["nineteen"], ["ninety"]).rate, 3)
        0.5
    """
    return _errors(hypotheses, references, list)


def _errors(hypotheses, references, cut):
    from rapidfuzz.distance import Levenshtein

    hypotheses = check_texts("hypotheses", hypotheses)
    references = check_texts("references", references)
    check_same_length("hypotheses", hypotheses, "references", references)
    counts = {"replace": 0, "insert": 0, "delete": 0}
    length = 0
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        said = cut(reference)
        length += len(said)
        for edit in Levenshtein.editops(said, cut(hypothesis)):
            counts[edit.tag] += 1
    return Errors(counts["replace"], counts["insert"], counts["delete"], length)
