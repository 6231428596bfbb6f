"""Cut sentences into the pieces that an encoder of the BERT family was trained on."""

import dataclasses
import string

import numpy as np

from seqlib.files import FileError
from seqlib.pretrained.loading import model_files, settings
from seqlib.text.words import surrogates_named

# Settings of ``tokenizer_config.json``, and what the library calls them.
_NORMALIZING = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
_MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


@dataclasses.dataclass(frozen=True)
class Pieces:
    """Sentences, or pairs of them, as int32 arrays (sentences, time), padded on the right."""

    ids: np.ndarray  # 0 is padding
    types: np.ndarray  # 0 for the first sentence and its marks, 1 for the second
    words: np.ndarray  # which word of its sentence a piece belongs to; -1 for marks and padding
    # (sentences, time, 2): where in its sentence, or given word, a piece begins and ends.
    spans: np.ndarray

    @property
    def mask(self):
        """Which ids are real tokens, not padding: True = real token."""
        return self.ids != 0


class WordPiece:
    """Pieces of words: the longest piece that fits, from left to right.

    ``[CLS]`` stands before each sentence and ``[SEP]`` after it. A piece that continues a word is
    written with ``##`` before it; a word that cannot be put together is ``[UNK]``.

    Args:
        tokenizer: One of the library ``tokenizers``, with a WordPiece model.

    Attributes:
        tokens: The piece of each id, a list of strings.

    Example:
        >>> wordpiece = WordPiece.load()
        >>> wordpiece.pieces("Embeddings, please!")
        ['[CLS]', 'em', '##bed', '##ding', '##s', ',', 'please', '!', '[SEP]']
        >>> wordpiece.encode(["Hello!", "Hello, world!"]).ids.tolist()
        [[101, 7592, 999, 102, 0, 0], [101, 7592, 1010, 2088, 999, 102]]

    Source:
        Schuster & Nakajima, Japanese and Korean voice search (2012); Devlin et al., BERT (2019).
    """

    def __init__(self, tokenizer):
        tokenizer.enable_padding()  # with id 0
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = True  # "[PAD]" in a sentence is text
        self._tokenizer = tokenizer
        size = 1 + max(tokenizer.get_vocab().values())  # some ids may have no piece
        self.tokens = [tokenizer.id_to_token(n) or "" for n in range(size)]

    @classmethod
    def load(cls, path=None):
        """Read the pieces of a model.

        Args:
            path: As for `load_bert`: a folder or a dict with ``tokenizer.json``, or with
                ``vocab.txt``; None for MiniLM. Beside the latter ``tokenizer_config.json`` may say
                whether capitals and accents count; else capitals count if some piece has one.
        """
        from tokenizers import Tokenizer

        files = model_files(path)
        if "tokenizer.json" in files:
            file = files["tokenizer.json"]
            try:
                tokenizer = Tokenizer.from_str(file.read_text(encoding="utf-8"))
                tokenizer.encode("\u2603")  # a piece for what is unknown may be missing
            except Exception as error:  # the library raises the plain class
                raise FileError(file, "", f"it is no tokenizer ({error}).") from error
            _check_marks(file, tokenizer.get_vocab())
            return cls(tokenizer)
        if "vocab.txt" in files:
            return cls(_from_vocabulary(files["vocab.txt"], _settings(files)))
        raise FileError(
            path, "", "there is neither tokenizer.json nor vocab.txt. Expected: one of them."
        )

    def __len__(self):
        return len(self.tokens)

    def encode(self, sentences, second=None, length=None):
        """Turn sentences, or pairs of sentences, into arrays, `Pieces`.

        Args:
            sentences: List of strings, or of lists of words, which are then cut one by one.
            second: As many again, to be the second sentence of each pair; or None.
            length: Longest sequence, marks included; longer ones are cut, of a pair the longer
                sentence first. None for no cut.
        """
        inputs, by_words = _as_inputs(sentences, second)
        marks = 2 if second is None else 3
        if length is not None and length <= marks:
            raise ValueError(f"`length` got {length}. Allowed: more than the {marks} marks.")
        if length is not None:
            self._tokenizer.enable_truncation(length)
        try:
            with surrogates_named(_texts(inputs)):
                encodings = self._tokenizer.encode_batch(inputs, is_pretokenized=by_words)
        finally:
            self._tokenizer.no_truncation()
        shape = len(encodings), max(map(len, encodings), default=0)

        def array(rows, *axes):
            return np.array(rows, np.int32).reshape(*shape, *axes)

        return Pieces(
            ids=array([one.ids for one in encodings]),
            types=array([one.type_ids for one in encodings]),
            words=array(
                [[-1 if word is None else word for word in one.word_ids] for one in encodings]
            ),
            spans=array([one.offsets for one in encodings], 2),
        )

    def pieces(self, sentence):
        """Return the pieces of one sentence, marks included, as strings to look at."""
        return [self.tokens[n] for n in self.encode([sentence]).ids[0]]


