"""The English-Spanish pairs: split by sentence, and laid out in batches of like lengths."""

import re
from typing import NamedTuple

import numpy as np

from course.bucketing import BucketedDataset
from seqlib.text import pad

TEST, VALIDATION = 2_500, 1_000  # sentences
BUCKETS = (8, 12, 16, 24, 32)  # widths of the arrays in training: few, so that few are compiled

_NO_WORD = re.compile(r"[\W_]+")


class Sentences(NamedTuple):
    """Held-out sentences: the English ones, and all their Spanish translations, a list each."""

    english: list
    references: list


class Split(NamedTuple):
    """The parts of the corpus; see `split`."""

    training: list
    validation: Sentences
    test: Sentences


def split(pairs, test=TEST, validation=VALIDATION, seed=6):
    """Split a table of pairs by English sentence, so that none held out was seen: a `Split`.

    Sentences that differ in case and punctuation alone count as one, and go to one part with all
    their translations; the first spelling stands for all. `test` and `validation` are numbers of
    sentences.
    """
    groups = {}  # the same English sentence: its pairs, in the order of the source
    for english, spanish in zip(pairs["english"], pairs["spanish"], strict=True):
        groups.setdefault(plain(english), []).append((english, spanish))
    keys = list(groups)
    if test + validation >= len(keys):
        raise ValueError(
            f"{test} and {validation} sentences were asked for; there are {len(keys)}, and some "
            "must be left to train with."
        )
    order = np.random.default_rng(seed).permutation(len(keys))
    held_out = [groups.pop(keys[place]) for place in order[: test + validation]]
    parts = [
        Sentences(
            [group[0][0] for group in part],
            [list(dict.fromkeys(spanish for _, spanish in group)) for group in part],
        )
        for part in (held_out[:test], held_out[test:])
    ]
    training = [pair for group in groups.values() for pair in group]
    return Split(training, validation=parts[1], test=parts[0])


def plain(sentence):
    """Return a sentence without case and punctuation, by which sentences are told apart."""
    return _NO_WORD.sub(" ", sentence.lower()).strip()


def unseen(sentences, training):
    """Say which held-out `Sentences` have no translation that some training pair has, (sentences,).

    "I am late" and "I'm late" are two English sentences with one translation, which a model may
    know by heart. The others are the stricter test.
    """
    known = {plain(spanish) for _, spanish in training}
    return np.array(
        [not any(plain(text) in known for text in group) for group in sentences.references]
    )


class Batches(BucketedDataset):
    """Batches of pairs for training with teacher forcing, each of sentences of like lengths.

    The decoder's input is the target one step late: ``<start>`` and the sentence; what it is to
    say is the sentence and ``<end>``. `source` and `target` are the `seqlib.text.Subwords`.
    """

    def __init__(self, pairs, source, target, batch_size=128, seed=0, widths=BUCKETS, **kwargs):
        english, spanish = zip(*pairs, strict=True)
        self.source = source.encode_batch(list(english), end="<end>")
        self.target = target.encode_batch(list(spanish), start="<start>", end="<end>")
        lengths = np.maximum((self.source != 0).sum(1), (self.target != 0).sum(1) - 1)
        super().__init__(lengths, widths, batch_size, seed, **kwargs)

    def arrays(self, rows, width):
        """Return inputs and labels of some pairs."""
        source, target = _wide(self.source[rows], width), _wide(self.target[rows], width + 1)
        return (source, target[:, :-1]), target[:, 1:]


def _wide(ids, width):
    """Return ids cut or padded to a width."""
    return pad(ids, width) if ids.shape[1] < width else ids[:, :width]
