"""A language model as tables: which label may come next, how likely, and where it leads."""

import dataclasses

import numpy as np

NEG_INF = -float("inf")


@dataclasses.dataclass(frozen=True)
class Automaton:
    r"""A language model with finitely many states, the first of which it begins in.

    An n-gram model is one, a state being what it remembers; so is a list of words, whose states are
    the beginnings of words. As arrays it can be read inside a compiled loop.

    Args:
        scores: $\log p(k \mid s)$ of each label in each state, (states, classes); -inf where a
            label may not follow.
        follow: The state that each label leads to, (states, classes) of integers.
        ends: $\log p(\text{end} \mid s)$, (states,); -inf where nothing may end.

    Example:
        >>> coin = Automaton([[NEG_INF, -0.7]], [[0, 0]], [-0.7])
        >>> round(coin.score([1, 1]), 2)
        -2.1
    """

    scores: np.ndarray
    follow: np.ndarray
    ends: np.ndarray

    def __post_init__(self):
        scores, follow = np.asarray(self.scores, "float32"), np.asarray(self.follow, "int32")
        ends = np.asarray(self.ends, "float32")
        if scores.ndim != 2 or follow.shape != scores.shape or ends.shape != scores.shape[:1]:
            raise ValueError(
                "`scores` and `follow` must be (states, classes) and `ends` (states,); got shapes "
                f"{scores.shape}, {follow.shape} and {ends.shape}."
            )
        if follow.size and not 0 <= follow.min() <= follow.max() < len(scores):
            raise ValueError(
                f"`follow` has states from {follow.min()} to {follow.max()}. Allowed: 0 to "
                f"{len(scores) - 1}, the states that `scores` has."
            )
        for name, table in (("scores", scores), ("ends", ends)):
            if np.isnan(table).any() or (table == np.inf).any():
                raise ValueError(f"`{name}` has NaN or inf. Allowed: logarithms, -inf for never.")
        for name, table in (("scores", scores), ("follow", follow), ("ends", ends)):
            object.__setattr__(self, name, table)

    @classmethod
    def of_words(cls, words, classes, separator):
        """Make the automaton of texts in which only these words stand, with a separator between.

        Args:
            words: Words, each a sequence of ids.
            classes: Number of classes, the blank among them.
            separator: Id that stands between two words.

        Example:
            >>> either = Automaton.of_words([[1, 2], [1]], classes=4, separator=3)
            >>> either.score([1, 3, 1, 2]), either.score([2])
            (0.0, -inf)
        """
        scores, follow, ends = [[NEG_INF] * classes], [[0] * classes], [NEG_INF]
        for word in words:
            state = 0
            if not len(word) or separator in word:
                raise ValueError(f"`words` has {word!r}. Allowed: ids other than the separator.")
            for label in word:
                if scores[state][label] == NEG_INF:
                    scores[state][label], follow[state][label] = 0.0, len(scores)
                    scores.append([NEG_INF] * classes)
                    follow.append([0] * classes)
                    ends.append(NEG_INF)
                state = follow[state][label]
            ends[state] = scores[state][separator] = 0.0
        return cls(scores, follow, ends)

    def score(self, labels):
        r"""Return $\log p$ of a whole sequence of labels, its end counted."""
        state, total = 0, 0.0
        for label in labels:
            total += float(self.scores[state, label])
            state = self.follow[state, label]
        return total + float(self.ends[state])