def _settings(files):
    """Return what a ``tokenizer_config.json`` says of the text before it is cut."""
    if "tokenizer_config.json" not in files:
        return {}
    path = files["tokenizer_config.json"]
    config = settings(path)
    found = {name: config[name] for name in _NORMALIZING if config.get(name) is not None}
    for name, value in found.items():
        if not isinstance(value, bool):
            raise FileError(path, name, f"got {value!r}. Expected: true or false.")
    return {_NORMALIZING[name]: value for name, value in found.items()}


def _from_vocabulary(path, normalizing):
    """Return the library's tokenizer for a file with one piece a line."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FileError(path, "", f"it is no text in UTF-8 ({error}).") from error
    pieces = lines[:-1] if lines[-1] == "" else lines
    pieces = [piece.rstrip("\r") for piece in pieces]
    vocabulary = {
        piece: index for index, piece in enumerate(pieces) if piece
    }  # the last one of two
    _check_marks(path, vocabulary)
    words = vocabulary.keys() - {*_MARKS, "[MASK]"}
    # Of the alphabet alone: pieces such as the sign for degrees Kelvin count as capitals too.
    lower = not any(set(word) & set(string.ascii_uppercase) for word in words)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(**{"lowercase": lower, **normalizing})
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = ((mark, vocabulary[mark]) for mark in ("[SEP]", "[CLS]"))
    tokenizer.post_processor = processors.BertProcessing(*ends)
    return tokenizer


def _check_marks(path, vocabulary):
    for mark in _MARKS:
        if mark not in vocabulary:
            raise FileError(path, mark, "there is no such piece. Expected: the marks of BERT.")
    if vocabulary["[PAD]"] != 0:
        raise FileError(path, "[PAD]", f"its id is {vocabulary['[PAD]']}. Expected: 0.")
    largest, size = max(vocabulary.values()), len(vocabulary)
    if largest > 2 * size + 1000:  # a few ids may have no piece
        raise FileError(path, "", f"an id is {largest}, though there are {size} pieces.")


def _as_inputs(sentences, second):
    """Return sentences or pairs as the library takes them, and whether they are lists of words."""
    firsts, by_words = _check_sentences("sentences", sentences)
    if second is None:
        return firsts, by_words
    seconds, also_by_words = _check_sentences("second", second)
    if len(seconds) != len(firsts) or also_by_words != by_words:
        raise ValueError(
            f"`second` holds {len(seconds)} sentences, `sentences` {len(firsts)}. Allowed: as "
            "many, all of them strings or all of them lists of words."
        )
    return list(zip(firsts, seconds, strict=True)), by_words


def _texts(inputs):
    """Yield the strings of a nest of sentences."""
    for each in inputs:
        if isinstance(each, str):
            yield each
        else:
            yield from _texts(each)


def _check_sentences(name, sentences):
    """Return a list of sentences, and whether they are lists of words."""
    if isinstance(sentences, str):
        raise TypeError(f"`{name}` must be a list of sentences, got one string; put it in [].")
    sentences = [each if isinstance(each, str) else list(each) for each in sentences]
    kinds = {type(each) for each in sentences}
    if len(kinds) > 1:
        raise ValueError(f"`{name}` must hold strings alone, or lists of words alone.")
    return sentences, kinds == {list}
