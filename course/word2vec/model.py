r"""The skip-gram model with negative sampling of notebook 2-1, shared with its recipe.

The loss of a word $c$ with a neighbor $o$ and noise words $n_1 \dots n_k$ is

$$-\log \sigma(u_o \cdot v_c) - \sum_i \log \sigma(-u_{n_i} \cdot v_c).$$

A step takes a few blocks of text. All scores within a block are one matrix product: of its words
with the words in and around it, where a mask keeps the neighbors, and with noise words drawn once
for the block, which each count for several draws. The gradient is two more products, and only the
rows that it changes are touched.
"""

import re
import time
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from course import progress
from seqlib.word_vectors import WordVectors

__all__ = ["Corpus", "Word2Vec", "block_step", "keep_probability", "noise_distribution"]

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_BLOCK = 32  # words of the text whose scores are one product
_BLOCKS = 8  # blocks in a step: more would be faster, but rows that occur often would overshoot
_NOISE = 64  # noise words drawn for a block
_STEPS = 500  # in one call, at most
_EVERY = 10  # steps from one whose loss is computed to the next


@dataclass(frozen=True)
class Corpus:
    """A text as ids of words, the rare ones left out."""

    words: list  # the most frequent first: the id of a word is its place
    counts: np.ndarray  # (words,), how often each occurs
    ids: np.ndarray  # (tokens,) of int32, all documents one after the other
    document: np.ndarray  # (tokens,), the number of the document of each token

    @classmethod
    def read(cls, texts, minimum_count=5):
        """Cut texts, a document each, into words of plain letters in lower case, and number them.

        Words that occur less often than `minimum_count` are left out.

        Example:
            >>> corpus = Corpus.read(["It's a film. A FILM!", "A bore."], minimum_count=2)
            >>> corpus.words, corpus.ids.tolist(), corpus.document.tolist()
            (['a', 'film'], [0, 1, 0, 1, 0], [0, 0, 0, 0, 1])
        """
        import pandas as pd

        documents = [_WORD.findall(text.lower()) for text in texts]
        tokens = np.array([word for words in documents for word in words], dtype=object)
        codes, found = pd.factorize(tokens)  # numbers in order of first sight
        counts = np.bincount(codes, minlength=len(found))
        order = np.argsort(-counts, kind="stable")
        order = order[counts[order] >= minimum_count]
        place = np.full(len(found), -1, np.int32)
        place[order] = np.arange(len(order))
        ids = place[codes]
        document = np.repeat(np.arange(len(documents)), [len(words) for words in documents])
        return cls(
            [str(found[code]) for code in order], counts[order], ids[ids >= 0], document[ids >= 0]
        )


def keep_probability(counts, threshold=1e-3):
    r"""Share of the occurrences of each word, (words,), that subsampling keeps, as in word2vec.

    $$\min\big(1, \sqrt{t / f} + t / f\big)$$

    with $f$ the share of the word in the text; words rarer than about the threshold $t$ all stay.

    Example:
        >>> keep_probability(np.array([9999, 1]), threshold=0.01).round(4).tolist()
        [0.11, 1.0]
    """
    ratio = threshold / (counts / np.sum(counts))
    return np.minimum(1.0, np.sqrt(ratio) + ratio)


def noise_distribution(counts, power=0.75):
    """Return the probability of each word to be drawn as noise: its count to a power, of sum 1."""
    powers = np.asarray(counts, dtype=np.float64) ** power
    return powers / powers.sum()


def block_step(inputs, outputs, centers, targets, labels, weights, rate):
    r"""Take one step of gradient descent for all pairs of some blocks; return the scores before it.

    With the scores $s = u \cdot v$, (blocks, length, candidates), the gradient of the loss is
    $\sigma(s) - \text{label}$ for every pair, times the other one's vector. `inputs` and `outputs`
    are variables (words, dimension) of the vectors $v$ and $u$; centers (blocks, length) and
    targets (blocks, candidates) are ids. Labels, 1 for neighbors, and weights, how often each pair
    counts, are broadcast to the scores.
    """
    v = tf.gather(inputs, centers)  # (blocks, length, dimension)
    u = tf.gather(outputs, targets)  # (blocks, candidates, dimension)
    scores = tf.matmul(v, u, transpose_b=True)  # (blocks, length, candidates)
    slope = (tf.sigmoid(scores) - labels) * weights * -rate
    _add_rows(inputs, centers, tf.matmul(slope, u))
    _add_rows(outputs, targets, tf.matmul(slope, v, transpose_a=True))
    return scores


