"""From sentences to arrays: words, their letters and their form, in batches of like lengths."""

import numpy as np

from course.bucketing import BucketedDataset
from seqlib.text import Vocabulary

KINDS = ("LOC", "MISC", "ORG", "PER")
LABELS = ("O", *(f"{letter}-{kind}" for kind in KINDS for letter in "BI"))
FORMS = ("<pad>", "lower", "Title", "UPPER", "miXed", "number", "a-1", "other")
LETTERS = 12  # of a word; of a longer one the first six and the last six are read
BUCKETS = (12, 24, 48, 128)  # widths of the arrays


def form(word):
    """Return what a word looks like, a number that stands for one of `FORMS`.

    Example:
        >>> [FORMS[form(word)] for word in ("of", "Paris", "EU", "McCoy", "1,000", "B2B", "--")]
        ['lower', 'Title', 'UPPER', 'miXed', 'number', 'a-1', 'other']
    """
    letters = any(letter.isalpha() for letter in word)
    if any(letter.isdigit() for letter in word):
        return FORMS.index("a-1" if letters else "number")
    if not letters:
        return FORMS.index("other")
    if word.islower():
        return FORMS.index("lower")
    if word[0].isupper() and word[1:] == word[1:].lower():
        return FORMS.index("Title")
    return FORMS.index("UPPER" if word.isupper() else "miXed")


class WordEncoder:
    """Turns words into the numbers that a tagger reads.

    A word is looked up in small letters in two tables: that of the pretrained vectors, which knows
    hundreds of thousands of words, and that of the training sentences, whose words get a vector of
    their own that is learned. What is in neither is *unknown*; its letters and its form remain.
    Words of the training sentences seen less than `minimum_count` times are unknown to their table,
    so that it learns what to do with unknown ones.
    """

    def __init__(self, sentences, vectors, minimum_count=2):
        self.pretrained = Vocabulary(vectors.words, unknown="<unknown>")
        self.trained = Vocabulary.from_sequences(
            ([word.lower() for word in words] for words in sentences),
            minimum_count=minimum_count,
            unknown="<unknown>",
        )
        self.characters = Vocabulary.from_sequences(
            ("".join(words) for words in sentences), minimum_count=10, unknown="?"
        )
        self._rows, self._table = {}, [(0, 0, 0, [0] * LETTERS)]
        self._arrays = None

    def __call__(self, sentences, width=None):
        """Return the arrays of some sentences, lists of words, `width` wide or just as needed.

        A dict of ``words``, ``trained`` and ``form``, (sentences, width) each, and ``letters``,
        (sentences, width, LETTERS), all int32, 0 for padding.
        """
        width = max(map(len, sentences)) if width is None else width
        return self.pack(self.prepare(sentences), width)

    def prepare(self, sentences):
        """Return for each sentence what `pack` needs of it: here the rows of its words."""
        return [self.rows(words) for words in sentences]

    def pack(self, prepared, width):
        """Return the arrays of sentences that `prepare` returned; see a call."""
        rows = np.zeros((len(prepared), width), "int32")
        for place, words in enumerate(prepared):
            rows[place, : len(words)] = words
        return self.arrays(rows)

    def rows(self, words):
        """Return for each word its row in the table that `arrays` reads."""
        return np.array([self._row(word) for word in words], "int32")

    def arrays(self, rows):
        """Return the arrays for rows of the table, of any shape."""
        if self._arrays is None:
            columns = zip(*self._table, strict=True)
            self._arrays = [np.array(column, "int32") for column in columns]
        names = ("words", "trained", "form", "letters")
        return {name: table[rows] for name, table in zip(names, self._arrays, strict=True)}

    def _row(self, word):
        if word not in self._rows:
            self._rows[word] = len(self._table)
            small = word.lower()
            half = LETTERS // 2
            letters = self.characters.encode(
                word if len(word) <= LETTERS else word[:half] + word[-half:]
            )
            self._table.append(
                (
                    self.pretrained.id(small),
                    self.trained.id(small),
                    form(word),
                    letters + [0] * (LETTERS - len(letters)),
                )
            )
            self._arrays = None
        return self._rows[word]


class Batches(BucketedDataset):
    """Batches of tagged sentences, pairs of words and tags, of like lengths; see `BucketedDataset`.

    `prepared` is what the encoder's `prepare` returned for them; None to call it.
    """

    def __init__(
        self,
        sentences,
        word_encoder,
        labels=LABELS,
        batch_size=32,
        seed=0,
        widths=BUCKETS[:-1],
        prepared=None,
        **kwargs,
    ):
        self.word_encoder = word_encoder
        ids = {label: number for number, label in enumerate(labels)}
        if prepared is None:
            prepared = word_encoder.prepare([words for words, _ in sentences])
        self.prepared = prepared
        self.tags = [np.array([ids[tag] for tag in tags], "int32") for _, tags in sentences]
        lengths = np.array([len(tags) for tags in self.tags])
        super().__init__(lengths, widths, batch_size, seed, **kwargs)

    def arrays(self, rows, width):
        """Return the arrays and the tags of some sentences; -1 for padding."""
        tags = np.full((len(rows), width), -1, "int32")
        for row, sentence in enumerate(rows):
            tags[row, : self.lengths[sentence]] = self.tags[sentence]
        return self.word_encoder.pack([self.prepared[sentence] for sentence in rows], width), tags
