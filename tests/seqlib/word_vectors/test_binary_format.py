"""The binary format of word2vec: there and back, and what can be wrong with it."""

import re

import numpy as np
import pytest

from seqlib.word_vectors import FileError, WordVectors, binary_format
from tests.seqlib.word_vectors.files import NASTY, numbers, write

pytestmark = pytest.mark.usefixtures("own_cache")
WORDS = [word for word in NASTY if " " not in word and word]
MATRIX = numbers(len(WORDS), 7)


@pytest.fixture
def path(tmp_path):
    WordVectors(WORDS, MATRIX).save_word2vec(tmp_path / "a.bin")
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]
    return tmp_path / "a.bin"


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("block", [37, 100, 4_000_000])
def test_there_and_back(path, monkeypatch, cache, block):
    monkeypatch.setattr(binary_format, "BLOCK", block)
    vectors = WordVectors.load_word2vec(path, binary=True, cache=cache)
    assert vectors.words == WORDS
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    some = WordVectors.load_word2vec(path, binary=True, only=["🙂", "the"], cache=False)
    assert some.words == ["the", "🙂"]
    np.testing.assert_array_equal(some.matrix, MATRIX[[0, WORDS.index("🙂")]])


def test_gensim_reads_what_is_written_and_the_reverse(path, tmp_path):
    models = pytest.importorskip("gensim.models")
    theirs = models.KeyedVectors.load_word2vec_format(str(path), binary=True)
    assert theirs.index_to_key == WORDS
    np.testing.assert_array_equal(theirs.vectors, MATRIX)
    for binary in (True, False):
        theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
        ours = WordVectors.load_word2vec(tmp_path / "theirs", binary=binary)
        assert ours.words == WORDS
        np.testing.assert_array_equal(ours.matrix, MATRIX)


def test_words_that_the_format_cannot_keep_and_files_without_words(tmp_path):
    for word in ("a b", "a\nb"):
        with pytest.raises(ValueError, match=re.escape(f"{word!r} holds a space or a line end")):
            WordVectors([word], MATRIX[:1]).save_word2vec(tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []
    content = b"2 2\n" + b"".join(
        word + b" " + np.array(row, "<f4").tobytes()
        for word, row in ((b"a", [0.5, 1.5]), (b"b", [2.5, 3.5]))
    )
    vectors = WordVectors.load_word2vec(write(tmp_path / "a.bin", content), binary=True)
    assert vectors.words == ["a", "b"]
    assert vectors.matrix.tolist() == [[0.5, 1.5], [2.5, 3.5]]
    path = write(tmp_path / "a.bin", b"5 3\n" + b"x" * 10_000)
    with pytest.raises(FileError, match="word 1: no space ends this word"):
        WordVectors.load_word2vec(path, binary=True)


LAST = len(WORDS)

# How a file is harmed, and what is said.
HARMS = {
    "cut in a vector": (lambda c: c[:-9], f"word {LAST}: the file ends within it"),
    "cut between words": (lambda c: c[: c.rfind(b"a\0b ")], f"word {LAST}: the file ends within"),
    "goes on": (lambda c: c + b"more", f"after word {LAST}: the file goes on"),
    "no header": (lambda c: c[c.find(b"\n") + 1 :], "line 1: a header .* was expected"),
    "header of text": (lambda c: b"many words\n" + c, "line 1: .* was expected, got b'many words'"),
    "wrong dimension": (lambda c: c.replace(b" 7\n", b" 6\n", 1), "word"),
    "empty": (lambda c: b"", "line 1: a header .* was expected, got b''"),
    "latin-1": (lambda c: c.replace(b"null ", b"\xe9ull ", 1), "word .*: b'.xe9ull' is not UTF-8"),
    "twice": (
        lambda c: c.replace(b"null ", b"\nthe ", 1),
        "word .*: the word 'the' is there for the second time .first: word 1",
    ),
    "not finite": (
        lambda c: re.sub(b"(?s)(?<=null )....", np.float32(np.nan).tobytes(), c),
        f"word {WORDS.index('null') + 1}: the vector of 'null' has a number that",
    ),
}


@pytest.mark.parametrize("case", HARMS)
def test_a_bad_file_is_named_and_nothing_is_kept(path, own_cache, case):
    harm, message = HARMS[case]
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(FileError, match=f"{path}, {message}"):
        WordVectors.load_word2vec(path, binary=True)
    assert not [file for file in own_cache.rglob("*") if file.suffix in (".f32", ".json")]
