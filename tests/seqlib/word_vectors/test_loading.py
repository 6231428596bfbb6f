"""The cache: opened at once the second time, and never out of step with the file."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from seqlib.word_vectors import WordVectors, text_format
from tests.seqlib.word_vectors.files import NASTY, lines, numbers, write

MATRIX = numbers(len(NASTY), 5)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "a.txt", lines(NASTY, MATRIX))


@pytest.fixture
def reads(monkeypatch, own_cache):
    """The files that were read as text, one for each time."""
    found, read = [], text_format.read

    def counted(path, *arguments):
        found.append(path)
        return read(path, *arguments)

    monkeypatch.setattr(text_format, "read", counted)
    return found


def folders(own_cache):
    return list((own_cache / "word_vectors").iterdir())


def test_the_second_time_the_file_is_not_read(path, reads, own_cache):
    for _ in range(3):
        vectors = WordVectors.load_glove(path)
        assert vectors.words == NASTY
        assert isinstance(vectors.matrix, np.memmap)
        assert not vectors.matrix.flags.writeable
        np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert len(reads) == 1
    (folder,) = folders(own_cache)
    assert sorted(file.name for file in folder.iterdir()) == ["vectors.f32", "words.json"]
    shutil.rmtree(own_cache)
    assert WordVectors.load_glove(path, cache=False).matrix.flags.writeable
    assert not own_cache.exists()  # without the cache nothing is written
    assert len(reads) == 2


def test_a_changed_file_is_read_anew_and_the_old_one_goes_but_for_its_users(path, reads, own_cache):
    WordVectors.load_glove(path)
    before = path.stat()
    other = MATRIX.copy()
    other[0, 0] += 1
    changed = lines(NASTY, other)
    assert len(changed) == len(lines(NASTY, MATRIX))  # same size ...
    write(path, changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # ... and same time
    np.testing.assert_array_equal(WordVectors.load_glove(path).matrix, other)
    assert (len(reads), len(folders(own_cache))) == (2, 1)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    WordVectors.load_glove(path)
    assert (len(reads), len(folders(own_cache))) == (3, 1)
    old = WordVectors.load_glove(path)
    write(path, lines(NASTY, MATRIX + 1))
    new = WordVectors.load_glove(path)
    np.testing.assert_array_equal(old.matrix, other)  # those in use survive
    assert not np.array_equal(old.matrix, new.matrix)


def test_files_of_one_name_and_ways_to_read_one_file_are_told_apart(tmp_path, path, own_cache):
    other = tmp_path / "other"
    other.mkdir()
    write(other / "a.txt", lines(["one"], MATRIX[:1]))
    assert WordVectors.load_glove(path).words == NASTY
    assert WordVectors.load_glove(other / "a.txt").words == ["one"]
    assert WordVectors.load_glove(path).words == NASTY
    two = write(tmp_path / "b.txt", "2 1\n3 1\n")
    assert WordVectors.load_glove(two).words == ["2", "3"]
    with pytest.raises(ValueError, match="promises 2"):
        WordVectors.load_word2vec(two)
    assert len(folders(own_cache)) == 3


@pytest.mark.parametrize("file", ["vectors.f32", "words.json"])
@pytest.mark.parametrize("harm", ["cut", "gone", "other"])
def test_what_is_damaged_in_the_cache_is_read_anew(path, reads, own_cache, file, harm):
    WordVectors.load_glove(path)
    (folder,) = folders(own_cache)
    kept = folder / file
    if harm == "cut":
        kept.write_bytes(kept.read_bytes()[:-20])
    elif harm == "gone":
        kept.unlink()
    else:
        kept.write_text('["a"]' if file == "words.json" else "no array")
    vectors = WordVectors.load_glove(path)
    assert vectors.words == NASTY
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    WordVectors.load_glove(path)
    assert len(reads) == 2


def test_the_cache_is_opened_without_a_reader_and_without_a_backend(path, own_cache):
    WordVectors.load_glove(path)
    program = (
        "import sys\n"
        "from seqlib.word_vectors import WordVectors\n"
        "print(len(WordVectors.load_glove(sys.argv[1])))\n"
        "print(sorted({'polars', 'pandas', 'gensim', 'keras', 'tensorflow'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:2] == [str(len(NASTY)), "[]"], done.stderr


def test_a_link_and_its_file_share_what_is_kept(tmp_path, path, reads):
    link = tmp_path / "link.txt"
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("no links here")
    WordVectors.load_glove(path)
    WordVectors.load_glove(link)
    assert len(reads) == 1
    shutil.copyfile(path, tmp_path / "copy.txt")
    WordVectors.load_glove(tmp_path / "copy.txt")
    assert len(reads) == 2


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path):
    text = ("\ufeff" + lines(NASTY, MATRIX)).encode()
    found = WordVectors.load_glove(write(tmp_path / "marked.txt", text), cache=False)
    assert found.words == NASTY
    header = f"\ufeff{len(NASTY)} 5\n".encode()
    marked = write(tmp_path / "header.txt", header + lines(NASTY, MATRIX).encode())
    assert WordVectors.load_word2vec(marked, cache=False).words == NASTY
    some = WordVectors.load_glove(tmp_path / "marked.txt", only=NASTY[:1], cache=False)
    assert some.words == NASTY[:1]


def test_what_is_kept_may_be_on_another_disk(path, own_cache, elsewhere):
    own_cache.mkdir()
    (own_cache / "word_vectors").symlink_to(elsewhere)
    assert WordVectors.load_glove(path).words == NASTY
    (folder,) = elsewhere.iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["vectors.f32", "words.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_file_whose_name_is_not_utf_8(tmp_path, own_cache):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")
    write(tmp_path / "a.txt", lines(NASTY, MATRIX)).rename(name)
    assert WordVectors.load_glove(name).words == NASTY
