"""How near answers come to those of people: SQuAD's exact match and F1, by its own definition."""

import re
import string
from collections import Counter
from dataclasses import dataclass

from seqlib.metrics.arguments import check_references

_ARTICLE = re.compile(r"\b(a|an|the)\b")
_NO_MARKS = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class AnswerScore:
    """How good a set of answers is, in percent."""

    exact_match: float  # share of the answers that equal a reference
    f1: float  # mean F1 of the words of answer and nearest reference
    number: int  # of questions

    def __str__(self):
        return f"EM {self.exact_match:.2f}, F1 {self.f1:.2f} over {self.number} questions"


def normalize_answer(answer):
    """Return an answer without what SQuAD does not count.

    In this order: small letters; the marks of ASCII taken out, with nothing in their place; the
    words a, an and the taken out; single spaces between words. Hyphens are such marks and dashes
    are not, so that ``"well-known"`` is one word, and ``"1990–95"`` stays as it is.

    Example:
        >>> normalize_answer("The  U.S. Senate"), normalize_answer("an apple, a day")
        ('us senate', 'apple day')
    """
    return " ".join(_ARTICLE.sub(" ", answer.lower().translate(_NO_MARKS)).split())


def token_f1(prediction, reference):
    r"""Return how far the words of two answers agree, wherever they stand.

    $$F_1 = \frac{2\,p\,r}{p + r}, \qquad p = \frac{c}{\text{words of the prediction}}, \quad
    r = \frac{c}{\text{words of the reference}}$$

    with $c$ the number of words that both have, after `normalize_answer`; a word that is there
    twice counts twice. Where nothing agrees it is 0, as it is for two empty answers.

    Example:
        >>> token_f1("in the year 1066", "1066")  # one word of three, and all of one
        0.5
    """
    words, expected = normalize_answer(prediction).split(), normalize_answer(reference).split()
    common = sum((Counter(words) & Counter(expected)).values())
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def answer_score(predictions, references):
    """Measure answers to a whole set of questions.

    An answer is compared with each of its references, and the best counts, for exact match and
    for F1 each by itself.

    Args:
        predictions: One answer a question, a list of strings.
        references: For each question the list of the answers that people gave, one or more.

    Returns:
        `AnswerScore`.

    Example:
        >>> score = answer_score(
        ...     ["The Normans", "Rollo"], [["Normans"], ["Viking leader Rollo", "chief Rollo"]]
        ... )
        >>> print(score)
        EM 50.00, F1 83.33 over 2 questions

    Source:
        Rajpurkar et al., SQuAD: 100,000+ questions for machine comprehension of text (2016).
    """
    predictions, references = check_references(
        "predictions", predictions, references, item="question"
    )
    exact = f1 = 0.0
    for prediction, some in zip(predictions, references, strict=True):
        plain = normalize_answer(prediction)
        exact += any(plain == normalize_answer(reference) for reference in some)
        f1 += max(token_f1(prediction, reference) for reference in some)
    count = len(predictions)
    return AnswerScore(100 * exact / count, 100 * f1 / count, count)
