"""How near translations come to those of people: BLEU and chrF by sacrebleu, and exact matches.

A score of BLEU means something only beside the way in which words were cut and counted. The
signature says it; figures may be compared where their signatures are the same.
"""

import itertools
from dataclasses import dataclass

from seqlib.metrics.arguments import check_references, check_same_length, check_texts


@dataclass(frozen=True)
class Score:
    """A score of a whole set of translations, and how it was counted."""

    name: str
    score: float  # from 0 to 100
    signature: str  # how it was counted, as sacrebleu writes it

    def __str__(self):
        return f"{self.name} {self.score:.2f} ({self.signature})"


@dataclass(frozen=True)
class BleuScore(Score):
    """BLEU and what it is made of."""

    precisions: tuple  # shares of the 1-, 2-, 3- and 4-grams that are right, in percent
    brevity_penalty: float  # for hypotheses that are too short; 1.0 where they are not
    hypothesis_length: int  # words of all hypotheses
    reference_length: int  # words of all references, of several the one nearest in length


def bleu(hypotheses, references, tokenize="13a", lower=False):
    r"""Count BLEU over a whole set of translations.

    The geometric mean of the precisions of 1- to 4-grams, times a penalty where all $c$ words of
    the hypotheses together are fewer than the $r$ words of the references:

    $$\text{BLEU} = 100 \, \min\!\left(1, e^{1 - r/c}\right) \exp\Big(\frac{1}{4}
    \sum_{n=1}^{4} \log p_n\Big)$$

    It is made for sets: over a few sentences it says little, and it is not the mean of the
    scores of its sentences.

    Args:
        hypotheses: The translations, a list of strings, plain text as it would be read.
        references: For each hypothesis the list of its references, one or more; not all need have
            equally many.
        tokenize: How sacrebleu cuts words; ``"13a"`` is the one that papers report.
        lower: Whether capital letters count as small ones.

    Returns:
        `BleuScore`.

    Example:
        >>> references = [["the cat sat on a mat", "a cat sat there"]]
        >>> print(bleu(["the cat sat on the mat"], references))  # doctest: +ELLIPSIS
        BLEU 53.73 (nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:...)

    Source:
        Papineni et al., BLEU: a method for automatic evaluation of machine translation (2002);
        Post, A call for clarity in reporting BLEU scores (2018).
    """
    from sacrebleu.metrics import BLEU

    if tokenize not in BLEU.TOKENIZERS:
        allowed = ", ".join(map(repr, BLEU.TOKENIZERS))
        raise ValueError(f"tokenize got {tokenize!r}. Allowed: {allowed}.")
    hypotheses, streams = _streams(hypotheses, references)
    # Without `force` it warns, on stderr, of marks that stand apart from words.
    metric = BLEU(tokenize=tokenize, lowercase=lower, force=True)
    found = metric.corpus_score(hypotheses, streams)
    return BleuScore(
        name="BLEU",
        score=found.score,
        signature=str(metric.get_signature()),
        precisions=tuple(found.precisions),
        brevity_penalty=found.bp,
        hypothesis_length=found.sys_len,
        reference_length=found.ref_len,
    )


def chrf(hypotheses, references, word_order=0, lower=False):
    r"""Count chrF over a whole set of translations: BLEU's idea on characters.

    An F-score of the precision and the recall of n-grams of 1 to 6 characters, recall counting
    twice as much ($\beta = 2$). A word with the wrong ending is half right, so that it suits
    languages with many endings, such as Spanish, better than BLEU does:

    $$\text{chrF} = 100 \, \frac{(1 + \beta^2)\, p\, r}{\beta^2 p + r}$$

    Hypotheses, references and `lower` are those of `bleu`. With `word_order`, n-grams of words up
    to this length are counted as well; 2 gives chrF++.

    Returns:
        `Score`.

    Example:
        >>> print(f"{chrf(['la casa roja'], [['la casa rojo']]).score:.0f}")
        86

    Source:
        Popović, chrF: character n-gram F-score for automatic MT evaluation (2015).
    """
    from sacrebleu.metrics import CHRF

    if not isinstance(word_order, int) or word_order < 0:
        raise ValueError(f"word_order must be 0 or a positive integer, got {word_order!r}.")
    hypotheses, streams = _streams(hypotheses, references)
    metric = CHRF(word_order=word_order, lowercase=lower)
    found = metric.corpus_score(hypotheses, streams)
    name = "chrF" + "+" * min(word_order, 2)
    return Score(name=name, score=found.score, signature=str(metric.get_signature()))


def exact_match(predictions, targets):
    """Return the share, from 0 to 1, of strings that equal their target in every character.

    Example:
        >>> exact_match(["2020-01-31", "2020-02-01"], ["2020-01-31", "2020-01-02"])
        0.5
    """
    predictions = check_texts("predictions", predictions)
    targets = check_texts("targets", targets)
    check_same_length("predictions", predictions, "targets", targets)
    pairs = zip(predictions, targets, strict=True)
    return sum(prediction == target for prediction, target in pairs) / len(targets)


def _streams(hypotheses, references):
    """Return the hypotheses, and the references as sacrebleu takes them."""
    hypotheses, references = check_references(
        "hypotheses", hypotheses, references, item="hypothesis"
    )
    # A list for the first reference of every hypothesis, one for the second, and so on, with None
    # where there is none.
    return hypotheses, [list(stream) for stream in itertools.zip_longest(*references)]
