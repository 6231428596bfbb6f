"""Text files: every token as it stands, every way to pack them, every number as Python reads it."""

import zipfile

import numpy as np
import pytest

from seqlib.text import Vocabulary
from seqlib.word_vectors import WordVectors, text_format
from tests.seqlib.word_vectors.files import NASTY, lines, numbers, pack, write

pytestmark = pytest.mark.usefixtures("own_cache")
MATRIX = numbers(len(NASTY), 5)


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("size", [1, 2, 5, 50])
def test_every_token_is_read_as_it_stands(tmp_path, size, cache):
    matrix = numbers(len(NASTY), size)
    path = write(tmp_path / "a.txt", lines(NASTY, matrix))
    vectors = WordVectors.load_glove(path, cache=cache)
    assert vectors.words == NASTY
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_array_equal(vectors.matrix, matrix)


@pytest.mark.parametrize("block", [1, 30, 100, 1000])
def test_the_size_of_the_blocks_changes_nothing(tmp_path, monkeypatch, block):
    path = write(tmp_path / "a.txt", lines(NASTY, MATRIX))
    monkeypatch.setattr(text_format, "BLOCK", block)
    first = WordVectors.load_glove(path, cache=False)
    assert first.words == NASTY
    np.testing.assert_array_equal(first.matrix, MATRIX)
    for row, token in enumerate(NASTY):
        some = WordVectors.load_glove(path, only=[token], cache=False)
        assert some.words == [token]
        np.testing.assert_array_equal(some.matrix, MATRIX[row : row + 1])


def test_many_blocks_with_odd_lines_far_apart(tmp_path, monkeypatch):
    words = [f"word{n}" for n in range(3000)]
    for place in (700, 701, 1500, 2999):
        words[place] = f"odd {place}"
    matrix = numbers(3000, 8)
    path = write(tmp_path / "a.txt", lines(words, matrix))
    monkeypatch.setattr(text_format, "BLOCK", 5000)
    for cache in (True, False):
        vectors = WordVectors.load_glove(path, cache=cache)
        assert vectors.words == words
        np.testing.assert_array_equal(vectors.matrix, matrix)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", " \r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["last line ends", "last line does not end"])
@pytest.mark.parametrize("header", [True, False])
def test_line_ends(tmp_path, end, last, header):
    words = ["one", "two words", "three", "\u0085"]
    text = lines(words, MATRIX[:4])
    text = (f"4 5\n{text}" if header else text).replace("\n", end)
    text = text if last else text.removesuffix(end)
    path = write(tmp_path / "a.txt", text)
    load = WordVectors.load_word2vec if header else WordVectors.load_glove
    vectors = load(path)
    assert vectors.words == words
    np.testing.assert_array_equal(vectors.matrix, MATRIX[:4])
    assert load(path, only=["two words"], cache=False).words == ["two words"]


@pytest.mark.parametrize(
    "text", ["1e-5", "-2.5E+3", "+1.5", "3", ".5", "5.", "1e-40", "-0.0", "123456789.123", "1_0"]
)
def test_numbers_are_what_python_makes_of_them(tmp_path, text):
    # A space stands at the end of some lines alone.
    path = write(tmp_path / "a.txt", f"a {text} 1.5 \nb 2.5 {text}\n")
    expected = np.float32(float(text))
    matrix = WordVectors.load_glove(path, cache=False).matrix
    assert matrix.tolist() == [[expected, 1.5], [2.5, expected]]


@pytest.mark.parametrize("suffix", [".txt", ".gz", ".bz2", ".zip", ".vec"])
@pytest.mark.parametrize("packed", ["plain", "gzip", "bzip2", "zip"])
def test_how_a_file_is_packed_is_seen_from_its_content(tmp_path, suffix, packed):
    content = lines(NASTY, MATRIX).encode()
    path = pack(tmp_path / f"a{suffix}", packed, content)
    vectors = WordVectors.load_glove(path)
    assert vectors.words == NASTY
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert WordVectors.load_glove(path, only=["-1.5"], cache=False).words == ["-1.5"]


def test_a_member_of_a_zip_is_chosen(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("two.txt", "a 0.5 1.5\n")
        archive.writestr("three.txt", "b 0.5 1.5 2.5\n")
    assert WordVectors.load_glove(path, member="two.txt").words == ["a"]
    assert WordVectors.load_glove(path, member="three.txt").words == ["b"]  # not the cached one
    with pytest.raises(ValueError, match=r"no member was named; .* be one of two.txt, thr"):
        WordVectors.load_glove(path)
    with pytest.raises(ValueError, match=r"member is 'four.txt'; member must be one of two.txt"):
        WordVectors.load_glove(path, member="four.txt")
    plain = write(tmp_path / "a.txt", "a 0.5 1.5\n")
    with pytest.raises(ValueError, match=r"member is 'two.txt', but this is no zip file"):
        WordVectors.load_glove(plain, member="two.txt")


def test_only_wanted_words_in_the_order_of_the_file_are_parsed(tmp_path, own_cache):
    path = write(tmp_path / "a.txt", lines(NASTY, MATRIX))
    wanted = ["🙂", "at name@domain.com", "not there", "the", "at"]
    expected = ["the", "at name@domain.com", "🙂"]
    rows = [NASTY.index(word) for word in expected]
    for only in (wanted, set(wanted), Vocabulary(wanted)):
        vectors = WordVectors.load_glove(path, only=only)
        assert vectors.words == expected
        np.testing.assert_array_equal(vectors.matrix, MATRIX[rows])
    assert not own_cache.exists()  # nothing was kept
    WordVectors.load_glove(path)
    again = WordVectors.load_glove(path, only=wanted)  # now from the cache
    assert again.words == expected
    np.testing.assert_array_equal(again.matrix, MATRIX[rows])
    with pytest.raises(TypeError, match="only is the string 'the'"):
        WordVectors.load_glove(path, only="the")
    with pytest.raises(ValueError, match="none of the words that `only` names"):
        WordVectors.load_glove(path, only=["not there"])
    path = write(tmp_path / "a.txt", "a 0.5 1.5\nb what ever\nc 2.5 3.5\na is not read any more\n")
    assert WordVectors.load_glove(path, only=["c", "a"], cache=False).words == ["a", "c"]
