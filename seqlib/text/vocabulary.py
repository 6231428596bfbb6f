"""A two-way table between tokens and ids, and arrays of ids padded with 0."""

from collections import Counter

import numpy as np


class Vocabulary:
    """A two-way table between tokens and ids; id 0 is padding.

    The ids are padding, then the special tokens, then the ordinary tokens.

    Args:
        tokens: The ordinary tokens, all different, in the order of their ids.
        special: Tokens that have a meaning of their own, such as ``"<start>"`` or ``"<end>"``.
        unknown: The special token that stands for every token outside the vocabulary, added to
            ``special`` if it is not there; ``None``, the default, makes such a token an error.
        padding: How padding is written, should it be decoded.

    Example:
        >>> letters = Vocabulary("abc", special=["<end>"])
        >>> letters.encode("cab")
        [4, 2, 3]
        >>> letters.decode([4, 2, 3, 1, 0, 0], end="<end>")
        ['c', 'a', 'b']
        >>> words = Vocabulary.from_sequences([["to", "be", "or", "not", "to", "be"]], size=4)
        >>> words.tokens
        ['<pad>', '<unk>', 'to', 'be']
        >>> words.encode_batch([["to", "be"], ["or"]]).tolist()
        [[2, 3], [1, 0]]
    """

    def __init__(self, tokens, special=(), unknown=None, padding="<pad>"):
        tokens, special = list(tokens), list(special)
        if unknown is not None and unknown not in special:
            special.insert(0, unknown)
        self.tokens = [padding, *special, *tokens]
        self.special = special
        self.unknown = unknown
        self.padding = padding
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) < len(self.tokens):
            twice = [token for token, count in Counter(self.tokens).items() if count > 1]
            raise ValueError(f"each token must be there once; more than once: {_first_few(twice)}.")

    @classmethod
    def from_sequences(
        cls, sequences, size=None, minimum_count=1, special=(), unknown="<unk>", padding="<pad>"
    ):
        """Number the most frequent tokens of some sequences, ties in the order of first sight.

        Args:
            sequences: An iterable of sequences of tokens: the training data, and it alone.
            size: Largest number of ids, padding and special tokens included; ``None`` for all.
            minimum_count: Tokens seen less often are left out.
            special: As for the class.
            unknown: As for the class.
            padding: As for the class.
        """
        counts = Counter(token for sequence in sequences for token in sequence)
        reserved = {padding, *special} | ({unknown} - {None})
        if size is not None and size < len(reserved):
            raise ValueError(
                f"size must leave room for padding and special tokens, at least {len(reserved)}, "
                f"got {size}."
            )
        kept = [token for token, count in counts.most_common() if count >= minimum_count]
        kept = [token for token in kept if token not in reserved]
        if size is not None:
            kept = kept[: size - len(reserved)]
        return cls(kept, special=special, unknown=unknown, padding=padding)

    def __len__(self):
        return len(self.tokens)

    def __contains__(self, token):
        return token in self._ids

    def __repr__(self):
        return f"Vocabulary({len(self)} tokens: {_first_few(self.tokens, 8)})"

    def id(self, token):
        """Return the id of a token: that of ``unknown`` outside the vocabulary, or a KeyError."""
        index = self._ids.get(token, self._ids.get(self.unknown))
        if index is None:
            raise KeyError(
                f"{token!r} is not among the {len(self)} tokens, and the vocabulary was made "
                "without an unknown token (unknown='<unk>' would let it pass)."
            )
        return index

    def encode(self, tokens, start=None, end=None):
        """Return the ids of a sequence of tokens or characters, between special tokens if given."""
        before = [] if start is None else [start]
        after = [] if end is None else [end]
        return [self.id(token) for token in (*before, *tokens, *after)]

    def decode(self, ids, end=None):
        """Return the tokens of one sequence of ids, without padding, up to the token `end`."""
        tokens = []
        for index in np.asarray(ids, dtype=np.int64).reshape(-1).tolist():
            if not 0 <= index < len(self):
                raise ValueError(f"ids must lie in 0..{len(self) - 1}, got {index}.")
            if end is not None and self.tokens[index] == end:
                break
            if index != 0:
                tokens.append(self.tokens[index])
        return tokens

    def encode_batch(self, sequences, length=None, start=None, end=None):
        """Return the ids of many sequences, ``(sequences, length)``; see `encode` and `pad`."""
        return pad([self.encode(tokens, start, end) for tokens in sequences], length)


def pad(sequences, length=None):
    """Put sequences of ids into one array, (sequences, length), with 0 as padding on the right.

    Longer sequences are cut; without a `length` the longest fits.

    Example:
        >>> pad([[5, 6, 7], [8]]).tolist()
        [[5, 6, 7], [8, 0, 0]]
    """
    if length is None:
        length = max((len(sequence) for sequence in sequences), default=0)
    ids = np.zeros((len(sequences), length), dtype=np.int32)  # (sequences, length)
    for row, sequence in zip(ids, sequences, strict=True):
        row[: len(sequence)] = sequence[:length]
    return ids


def _first_few(tokens, number=5):
    """The first few of many tokens, for a message."""
    shown = ", ".join(repr(token) for token in tokens[:number])
    return shown + (", ..." if len(tokens) > number else "")
