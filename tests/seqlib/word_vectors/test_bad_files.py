"""A file that is not what it should be: the error names it and the line, and nothing is kept."""

import gzip
import re

import numpy as np
import pytest

from seqlib.word_vectors import FileError, WordVectors, text_format
from tests.seqlib.word_vectors.files import lines, numbers, pack, write

GOOD = ["one 0.1 0.2 0.3", "two 0.4 0.5 0.6", "three 0.7 0.8 0.9", "four 1.0 1.1 1.2"]

# What stands on the third line -> what the message says.
BAD_LINES = {
    "too few": ("three 0.7 0.8", "line 3: 2 numbers follow the word, 3 are expected"),
    "too many": ("three 0.7 0.8 0.9 1.0", "line 3: 4 numbers follow the word, 3 are expected"),
    "many too many": ("three 1e-1 .8 0.9 1.0 2.", "line 3: 5 numbers follow the word, 3 are"),
    "none": ("three", "line 3: 0 numbers follow the word"),
    "empty": ("", "line 3: the line is empty"),
    "blank": ("  ", "line 3: the line is empty"),
    "nan": ("three 0.7 nan 0.9", "line 3: number 2 of 3 is 'nan', after the word 'three'"),
    "infinite": ("three 0.7 0.8 -inf", "line 3: number 3 of 3 is '-inf'"),
    "too large": ("three 1e39 0.8 0.9", "line 3: number 1 of 3 is '1e39'"),
    "no number": ("three 0.7 O.8 0.9", "line 3: number 2 of 3 is 'O.8'"),
    "decimal comma": ("three 0,7 0,8 0,9", "line 3: number 1 of 3 is '0,7'"),
    "two spaces": ("three 0.7  0.8 0.9", "line 3: 4 numbers follow the word, 3 are expected"),
    "spaces and too few": ("three more 0.8 0.9", "line 3: number 1 of 3 is 'more'"),
    "tabs": ("three\t0.7\t0.8\t0.9", "line 3: 0 numbers follow the word"),
    "twice": ("one 1 2 3", "line 3: the word 'one' is there for the second time (first: line 1)"),
    "latin-1": (b"caf\xe9 0.7 0.8 0.9", "line 3: the word b'caf\\xe9' is not UTF-8"),
}


@pytest.fixture(autouse=True)
def nothing_is_kept(own_cache):
    """After an error nothing may be in the cache."""
    yield
    assert [path for path in own_cache.rglob("*") if path.suffix in (".f32", ".json")] == []


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_is_named(tmp_path, monkeypatch, bad):
    number = list(BAD_LINES).index(bad)  # each line in one of the ways to read it
    header, use_cache = number % 2 == 0, number // 2 % 2 == 0
    line, message = BAD_LINES[bad]
    content = [one.encode() for one in GOOD]
    content[2] = line if isinstance(line, bytes) else line.encode()
    if header:
        content.insert(0, b"4 3")
        message = message.replace("line 3", "line 4").replace("line 1", "line 2")
    path = write(tmp_path / "a.txt", b"\n".join(content) + b"\n")
    load = WordVectors.load_word2vec if header else WordVectors.load_glove
    for block in (20, 2_000_000):
        monkeypatch.setattr(text_format, "BLOCK", block)
        with pytest.raises(FileError, match=re.escape(f"{path}, {message}")):
            load(path, cache=use_cache)


def test_the_line_is_named_far_inside_a_large_file_and_among_wanted_words(tmp_path, monkeypatch):
    words = [f"word{n}" for n in range(20_000)]
    text = lines(words, numbers(20_000, 4)).split("\n")
    text[12_344] = "bad 0.1 0.2 x 0.3"
    path = write(tmp_path / "a.txt", "\n".join(text))
    monkeypatch.setattr(text_format, "BLOCK", 50_000)
    with pytest.raises(FileError, match="line 12,345: number 3 of 4 is 'x'"):
        WordVectors.load_glove(path)
    with pytest.raises(FileError, match="line 12,345: number 3 of 4 is 'x'"):
        WordVectors.load_glove(path, only=["bad"])
    path = write(tmp_path / "a.txt", "\n".join([*GOOD, GOOD[1], "five 1 2 3"]))
    with pytest.raises(FileError, match=r"line 5: the word 'two' .* \(first: line 2\)"):
        WordVectors.load_glove(path, only=["two", "five"])


def test_a_file_that_was_cut_short(tmp_path):
    text = "\n".join(GOOD) + "\n"
    path = write(tmp_path / "a.txt", text[:-5])
    with pytest.raises(FileError, match=r"line 4: 2 numbers follow the word.*cut short"):
        WordVectors.load_glove(path)
    path = write(tmp_path / "b.txt", "5 3\n" + text)
    with pytest.raises(FileError, match=r"line 5: the file ends after 4 words, .* promises 5"):
        WordVectors.load_word2vec(path)
    path = write(tmp_path / "c.txt", "5 3\n")
    with pytest.raises(FileError, match="the file ends after 0 words"):
        WordVectors.load_word2vec(path)


@pytest.mark.parametrize("packed", ["gzip", "bzip2", "zip"])
@pytest.mark.parametrize("harm", ["cut", "altered"])
def test_an_archive_that_is_damaged(tmp_path, packed, harm):
    content = lines([f"word{n}" for n in range(20_000)], numbers(20_000, 4)).encode()
    path = pack(tmp_path / "a", packed, content)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    if harm == "cut":
        path.write_bytes(whole[:middle])
    else:
        whole[middle : middle + 50] = bytes(50)
        path.write_bytes(whole)
    with pytest.raises(FileError, match=rf"{path}.*(damaged or cut short|line [\d,]+)"):
        WordVectors.load_glove(path)


def test_an_empty_file_and_none(tmp_path):
    for content in (b"", b"\n", b" \n\n", gzip.compress(b"")):
        path = write(tmp_path / "a.txt", content)
        for load in (WordVectors.load_glove, WordVectors.load_word2vec):
            with pytest.raises(FileError, match=f"{path}: the file is empty"):
                load(path)
            with pytest.raises(FileError, match="the file is empty"):
                load(path, only=["a"])
    with pytest.raises(FileNotFoundError, match=r"nowhere.txt"):
        WordVectors.load_glove(tmp_path / "nowhere.txt")


def test_a_header_where_none_belongs_the_reverse_and_other_encodings(tmp_path):
    path = write(tmp_path / "a.txt", "4 3\n" + "\n".join(GOOD))
    with pytest.raises(FileError, match=r"line 1: this looks like a header.*load_word2vec"):
        WordVectors.load_glove(path)
    path = write(tmp_path / "b.txt", "\n".join(GOOD))
    with pytest.raises(FileError, match=r"line 1: a header .* was expected.*load_glove"):
        WordVectors.load_word2vec(path)
    with pytest.raises(FileError, match=r"line 1: a header .* was expected.*text file"):
        WordVectors.load_word2vec(path, binary=True)
    path = write(tmp_path / "c.txt", "0 3\n")
    with pytest.raises(FileError, match="promises nothing"):
        WordVectors.load_word2vec(path)
    path = write(tmp_path / "d.txt", "word\nother\n")
    with pytest.raises(FileError, match="no numbers follow the word"):
        WordVectors.load_glove(path)
    text = "\n".join(GOOD) + "\n"
    path = write(tmp_path / "a.txt", text.encode("utf-16"))
    with pytest.raises(FileError, match="line 1"):
        WordVectors.load_glove(path)
    path = write(tmp_path / "b.txt", np.random.default_rng(0).bytes(10_000))
    with pytest.raises(FileError, match="line"):
        WordVectors.load_glove(path)
