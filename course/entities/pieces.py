"""Sentences for a tagger on a pretrained encoder: each in its neighborhood, cut into pieces."""

from typing import NamedTuple

import numpy as np

from course.entities.tokens import WordEncoder

_AT_ONCE = 1_000  # sentences that are cut together


class SentenceInContext(NamedTuple):
    """One sentence among its neighbors."""

    rows: np.ndarray  # of its words in the word encoder's table
    first: np.ndarray  # place of each word's first piece among the sentence's own pieces
    begin: int  # where its pieces begin among those of all sentences
    end: int  # where they end
    left: int  # where those of its left neighbors begin; `begin` where it stands alone
    right: int  # where those of its right neighbors end; `end` where it stands alone
    pieces: np.ndarray  # the ids of all sentences, one after the other


class WordPieceEncoder(WordEncoder):
    """A `WordEncoder` whose words come as pieces too, with the sentences around as their context.

    What a headline is about is often said in the sentence after it. So each sentence is read
    between its neighbors, ``[CLS] left sentence right [SEP]``, with as much of them as there is
    room for in `length` pieces; a longer sentence makes the arrays twice as wide, or four times.
    Only its own words are tagged, each by its first piece; it is of type 1, what stands around it
    of type 0.

    Source: Schweter & Akbik, FLERT: document-level features for named entity recognition (2020).
    """

    def __init__(self, sentences, vectors, wordpiece, length=128, minimum_count=2):
        super().__init__(sentences, vectors, minimum_count)
        self.wordpiece, self.length = wordpiece, length
        self._cls, self._sep = (wordpiece.tokens.index(mark) for mark in ("[CLS]", "[SEP]"))

    def prepare(self, sentences, alone=0.0, seed=0):
        """Return for each sentence the `SentenceInContext` that `pack` needs.

        The sentences come in the order in which they were written. `alone` is the share of them,
        drawn at random, that are read without their neighbors: so a tagger learns to do without.
        """
        pieces, firsts = [], []
        for start in range(0, len(sentences), _AT_ONCE):
            cut = self.wordpiece.encode(sentences[start : start + _AT_ONCE])
            some = sentences[start : start + _AT_ONCE]
            for words, ids, owner in zip(some, cut.ids, cut.words, strict=True):
                own = owner >= 0
                pieces.append(ids[own])
                # A word that leaves no piece at all is tagged by the one that comes after it.
                first = np.searchsorted(owner[own], np.arange(len(words)))
                firsts.append(np.minimum(first, max(len(pieces[-1]) - 1, 0)))
        ends = np.cumsum([len(ids) for ids in pieces])
        every = np.concatenate(pieces)
        is_alone = np.random.default_rng(seed).random(len(sentences)) < alone
        prepared = []
        for words, first, ids, end, single in zip(
            sentences, firsts, pieces, ends, is_alone, strict=True
        ):
            begin = end - len(ids)
            around = (begin, end) if single else (0, len(every))
            prepared.append(SentenceInContext(self.rows(words), first, begin, end, *around, every))
        return prepared

    def pack(self, prepared, width):
        """Return the arrays of sentences that `prepare` returned, a dict as of `WordEncoder`.

        In it are also ``pieces`` and ``types``, (sentences, pieces), and ``first``, (sentences,
        width): where in ``pieces`` each word begins; 0 for padding.
        """
        arrays = super().pack([sentence.rows for sentence in prepared], width)
        longest = max(sentence.end - sentence.begin for sentence in prepared) + 2
        length = self.length
        while length < longest:
            length *= 2
        ids = np.zeros((len(prepared), length), "int32")
        types, first = np.zeros_like(ids), np.zeros((len(prepared), width), "int32")
        for row, sentence in enumerate(prepared):
            begin, end = _with_context(sentence, length - 2)
            size = end - begin
            ids[row, 0], ids[row, size + 1] = self._cls, self._sep
            ids[row, 1 : size + 1] = sentence.pieces[begin:end]
            own = 1 + sentence.begin - begin
            types[row, own : own + sentence.end - sentence.begin] = 1
            first[row, : len(sentence.first)] = own + sentence.first
        return {**arrays, "pieces": ids, "types": types, "first": first}


def _with_context(sentence, room):
    """Return where the part of the pieces begins and ends that fills the room, if it can."""
    free = room - (sentence.end - sentence.begin)
    left = min(sentence.begin - sentence.left, free // 2)
    right = min(sentence.right - sentence.end, free - left)
    left = min(sentence.begin - sentence.left, free - right)
    return sentence.begin - left, sentence.end + right