def _add_rows(variable, rows, updates):
    """Add to some rows of a variable, as often as they are named, without touching the others."""
    variable.scatter_add(tf.IndexedSlices(updates, rows))


class Word2Vec:
    """Skip-gram with negative sampling, subsampling and windows of random reach, up to `window`.

    `negatives` is the number of noise words for each pair, on average, and `subsampling` the
    threshold of `keep_probability`. The variable `inputs` (words, dimension) holds the word
    vectors.

    Example:
        >>> corpus = Corpus.read(["to be or not to be that is the question"] * 40, 1)
        >>> model = Word2Vec(corpus, dimension=8)
        >>> sorted(model.fit(epochs=1))
        ['loss', 'seconds', 'words a second']
        >>> model.vectors()
        WordVectors(8 words, dimension 8)

    Source: Mikolov et al., Distributed representations of words and phrases and their
    compositionality (2013).
    """

    def __init__(self, corpus, dimension=100, window=5, negatives=5, subsampling=1e-3, seed=0):
        self.corpus, self.window, self.negatives = corpus, window, negatives
        self.random = np.random.default_rng(seed)
        shape = (len(corpus.words), dimension)
        self.inputs = tf.Variable((self.random.random(shape, np.float32) - 0.5) / dimension)
        self.outputs = tf.Variable(tf.zeros(shape))
        self.kept = keep_probability(corpus.counts, subsampling)
        self.cumulative = np.cumsum(noise_distribution(corpus.counts))
        offsets = np.arange(_BLOCK + 2 * window) - window - np.arange(_BLOCK)[:, None]
        far = window + 1  # further than any reach
        self._before = tf.constant(np.where(offsets < 0, -offsets, far), tf.int32)
        self._after = tf.constant(np.where(offsets > 0, offsets, far), tf.int32)
        self._steps_at_once = None
        self._run = tf.function(self._steps, jit_compile=True)

    def fit(self, epochs, rate=0.05, last_rate=1e-4, description="Word2Vec"):
        """Go through the text, with a learning rate that falls evenly.

        A step adds up what all occurrences of a word want, so a text of few different words needs a
        smaller `rate`. Returns a dict: ``loss``, that of a pair with its noise words, one for each
        epoch; ``seconds``; ``words a second`` of the text, those left out by subsampling too.
        """
        begun, losses = time.perf_counter(), []
        with progress.bar(total=epochs, desc=description, bar_format=_BAR) as bar:
            for epoch in range(epochs):
                stream, left, right = self.thinned()
                starts = self._starts(len(stream) - 2 * self.window)
                done = epoch + np.arange(len(starts)) / len(starts)
                rates = (rate + (last_rate - rate) * done / epochs).astype(np.float32)
                steps = self._steps_of_a_call(len(starts))
                total = pairs = 0.0
                for begin in range(0, len(starts), steps):
                    part = slice(begin, begin + steps)
                    arrays = self._gathered(stream, left, right, starts[part])
                    # The last call is filled up with steps at rate 0: a new shape would have to
                    # be compiled anew.
                    missing = steps - len(starts[part])
                    arrays = [np.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1)) for a in arrays]
                    loss, number = self._run(*arrays, np.pad(rates[part], (0, missing)))
                    total, pairs = total + float(loss), pairs + float(number)
                    bar.set_postfix_str(f", loss {float(loss) / float(number):.3f}", refresh=False)
                    bar.update(epoch + min(part.stop / len(starts), 1.0) - bar.n)
                losses.append(total / pairs)
                if not np.isfinite(losses[-1]):
                    raise FloatingPointError(f"The vectors grew beyond all bounds at rate {rate}.")
        seconds = time.perf_counter() - begun
        speed = epochs * len(self.corpus.ids) / seconds
        return {"loss": losses, "seconds": seconds, "words a second": speed}

    def vectors(self):
        """Return the input vectors as `seqlib.word_vectors.WordVectors`."""
        return WordVectors(self.corpus.words, self.inputs.numpy())

    def thinned(self):
        """Draw which words stay, and how many words before and after each are its neighbors.

        Three arrays of int32 of one length, the ids with `window` of padding on either side. A
        window ends where its document does.
        """
        ids, document = self.corpus.ids, self.corpus.document
        stays = self.random.random(len(ids), np.float32) < self.kept[ids]
        ids, document = ids[stays], document[stays]
        place = np.arange(len(ids))
        changes = np.flatnonzero(np.diff(document)) + 1
        bounds = np.concatenate([[0], changes, [len(ids)]])
        lengths = np.diff(bounds)
        reach = self.random.integers(1, self.window + 1, len(ids))
        left = np.minimum(reach, place - np.repeat(bounds[:-1], lengths))
        right = np.minimum(reach, np.repeat(bounds[1:], lengths) - 1 - place)
        return tuple(np.pad(array, self.window).astype(np.int32) for array in (ids, left, right))

    def _starts(self, length):
        """Return where the blocks of each step begin, (steps, blocks): all of them, mixed."""
        starts = self.random.permutation(length // _BLOCK).astype(np.int32) * _BLOCK
        blocks = min(_BLOCKS, len(starts))
        if not blocks:
            raise ValueError(f"{length} words are left of the text; at least {_BLOCK} are needed.")
        return starts[: len(starts) // blocks * blocks].reshape(-1, blocks)

    def _steps_of_a_call(self, number):
        """Return how many steps are taken in a call: the same for every pass through a text."""
        if self._steps_at_once is None:
            self._steps_at_once = min(number, _STEPS)
        return self._steps_at_once

    def _gathered(self, stream, left, right, starts):
        """Return what some steps need, int32, for `starts` (steps, blocks) of their blocks."""
        places = starts[..., None] + np.arange(_BLOCK + 2 * self.window, dtype=np.int32)
        inner = places[..., self.window : self.window + _BLOCK, None]
        noise = np.searchsorted(self.cumulative, self.random.random((*starts.shape, _NOISE)))
        noise = np.minimum(noise, len(self.cumulative) - 1).astype(np.int32)
        # The words in and around the blocks (steps, blocks, span), their reach to the left and to
        # the right (steps, blocks, length, 1), and noise words (steps, blocks, noise).
        return stream[places], left[inner], right[inner], noise

    def _steps(self, around, before, after, noise, rates):
        """Take a step for each of the `rates` (steps,); return loss and pairs of some of them."""
        span = _BLOCK + 2 * self.window
        inner = slice(self.window, self.window + _BLOCK)
        labels = tf.cast(tf.range(span + _NOISE) < span, tf.float32)  # (candidates,)
        total, pairs = tf.constant(0.0), tf.constant(0.0)
        for step in tf.range(tf.shape(rates)[0]):
            # (blocks, length, span)
            near = (self._before <= before[step]) | (self._after <= after[step])
            neighbors = tf.cast(before[step] + after[step], tf.float32)  # (blocks, length, 1)
            share = neighbors * (self.negatives / _NOISE)  # what a noise word counts
            weights = tf.concat(
                [tf.cast(near, tf.float32), tf.tile(share, [1, 1, _NOISE])], axis=-1
            )
            centers = around[step][:, inner]  # (blocks, length)
            targets = tf.concat([around[step], noise[step]], axis=1)  # (blocks, candidates)
            scores = block_step(
                self.inputs, self.outputs, centers, targets, labels, weights, rates[step]
            )
            if step % _EVERY == 0 and rates[step] > 0:
                losses = tf.nn.sigmoid_cross_entropy_with_logits(
                    tf.broadcast_to(labels, tf.shape(scores)), scores
                )
                total += tf.reduce_sum(losses * weights)
                pairs += tf.reduce_sum(neighbors)
        return total, pairs


_BAR = "{desc}: {percentage:3.0f}%, {remaining} left{postfix}"
