"""Answer analogies in batches: a is to b as c is to what?"""

from dataclasses import dataclass

import numpy as np

from seqlib.word_vectors.bias import unit

_SCORES = 16_000_000  # of questions with words that are in memory at once: 64 MB


@dataclass(frozen=True)
class Section:
    """How the questions of one section were answered."""

    name: str
    correct: int  # questions with the right answer
    asked: int  # questions whose four words are all known; the others are left out
    total: int  # all questions

    @property
    def accuracy(self):
        """Share of the questions asked that were answered rightly; NaN where none was."""
        return self.correct / self.asked if self.asked else float("nan")


def evaluate(vectors, sections, vocabulary=300_000, fold=str.lower):
    r"""Answer analogy questions and count the right answers, section by section.

    The answer to $a : b = c : \,?$ is the word whose vector is nearest to their sum, each of
    length 1, the three words themselves left out (3CosAdd):

    $$\arg\max_{w \notin \{a, b, c\}} \cos(w,\; b - a + c)$$

    Args:
        vectors: `WordVectors`.
        sections: Dict of section -> list of four words (a, b, c, answer); what
            ``seqlib.data.load("questions_words")`` returns.
        vocabulary: Only the first so many words count, in questions and as answers: the most
            frequent ones. None for all.
        fold: Function that makes words equal which differ in case; of several such words the first
            one stands for all. None where case matters.

    Returns:
        List of `Section`, the last one, ``"all"``, for all questions.

    Example:
        >>> from seqlib.word_vectors import WordVectors
        >>> words = WordVectors(["he", "she", "king", "queen"], [[1, 0], [0, 1], [2, 1], [1, 2]])
        >>> evaluate(words, {"royal": [["He", "She", "King", "Queen"]]})[-1].accuracy
        1.0

    Source:
        Mikolov et al., Linguistic regularities in continuous space word representations (2013).
    """
    known = vectors.words[:vocabulary]
    fold = fold or (lambda word: word)
    names = {}  # folded word -> ids of the words that fold to it
    for index, word in enumerate(known):
        names.setdefault(fold(word), []).append(index)
    counts, questions, owners = [], [], []
    for number, section in enumerate(sections.values()):
        counts.append(len(section))
        for question in section:
            folded = [fold(word) for word in question]
            if all(word in names for word in folded):
                questions.append([names[word][0] for word in folded])
                owners.append(number)
    matrix = unit(vectors.matrix[: len(known)])
    asked = np.array(questions, dtype=np.int64).reshape(-1, 4)
    same = {ids[0]: ids for ids in names.values() if len(ids) > 1}
    answers = _answers(matrix, asked[:, :3], same)
    first = np.arange(len(known))  # the word that stands for each
    for index, ids in same.items():
        first[ids] = index
    right = first[answers] == asked[:, 3]

    owners = np.array(owners, dtype=np.int64)
    correct = np.bincount(owners[right], minlength=len(counts)).tolist()
    asked_of = np.bincount(owners, minlength=len(counts)).tolist()
    rows = zip(sections, correct, asked_of, counts, strict=True)
    total = Section("all", sum(correct), len(asked), sum(counts))
    return [*(Section(*row) for row in rows), total]


def _answers(matrix, questions, same):
    """Return the best word for each question; `same` has all words that go out with one."""
    found = np.empty(len(questions), np.int64)
    step = max(_SCORES // max(len(matrix), 1), 1)
    for begin in range(0, len(questions), step):
        some = questions[begin : begin + step]
        a, b, c = (matrix[ids] for ids in some.T)  # (questions, dimension)
        scores = (b - a + c) @ matrix.T  # (questions, words)
        for row, words in enumerate(some.tolist()):
            for word in words:
                scores[row, same.get(word, word)] = -np.inf
        found[begin : begin + step] = scores.argmax(axis=1)
    return found
