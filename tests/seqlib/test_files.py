import os
import shutil

import pytest

from seqlib.files import move, whole_file, write_text


def test_text_replaces_the_file_with_plain_line_ends(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    write_text(path, "ü\nnew\n")
    assert path.read_bytes() == "ü\nnew\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def interrupted():
        with whole_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_new_file_is_readable_as_any_other_and_one_that_is_replaced_as_before(tmp_path):
    write_text(tmp_path / "atomic.txt", "")
    (tmp_path / "plain.txt").touch()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1
    path = tmp_path / "a.txt"
    path.touch(mode=0o640)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_goes_on_pointing_to_what_is_written(tmp_path, elsewhere):
    link = tmp_path / "a.txt"
    link.symlink_to(elsewhere / "b.txt")
    for text in ("first", "second"):
        write_text(link, text)
        assert link.is_symlink()
        assert (elsewhere / "b.txt").read_text(encoding="utf-8") == text
    assert len(list(elsewhere.iterdir())) == 1


def test_a_file_that_moves_to_another_disk_is_there_whole_or_not_at_all(
    tmp_path, elsewhere, monkeypatch
):
    made, target = tmp_path / "made", elsewhere / "a.bin"
    made.write_bytes(b"whole")
    target.write_bytes(b"old")

    def cut(source, file):
        file.write(source.read(2))
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", cut)
        with pytest.raises(OSError, match="disk full"):
            move(made, target)
    assert target.read_bytes() == b"old"
    move(made, target)
    assert target.read_bytes() == b"whole"
    assert list(elsewhere.iterdir()) == [target]
