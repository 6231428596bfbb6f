"""Words and their vectors: look up, compare, find neighbors, solve analogies."""

import numpy as np

from seqlib.files import whole_file
from seqlib.word_vectors import bias, binary_format, loading

_SCORES = 16_000_000  # that are in memory at once: 64 MB


class WordVectors:
    """A vector for each word.

    The vectors are kept as they are given, memory-mapped ones too; nothing is scaled in place.
    Every method that compares does so by the cosine, so that lengths do not matter.

    Args:
        words: The words, all different, the most frequent first.
        matrix: Their vectors, array (words, dimension) of floats.

    Attributes:
        words: List of strings.
        matrix: Array (words, dimension).
        index: Dict from word to its row.

    Example:
        >>> vectors = WordVectors(["he", "she", "king", "queen"], [[1, 0], [0, 1], [2, 1], [1, 2]])
        >>> vectors["king"].tolist()
        [2.0, 1.0]
        >>> [word for word, cosine in vectors.analogy("he", "she", "king")]
        ['queen']
        >>> round(vectors.similarity("king", "queen"), 3)
        0.8
    """

    def __init__(self, words, matrix):
        self.words = list(words)
        matrix = np.asanyarray(matrix)
        self.matrix = matrix if matrix.dtype.kind == "f" else matrix.astype(np.float32)
        if self.matrix.ndim != 2 or len(self.words) != len(self.matrix) or not self.words:
            raise ValueError(
                f"there are {len(self.words):,} words, and the matrix has shape {matrix.shape}. "
                "Allowed: a word or more, and a row (words, dimension) for each."
            )
        self.index = dict(zip(self.words, range(len(self.words)), strict=True))
        if len(self.index) < len(self.words):
            twice = next(w for row, w in enumerate(self.words) if self.index[w] != row)
            raise ValueError(f"each word must be there once; {twice!r} is there more than once.")
        self._lengths = None

    @classmethod
    def load_glove(cls, path, only=None, member=None, cache=True):
        """Load a text file without a header, such as those of GloVe.

        A word, which may hold spaces, and its numbers stand on each line, separated by single
        spaces. The first time, the file is read in blocks and kept in the cache folder
        (``SEQLIB_DATA``, else the user's); later it is opened memory-mapped, at once, and the
        matrix cannot be written to. A file that has changed is read anew.

        Args:
            path: A file: plain, gzip, bzip2 or zip, recognized by its content.
            only: The words wanted, a collection or a `seqlib.text.Vocabulary`, as far as the file
                has them; nothing is then written to the cache. None for all words.
            member: Which file of a zip; needed where it holds several.
            cache: Whether to use the cache; without it, the array is made in memory.

        Returns:
            `WordVectors` with the words in the order of the file.

        Raises:
            FileError: The file is not what it should be; the message names file and line.
            DataError: The cache folder cannot be written.
        """
        return cls(*loading.read_file(path, "glove", only, member, cache))

    @classmethod
    def load_word2vec(cls, path, binary=False, only=None, member=None, cache=True):
        """Load a file of word2vec, or of fastText: the number of words and the dimension first.

        With `binary` the vectors are float32, not text. The rest is as for `load_glove`.
        """
        form = "binary" if binary else "word2vec"
        return cls(*loading.read_file(path, form, only, member, cache))

    @classmethod
    def load_numpy(cls, path, vocabulary):
        """Load an array of NumPy, memory-mapped, and its words.

        Args:
            path: A ``.npy`` file with an array (words, dimension) of floats.
            vocabulary: The words: a text file with one a line, or a sequence of strings.
        """
        return cls(*loading.read_numpy(path, vocabulary))

    def save_word2vec(self, path):
        """Write a binary file of word2vec, whole or not at all, which other libraries read too."""
        for word in self.words:
            if " " in word or "\n" in word:
                raise ValueError(f"{word!r} holds a space or a line end; here, no word may.")
        with whole_file(path) as file:
            binary_format.write(file, self.words, self.matrix)

    @classmethod
    def from_gensim(cls, keyed_vectors):
        """Take over the words and the array of a ``gensim.models.KeyedVectors``, uncopied."""
        return cls(keyed_vectors.index_to_key, keyed_vectors.vectors)

    def to_gensim(self):
        """Return a ``gensim.models.KeyedVectors`` with the same array, uncopied."""
        from gensim.models import KeyedVectors

        keyed_vectors = KeyedVectors(self.dimension, dtype=self.matrix.dtype)
        keyed_vectors.index_to_key = list(self.words)
        keyed_vectors.key_to_index = dict(self.index)
        keyed_vectors.vectors = self.matrix
        return keyed_vectors

    @property
    def dimension(self):
        """How many numbers a vector has."""
        return self.matrix.shape[1]

    def __len__(self):
        return len(self.words)

    def __contains__(self, word):
        return word in self.index

    def __getitem__(self, words):
        return self.matrix[self.ids(words)]

    def __repr__(self):
        return f"WordVectors({len(self):,} words, dimension {self.dimension})"

    def ids(self, words):
        """Row of a word, or array of the rows of words nested to any depth; KeyError if unknown."""
        if isinstance(words, str):
            if words not in self.index:
                raise KeyError(self._no_word(words))
            return self.index[words]
        return np.array([self.ids(word) for word in words], dtype=np.int64)

    def subset(self, vocabulary):
        """Vectors of the known ones of some words or a `seqlib.text.Vocabulary`, in memory."""
        wanted = dict.fromkeys(getattr(vocabulary, "tokens", vocabulary))
        words = [word for word in wanted if word in self.index]
        if not words:
            raise ValueError(f"none of the {len(wanted):,} words is among the {len(self):,} here.")
        return WordVectors(words, self[words])

    def replaced(self, words, vectors):
        """A copy in memory with other `vectors`, (*shape of words, dimension), for some words."""
        matrix = np.array(self.matrix)
        matrix[self.ids(words)] = vectors
        return WordVectors(self.words, matrix)

    def similarity(self, first, second):
        """Cosine of words, pair by pair: a float, or an array of the shape of both, broadcast."""
        cosines = np.sum(bias.unit(self[first]) * bias.unit(self[second]), axis=-1)
        return float(cosines) if cosines.ndim == 0 else cosines

    def nearest(self, queries, k=10, vocabulary=None):
        """The words with the greatest cosine to each query.

        Args:
            queries: A word, a vector (dimension,), a list of words or an array
                (queries, dimension). A word is not its own neighbor.
            k: How many words to find.
            vocabulary: Only the first so many words count as neighbors; None for all.

        Returns:
            For one query a list of (word, cosine), the nearest first; for several a list of these.
        """
        if not len(queries):
            return []
        if isinstance(next(iter(queries)), str):
            ids = np.atleast_1d(self.ids(queries))
            found = self._nearest(self.matrix[ids], k, vocabulary, left_out=ids[:, None])
            return found[0] if isinstance(queries, str) else found
        queries = np.asarray(queries)
        if queries.ndim not in (1, 2) or queries.shape[-1] != self.dimension:
            raise ValueError(
                f"queries has shape {queries.shape}. Allowed: words, ({self.dimension},) or "
                f"(queries, {self.dimension})."
            )
        found = self._nearest(np.atleast_2d(queries), k, vocabulary)
        return found[0] if queries.ndim == 1 else found

    def analogy(self, a, b, c, k=1, vocabulary=None):
        """Answer: a is to b as c is to what? The equation stands at `evaluate`.

        `a`, `b` and `c` are words, or lists of words for many questions; one word goes with lists
        of others. The arguments `k` and `vocabulary` and what is returned are those of `nearest`.
        """
        ids = np.stack(np.broadcast_arrays(*(self.ids(words) for words in (a, b, c))))
        is_one = ids.ndim == 1
        ids = ids.reshape(3, -1)  # (3, questions)
        first, second, third = bias.unit(self.matrix[ids])  # (questions, dimension)
        found = self._nearest(second - first + third, k, vocabulary, left_out=ids.T)
        return found[0] if is_one else found

    def direction(self, pairs, components=1):
        """Directions in which the words of pairs differ, (components, dimension); see `bias`."""
        return bias.direction(self[pairs], components)

    def neutralize(self, words, direction):
        """Vectors of words without their part along a direction, of length 1; see `bias`."""
        return bias.neutralize(self[words], direction)

    def equalize(self, sets, direction):
        """Vectors of sets of words, such as pairs, made equal but for a direction; see `bias`."""
        return bias.equalize(self[sets], direction)

    def weat(self, x, y, a, b, divisions=100_000, seed=0):
        """Test whether words x and y are associated with words a and b; see `bias.weat`."""
        return bias.weat(self[x], self[y], self[a], self[b], divisions, seed)

    def _nearest(self, queries, k, vocabulary, left_out=None):
        """Return a list of (word, cosine) for each query; `left_out` are rows for each, or None."""
        if k < 1 or (vocabulary is not None and vocabulary < 1):
            raise ValueError(f"k is {k}, vocabulary {vocabulary}. Allowed: integers from 1 up.")
        if self._lengths is None:
            # Added up in float32 at least: in float16 the square of 256 is infinite.
            sum_type = np.result_type(self.matrix, np.float32)
            squares = np.einsum("wd,wd->w", self.matrix, self.matrix, dtype=sum_type)
            self._lengths = np.sqrt(squares)
        matrix, lengths = self.matrix[:vocabulary], self._lengths[:vocabulary]
        queries = bias.unit(queries).astype(np.result_type(matrix, np.float32), copy=False)
        scale = 1 / np.where(lengths == 0, 1, lengths)  # a vector of zeros has the cosine 0
        k, step, found = min(k, len(matrix)), max(_SCORES // len(matrix), 1), []
        for begin in range(0, len(queries), step):
            cosines = queries[begin : begin + step] @ matrix.T  # (queries, words)
            cosines *= scale
            if left_out is not None:
                out = left_out[begin : begin + step]
                rows, columns = np.nonzero(out < len(matrix))
                cosines[rows, out[rows, columns]] = -np.inf
            tops = np.argpartition(cosines, -k, axis=1)[:, -k:]  # (queries, k), in no order
            values = np.take_along_axis(cosines, tops, axis=1)
            order = np.lexsort((tops, -values), axis=1)  # of equal ones the first row
            for row, best in enumerate(order):
                pairs = zip(tops[row, best].tolist(), values[row, best].tolist(), strict=True)
                found.append([(self.words[i], cos) for i, cos in pairs if cos > -np.inf])
        return found

    def _no_word(self, word):
        other = next((form for form in (word.lower(), word.title()) if form in self.index), None)
        hint = f" Did you mean {other!r}?" if other else ""
        return f"{word!r} is not among the {len(self):,} words.{hint}"
