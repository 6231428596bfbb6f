"""Question and passage in one sequence; a passage that is too long, in windows that overlap."""

from typing import NamedTuple

import numpy as np

from course.questions.spans import pieces_of

_AT_ONCE = 1_000  # texts that are cut together


class Packed(NamedTuple):
    """Some windows as arrays; 0 is padding."""

    ids: np.ndarray  # ``[CLS] question [SEP] passage [SEP]``, (windows, time) of int32
    types: np.ndarray  # 0 up to the first ``[SEP]``, 1 after it, likewise
    spans: np.ndarray  # of each piece in its passage, (windows, time, 2), -1 for none

    @property
    def allowed(self):
        """Which pieces are of the passage, (windows, time) of bool."""
        return self.spans[:, :, 1] > 0


class Windows:
    """Questions with their passages, cut into windows of `length` pieces that a model can take.

    A passage that has no room beside its question becomes several windows, each beginning `stride`
    pieces after the one before, so that an answer that one window cuts is whole in another. The
    arrays are made when they are asked for: those of all of SQuAD would not fit a small machine.
    `question` and `lengths`, (windows,), are the number of the question of each window and its
    length; `passages` are the different ones, and `passage` is the number of each question's.

    Example:
        >>> from seqlib.pretrained import WordPiece
        >>> pieces = WordPiece.load()
        >>> windows = Windows(pieces, ["Who?"], ["Alma met Bruno in Rome."], length=9, stride=2)
        >>> packed = windows.arrays([0, 1])
        >>> [" ".join(pieces.tokens[n] for n in row) for row in packed.ids]
        ['[CLS] who ? [SEP] alma met bruno in [SEP]', '[CLS] who ? [SEP] bruno in rome . [SEP]']
    """

    def __init__(self, wordpiece, questions, passages, length=384, stride=128, question_length=64):
        if len(questions) != len(passages):
            raise ValueError(
                f"questions and passages must be as many; got {len(questions)} and {len(passages)}."
            )
        self._cls, self._sep = (wordpiece.tokens.index(mark) for mark in ("[CLS]", "[SEP]"))
        self.questions = [ids[:question_length] for ids, _ in _cut(wordpiece, questions)]
        numbers = {}
        self.passage = [numbers.setdefault(passage, len(numbers)) for passage in passages]
        self.passages = list(numbers)
        self.pieces = _cut(wordpiece, self.passages)
        rows = []  # question, begin and end of the window in the passage
        for number, place in enumerate(self.passage):
            room = length - len(self.questions[number]) - 3
            if not 0 < stride <= room:
                raise ValueError(
                    f"length {length} leaves room for {room} pieces beside question {number}; "
                    f"stride must be from 1 to that, got {stride}."
                )
            size = len(self.pieces[place][0])
            if not size:
                raise ValueError(f"the passage of question {number} holds no piece.")
            begins = range(0, max(size - room, 0) + stride, stride)
            rows += [(number, begin, min(begin + room, size)) for begin in begins]
        self._rows = np.array(rows, np.int64).reshape(-1, 3)
        self.question = self._rows[:, 0]
        asked = np.array([len(self.questions[number]) for number in self.question], np.int64)
        self.lengths = self._rows[:, 2] - self._rows[:, 1] + asked + 3

    def __len__(self):
        return len(self._rows)

    def arrays(self, windows, width=None):
        """Return windows by their numbers as `Packed`, `width` wide or as the longest of them."""
        width = width or int(self.lengths[windows].max())
        ids = np.zeros((len(windows), width), np.int32)
        types = np.zeros_like(ids)
        spans = np.full((len(windows), width, 2), -1, np.int32)
        for row, (number, begin, end) in enumerate(self._rows[windows]):
            asked = self.questions[number]
            told, places = self.pieces[self.passage[number]]
            first = len(asked) + 2
            last = first + end - begin
            ids[row, : last + 1] = (
                self._cls, *asked, self._sep, *told[begin:end], self._sep
            )  # fmt: skip
            types[row, first : last + 1] = 1
            spans[row, first:last] = places[begin:end]
        return Packed(ids, types, spans)

    def labels(self, begins, answers):
        """Return the first and last piece of the answers in each window, (windows, 2) of int32.

        `begins` says where in its passage the answer to each question begins, in characters. Both
        are 0, the place of ``[CLS]``, where a window does not hold the whole answer.
        """
        found = [
            pieces_of(self.pieces[place][1], begin, begin + len(answer))
            for place, begin, answer in zip(self.passage, begins, answers, strict=True)
        ]
        labels = np.zeros((len(self), 2), np.int32)
        for row, (number, begin, end) in enumerate(self._rows):
            first, last = found[number] or (-1, -1)
            if begin <= first and last < end:
                offset = len(self.questions[number]) + 2 - begin
                labels[row] = first + offset, last + offset
        return labels


def _cut(wordpiece, texts):
    """Return for each text its pieces without marks, and where each begins and ends."""
    found = []
    for begin in range(0, len(texts), _AT_ONCE):
        cut = wordpiece.encode(texts[begin : begin + _AT_ONCE])
        for ids, spans, count in zip(cut.ids, cut.spans, cut.mask.sum(axis=1), strict=True):
            found.append((ids[1 : count - 1].copy(), spans[1 : count - 1].copy()))
    return found
