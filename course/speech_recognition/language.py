"""What a recognizer knows of the language before it has heard anything: how texts are spelled."""

from course.dinosaurs.ngram import NGram
from course.speech_recognition.model import LETTERS
from seqlib.decoding import Automaton


def spelling(texts, order):
    """Return the n-gram model of the letters of texts, an `Automaton` for the beam search.

    `order` is the length of the longest n-gram.

    Example:
        >>> model = spelling(["one two", "two one"], order=3)
        >>> model.score(LETTERS.encode("two two")) > model.score(LETTERS.encode("wo owt"))
        True
    """
    end = len(LETTERS)
    sequences = [[*LETTERS.encode(text), end] for text in texts]
    scores, follow = NGram(order, end + 1).fit(sequences).tables()
    return Automaton(scores[:, :end], follow[:, :end], scores[:, end])
