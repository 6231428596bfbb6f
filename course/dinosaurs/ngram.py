"""N-gram language models with proper smoothing: the baseline that a network has to beat.

An n-gram model counts. The probability of a token given the ``order - 1`` tokens before it is a
discounted share of the counts, and what the discount sets free goes to the same model with a
context that is one token shorter, down to the uniform distribution:

    p_k(w | c) = (discounted(c, w) + freed(c) p_{k-1}(w | c without its oldest token)) / total(c)

so that every context, seen or not, has probabilities that sum to one.
"""

import numpy as np

__all__ = ["NGram"]

_SMOOTHINGS = ("kneser_ney", "witten_bell")


class NGram:
    """Interpolated n-gram model over integer tokens, counted in NumPy without a Python loop.

    With ``smoothing="kneser_ney"`` this is interpolated modified Kneser-Ney: a discount of its own
    for counts of one, two, and three or more, and below the highest order a token is counted by the
    number of *different* tokens it follows, not by how often. With ``"witten_bell"`` a context
    frees as many counts as it has different followers (Witten and Bell 1991). A context that
    reaches the start of a sequence ends there, at one start mark that is never predicted. The
    `order` is the length of the longest n-gram; where the three `discounts` are not given they are
    estimated from the counts of counts.

    Example:
        >>> model = NGram(order=2, vocabulary_size=4).fit([[1, 2, 3], [1, 2, 2, 3]])
        >>> bool(model.distribution([1])[2] > model.distribution([1])[3])
        True
        >>> float(round(model.distribution([2, 1]).sum(), 9))
        1.0

    Source: Chen and Goodman, An empirical study of smoothing techniques for language modeling
    (1999).
    """

    def __init__(
        self, order, vocabulary_size, smoothing="kneser_ney", discounts=None, padding_id=0
    ):
        if order < 1:
            raise ValueError(f"order must be 1 or more, got {order}.")
        if smoothing not in _SMOOTHINGS:
            raise ValueError(
                f"smoothing must be one of {', '.join(_SMOOTHINGS)}, got {smoothing!r}."
            )
        if discounts is not None:
            if smoothing != "kneser_ney":
                raise ValueError("discounts belong to smoothing='kneser_ney' alone.")
            discounts = np.asarray(discounts, dtype=float)
            if discounts.shape != (3,) or (discounts < 0).any() or (discounts > [1, 2, 3]).any():
                raise ValueError(
                    "discounts must be three numbers, at least 0 and at most 1, 2 and 3, "
                    f"got {discounts.tolist()}."
                )
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.smoothing = smoothing
        self.discounts = discounts
        self.padding_id = padding_id
        self._start = vocabulary_size
        self._levels = []

    def fit(self, sequences):
        """Count anew the n-grams of integer sequences, each with its end token; return self."""
        tokens, ages = self._flatten(sequences)
        if not len(tokens):
            raise ValueError("fit needs at least one token, got none.")
        self._levels = []
        contexts = np.zeros(len(tokens), dtype=np.int64)
        context_keys = np.zeros(1, dtype=np.int64)
        for length in range(self.order):
            if length:
                keys = self._extend(contexts, tokens, ages, length)
                context_keys, contexts = np.unique(keys, return_inverse=True)
                if len(context_keys) and context_keys[0] < 0:  # beyond the start: no context
                    context_keys, contexts = context_keys[1:], contexts - 1
            inside = contexts >= 0
            grams = contexts[inside] * self.vocabulary_size + tokens[inside]
            gram_keys, grams = np.unique(grams, return_inverse=True)
            counts = np.bincount(grams, minlength=len(gram_keys))
            if self.smoothing == "kneser_ney" and length + 1 < self.order:
                before = self._lag(tokens, ages, length + 1)[inside]
                counts = self._continuations(counts, grams, before)
            owners = gram_keys // self.vocabulary_size
            self._levels.append(
                (context_keys, gram_keys, *self._smooth(counts, owners, len(context_keys)))
            )
        return self

    def log_probabilities(self, sequences):
        """Return the log-probability of each token in nats, ``(tokens,)``, for all sequences."""
        self._need_fit()
        tokens, ages = self._flatten(sequences)
        probabilities = self._base()[tokens]
        contexts = np.zeros(len(tokens), dtype=np.int64)
        for length, (context_keys, gram_keys, kept, freed, totals) in enumerate(self._levels):
            if length:
                contexts = _find(context_keys, self._extend(contexts, tokens, ages, length))
            seen = contexts >= 0
            owner = contexts[seen]
            gram = _find(gram_keys, owner * self.vocabulary_size + tokens[seen])
            own = np.where(gram >= 0, kept[gram], 0.0) if len(kept) else 0.0
            probabilities[seen] = (own + freed[owner] * probabilities[seen]) / totals[owner]
        with np.errstate(divide="ignore"):
            return np.log(probabilities)

    def distribution(self, context=()):
        """Return the probability of every token (vocabulary_size,) after a context.

        The context begins where a sequence does, and may have any length.
        """
        self._need_fit()
        context = self._flatten([context])[0]
        history = [*context[::-1], self._start][: self.order - 1]  # newest first
        probabilities = self._base()
        index = 0
        for length, (context_keys, gram_keys, kept, freed, totals) in enumerate(self._levels):
            if length:
                if length > len(history):
                    break
                key = index * (self.vocabulary_size + 1) + history[length - 1]
                index = int(_find(context_keys, np.array([key]))[0])
                if index < 0:
                    break
            first = index * self.vocabulary_size
            low, high = np.searchsorted(gram_keys, [first, first + self.vocabulary_size])
            probabilities *= freed[index] / totals[index]
            probabilities[gram_keys[low:high] - first] += kept[low:high] / totals[index]
        return probabilities

    def tables(self):
        """Return the model as a table of its contexts, so that it can be read in a compiled loop.

        Returns:
            The log-probability of every token after every context, (contexts, vocabulary_size); and
            the longest context that is known once that token was added, of the same shape. The
            first context is that in which a sequence begins.
        """
        self._need_fit()
        size, tokens = self.vocabulary_size + 1, np.arange(self.vocabulary_size)
        table, tables, follow, firsts = self._base()[None], [], [], [0]
        for length, (keys, gram_keys, kept, freed, totals) in enumerate(self._levels):
            # A context without its oldest token is its parent, of the level before.
            parents, oldest = keys // size, keys % size
            table = table[parents] * (freed / totals)[:, None]
            owners = gram_keys // self.vocabulary_size
            table[owners, gram_keys % self.vocabulary_size] += kept / totals[owners]
            tables.append(table)
            firsts.append(firsts[-1] + len(keys))
            # With a token more the parent leads to a context that may be known with the oldest too.
            to = follow[-1][parents] if length else np.zeros((1, len(tokens)), np.int64)
            if length + 1 < self.order:
                place = to - firsts[length]
                wanted = place * size + (oldest[:, None] if length else tokens)
                longer = _find(self._levels[length + 1][0], wanted.reshape(-1)).reshape(to.shape)
                to = np.where((place >= 0) & (longer >= 0), firsts[length + 1] + longer, to)
            follow.append(to)
        # A sequence begins after the start mark: its context takes the place of the empty one.
        order = np.arange(firsts[-1])
        begin = 0 if self.order == 1 else 1 + _find(self._levels[1][0], np.array([self._start]))[0]
        order[[0, begin]] = begin, 0
        with np.errstate(divide="ignore"):
            return np.log(np.concatenate(tables)[order]), order[np.concatenate(follow)[order]]

    def _smooth(self, counts, owners, contexts):
        """What each n-gram keeps, what each context frees, and the sum of both (see the module)."""
        followers = np.bincount(owners, minlength=contexts).astype(float)
        totals = np.bincount(owners, weights=counts, minlength=contexts)
        if self.smoothing == "witten_bell":
            return counts.astype(float), followers, totals + followers
        discounts = _estimate(counts) if self.discounts is None else self.discounts
        taken = np.concatenate([[0.0], discounts])[np.minimum(counts, 3)]
        return counts - taken, np.bincount(owners, weights=taken, minlength=contexts), totals

    def _continuations(self, counts, grams, before):
        """Number of different tokens before each n-gram; at a sequence's start, its plain count."""
        preceded = before >= 0
        pairs = np.unique(grams[preceded] * (self.vocabulary_size + 1) + before[preceded])
        different = np.bincount(pairs // (self.vocabulary_size + 1), minlength=len(counts))
        return np.where(different > 0, different, counts)

    def _extend(self, contexts, tokens, ages, length):
        """Key of each context made one token longer; -1 where it is unseen or has no such token."""
        lagged = self._lag(tokens, ages, length)
        keys = contexts * (self.vocabulary_size + 1) + lagged
        return np.where((contexts >= 0) & (lagged >= 0), keys, -1)

    def _lag(self, tokens, ages, distance):
        """The token ``distance`` places back: the start mark just before a sequence, -1 beyond."""
        lagged = np.roll(tokens, distance)
        return np.where(ages >= distance, lagged, np.where(ages == distance - 1, self._start, -1))

    def _flatten(self, sequences):
        """All tokens in one array, and the place of each in its own sequence."""
        arrays = [np.asarray(sequence, dtype=np.int64).reshape(-1) for sequence in sequences]
        tokens = np.concatenate([np.zeros(0, np.int64), *arrays])
        ages = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(a)) for a in arrays)])
        if len(tokens) and not 0 <= tokens.min() <= tokens.max() < self.vocabulary_size:
            raise ValueError(
                f"tokens must lie in 0..{self.vocabulary_size - 1}, "
                f"got {tokens.min()}..{tokens.max()}."
            )
        if self.padding_id is not None and (tokens == self.padding_id).any():
            raise ValueError(
                f"padding (id {self.padding_id}) is no token: cut the sequences to their lengths, "
                "or pass padding_id=None."
            )
        return tokens, ages

    def _base(self):
        """The uniform distribution over all tokens but padding."""
        base = np.full(self.vocabulary_size, 1.0)
        if self.padding_id is not None:
            base[self.padding_id] = 0.0
        return base / base.sum()

    def _need_fit(self):
        if not self._levels:
            raise ValueError("the model has counted nothing yet: call fit(sequences) first.")


def _find(keys, wanted):
    """Place of each wanted key among the sorted keys, -1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def _estimate(counts):
    """Return discounts i - (i + 1) Y n_{i+1} / n_i for counts of 1, 2 and 3 or more."""
    # n_i is the number of n-grams counted i times. Where one is zero, as in tiny data, the discount
    # Y = n_1 / (n_1 + 2 n_2) of plain Kneser-Ney stands in; it is 1/2 where Y itself is 0 or 1.
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    plain = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else 0.5
    discounts = [
        i - (i + 1) * plain * n[i + 1] / n[i] if n[i] and n[i + 1] else plain for i in (1, 2, 3)
    ]
    return np.clip(discounts, 0.0, [1.0, 2.0, 3.0])
