"""A vocabulary of pieces of words, learned from sentences by byte-pair encoding.

The pairs are counted, and sentences cut, by the library ``tokenizers``. What is learned is no more
than a list of characters and a list of merges, and that is all that is kept.
"""

import itertools
import json
import unicodedata
from pathlib import Path

import numpy as np

from seqlib.files import FileError, write_text
from seqlib.text.vocabulary import Vocabulary, pad
from seqlib.text.words import surrogates_named

SPACE = "▁"  # stands for the space before a word, as in SentencePiece

# No piece goes across the ends of these: a word with its inner apostrophes ("don't"), one digit,
# or one mark or symbol; the space belongs to what comes after it.
_CHUNK = (
    rf"{SPACE}?[\p{{L}}\p{{M}}]+(?:['’][\p{{L}}\p{{M}}]+)*"
    rf"|{SPACE}?\p{{N}}"
    rf"|{SPACE}?[^{SPACE}\p{{L}}\p{{M}}\p{{N}}]"
)
GROUP = 2_000  # sentences cut at once: what the library returns takes a hundred times their ids
_FORMAT = "seqlib.text.Subwords"


class Subwords:
    r"""Cut sentences into pieces of words, number them, and put them together again.

    Byte-pair encoding begins with single characters and joins, again and again, the two
    neighboring pieces that are most frequent:

    $$(a, b) = \arg\max_{(a, b)} \operatorname{count}(a\,b),\qquad a, b \to ab$$

    A frequent word ends as one piece, a rare one as several, and no word is unknown as long as its
    characters are known. The space before a word is part of its first piece, written ``▁``, so that
    a sentence in Unicode's form NFC, with single spaces between its words, decodes to itself. Marks
    of punctuation are pieces of their own: ``house`` is the same in "house" and "house.".

    Ids are padding 0, unknown 1, then the special tokens, the characters, and the merges in the
    order in which they were learned. Special tokens are never found in a sentence: if "<end>"
    stands there, it is five characters.

    Args:
        characters: The characters to begin with, a string or a list.
        merges: Pairs of pieces, in the order in which they are joined.
        special: Tokens that have a meaning of their own.
        lower: Whether sentences are turned into lower case first.

    Attributes:
        tokens: The token of each id, a list of strings.
        special: The special tokens, the unknown one first.
        lower: As given.

    Example:
        >>> subwords = Subwords.train(["the house", "the houses.", "a mouse"], size=24)
        >>> subwords.pieces("The mouse: the house.")
        ['▁', '<unk>', 'he', '▁', 'm', 'ouse', '<unk>', '▁the', '▁house', '.']
        >>> ids = subwords.encode("the houses.", start="<start>", end="<end>")
        >>> subwords.tokens[ids[0]], subwords.decode(ids)
        ('<start>', 'the houses.')

    Source:
        Sennrich, Haddow and Birch, Neural machine translation of rare words with subword units
        (2016); for the space within the piece, Kudo and Richardson, SentencePiece (2018).
    """

    def __init__(self, characters, merges, special=("<start>", "<end>"), lower=False):
        characters = list(characters)
        merges = [tuple(pair) for pair in merges]
        if not characters:
            raise ValueError("characters must hold at least one; Subwords.train finds them.")
        # Two merges may give the same piece; it has one id.
        pieces = dict.fromkeys([*characters, *("".join(pair) for pair in merges)])
        for pair in merges:
            if len(pair) != 2 or not all(piece in pieces for piece in pair):
                raise ValueError(
                    "a merge must be a pair of pieces, each a character of the list or the result "
                    f"of another merge; got {pair}."
                )
        self.vocabulary = Vocabulary(pieces, special=special, unknown="<unk>")
        self.tokens = self.vocabulary.tokens
        self.special = self.vocabulary.special
        self.lower = bool(lower)
        self._characters, self._merges = characters, merges
        self._model = _tokenizer(pieces, merges)
        first = 1 + len(self.special)
        # From the library's ids, the last of which is that of the unknown piece, to ours.
        self._ours = np.array([*range(first, len(self)), 1], dtype=np.int32)

    @classmethod
    def train(cls, sentences, size=4000, special=("<start>", "<end>"), lower=False):
        """Learn the pieces from sentences; the same sentences always give the same pieces.

        Args:
            sentences: An iterable of strings: the training data, and it alone.
            size: Largest number of ids, padding, unknown and special tokens included. It is not
                reached where no pair is left that was seen twice.
            special: As for the class.
            lower: As for the class.
        """
        from tokenizers import trainers

        sentences = list(_check_sentences(sentences))
        marked = [_mark_words(sentence, lower) for sentence in sentences]
        characters = sorted(set().union(*marked))
        if not characters:
            raise ValueError(f"sentences must hold some text; all {len(marked)} are empty.")
        reserved = len(Vocabulary([], special=special, unknown="<unk>"))
        least = reserved + len(characters)
        if size < least:
            raise ValueError(
                f"size must have room for padding, unknown and special tokens ({reserved}) and "
                f"for every character ({len(characters)}): at least {least}, got {size}."
            )
        model = _tokenizer()
        with surrogates_named(sentences):
            trainer = trainers.BpeTrainer(
                vocab_size=size - reserved,
                min_frequency=2,
                initial_alphabet=characters,
                special_tokens=[],
                show_progress=False,
            )
            model.train_from_iterator(marked, trainer)
        merges = json.loads(model.to_str())["model"]["merges"]
        return cls(characters, merges, special=special, lower=lower)

    @classmethod
    def load(cls, path):
        """Read the file that `save` wrote; raise `FileError` where it is something else."""
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise FileError(
                path, "", f"it is no file that Subwords.save wrote ({error}). Write it anew."
            ) from error

    @classmethod
    def from_json(cls, text):
        """Make again what `to_json` described; raise ValueError where the text is another."""
        try:
            content = json.loads(text)
            if content["format"] != _FORMAT:
                raise KeyError("format")
            merges = [merge.split(" ") for merge in content["merges"]]
            return cls(content["characters"], merges, content["special"], content["lower"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not the JSON of a subword vocabulary: {error!r}") from error

    def to_json(self):
        """Return the whole vocabulary as one string, to be kept beside a model's weights."""
        content = {
            "format": _FORMAT,
            "lower": self.lower,
            "special": self.special,
            "characters": "".join(self._characters),
            "merges": [" ".join(pair) for pair in self._merges],
        }
        return json.dumps(content, ensure_ascii=False, indent=0) + "\n"

    def save(self, path):
        """Write the vocabulary to a JSON file, which appears whole or not at all."""
        write_text(path, self.to_json())

    def __len__(self):
        return len(self.tokens)

    def __contains__(self, token):
        return token in self.vocabulary

    def __repr__(self):
        longest = ", ".join(map(repr, sorted(self.tokens, key=len)[-3:]))
        return f"Subwords({len(self)} pieces, the longest: {longest})"

    def id(self, token):
        """Return the id of a special token or a piece; that of unknown for any other."""
        return self.vocabulary.id(token)

    def encode(self, sentence, start=None, end=None):
        """Return the ids of a sentence, a list, between special tokens if they are given."""
        return self._encode([sentence], start, end)[0].tolist()

    def encode_batch(self, sentences, length=None, start=None, end=None):
        """Return the ids of many sentences, (sentences, length) of int32, padded with 0.

        Longer sentences are cut on the right, ``end`` included; ``length=None`` takes the longest.
        """
        return pad(self._encode(_check_sentences(sentences), start, end), length)

    def decode(self, ids, end="<end>"):
        """Return the sentence of a sequence of ids, with ``<unk>`` for what is unknown.

        Padding and special tokens are left out; at the special token ``end`` the sentence ends.
        """
        tokens = self.vocabulary.decode(ids, end=end)
        dropped = set(self.special) - {"<unk>"}
        text = "".join(token for token in tokens if token not in dropped)
        return text.replace(SPACE, " ").strip()

    def pieces(self, sentence):
        """Return the pieces of a sentence, or of the ids of one, to look at; ``▁`` is a space.

        Example:
            >>> subwords = Subwords("▁acst", [("▁", "c"), ("a", "t"), ("▁c", "at")])
            >>> subwords.pieces("cats act")
            ['▁cat', 's', '▁', 'a', 'c', 't']
        """
        ids = self.encode(sentence) if isinstance(sentence, str) else sentence
        return self.vocabulary.decode(ids)

    def _encode(self, sentences, start, end):
        """Return one array of ids a sentence."""
        for name, token in (("start", start), ("end", end)):
            if token is not None and token not in self.special:
                raise ValueError(
                    f"{name} must be None or one of the special tokens "
                    f"({', '.join(map(repr, self.special))}), got {token!r}."
                )
        before = np.array([] if start is None else [self.id(start)], dtype=np.int32)
        after = np.array([] if end is None else [self.id(end)], dtype=np.int32)
        rows, sentences = [], iter(sentences)
        while group := list(itertools.islice(sentences, GROUP)):
            marked = [_mark_words(sentence, self.lower) for sentence in group]
            with surrogates_named(group):
                encodings = self._model.encode_batch_fast(marked, add_special_tokens=False)
            rows += [np.concatenate([before, self._ours[one.ids], after]) for one in encodings]
        return rows


def _tokenizer(pieces=(), merges=()):
    """Return the library's tokenizer: its ids are those of `pieces`, then the unknown piece."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    ids = {piece: index for index, piece in enumerate([*pieces, "<unk>"])}
    model = Tokenizer(models.BPE(ids, list(merges), unk_token="<unk>"))
    model.pre_tokenizer = pre_tokenizers.Split(Regex(_CHUNK), "isolated")
    return model


def _mark_words(sentence, lower):
    """Return a sentence with ``▁`` before each word and no white space."""
    if not isinstance(sentence, str):
        raise TypeError(f"a sentence must be a string, got {type(sentence).__name__}.")
    sentence = sentence.lower() if lower else sentence
    # What looks like our mark for a space would come back as a space.
    sentence = unicodedata.normalize("NFC", sentence).replace(SPACE, "_")
    return "".join(SPACE + word for word in sentence.split())


def _check_sentences(sentences):
    """Return the sentences, unless they are one string, whose characters they would be."""
    if isinstance(sentences, str):
        raise TypeError("sentences must be an iterable of strings, got one string; put it in [].")
    return sentences
