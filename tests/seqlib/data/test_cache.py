"""The cache folder: where it is, and that a file in it is whole or not used."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import filelock
import platformdirs
import pytest

from seqlib import data
from seqlib.data import cache

WORDS = {"made_up/words.txt": b"one two three\n", "made_up/more.txt": b"four\n"}

# What every other process runs: the same shelf as the test's own.
PROLOGUE = """
import os, shutil, sys, time
from pathlib import Path
from seqlib import data
from seqlib.data import archive, cards
cards.folder = lambda: Path(sys.argv[1])
def copied(wheel, folder, progress):
    name = f"{wheel.package}-{wheel.version}-py3-none-any.whl"
    return Path(shutil.copy(Path(sys.argv[2]) / "index" / name, folder))
archive.download = copied
"""


def start(shelf, program):
    arguments = [sys.executable, "-c", PROLOGUE + program, str(shelf.cards), str(shelf.folder)]
    env = os.environ | {"PYTHONIOENCODING": "utf-8"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
    return subprocess.Popen(arguments, env=env, **pipes)


def test_the_folder_is_the_users_cache_unless_chosen(monkeypatch, tmp_path):
    monkeypatch.delenv("SEQLIB_DATA", raising=False)
    default = cache.root()
    assert default.is_absolute()
    assert "seqlib" in default.parts
    monkeypatch.setenv("SEQLIB_DATA", "  ")
    assert cache.root() == default
    monkeypatch.setenv("SEQLIB_DATA", str(Path("~") / "my data"))
    assert cache.root() == Path.home() / "my data"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQLIB_DATA", "here")
    assert cache.root() == tmp_path / "here"
    monkeypatch.chdir("/")  # the folder stays where it was, also for processes started from here
    assert cache.root() == tmp_path / "here"


def test_a_user_that_the_system_does_not_know_is_told_what_to_do(monkeypatch):
    monkeypatch.setenv("SEQLIB_DATA", "~nobody_of_that_name/data")
    with pytest.raises(cache.DataError, match="Set the environment variable SEQLIB_DATA"):
        cache.root()
    monkeypatch.delenv("SEQLIB_DATA")
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: Path("~nobody_/cache"))
    with pytest.raises(cache.DataError, match="Set the environment variable SEQLIB_DATA"):
        cache.root()


def test_a_file_that_changed_on_disk_is_fetched_again_and_never_used(shelf, capsys):
    shelf.add("made_up", WORDS)
    path = data.fetch("made_up")["words.txt"]
    before = path.stat()
    for content in (b"one two thrEe\n", b"one", b""):
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # the date tells nothing
        data.fetch("made_up")
        assert path.read_bytes() == WORDS["made_up/words.txt"]
        assert "has changed on disk; fetching it again" in capsys.readouterr().out
    path.write_bytes(b"something else")
    shelf.wheel.unlink()
    with pytest.raises(data.DataError, match=r"words\.txt has changed and was not used"):
        data.fetch("made_up")


def test_a_process_that_dies_half_way_leaves_nothing_in_the_way(shelf):
    shelf.add("made_up", WORDS)
    program = """
def die(archive, folder, progress):
    (folder / "words.txt").write_bytes(b"one t")
    os._exit(9)
archive.download = die
data.fetch("made_up")
"""
    process = start(shelf, program)
    process.communicate(timeout=60)
    assert process.returncode == 9
    assert shelf.left() == [".work/made_up_archive/words.txt"]
    data.fetch("made_up")
    assert shelf.left() == ["made_up/more.txt", "made_up/words.txt"]


def test_two_processes_at_once_fetch_once(shelf):
    shelf.add("made_up", WORDS)
    program = """
folder = Path(sys.argv[2])
def counted(*arguments):
    with (folder / "downloads").open("a") as log:
        log.write("one\\n")
    time.sleep(0.3)
    return copied(*arguments)
archive.download = counted
print("ready", flush=True)
while not (folder / "go").exists():
    time.sleep(0.01)
print(sorted(data.fetch("made_up")))
"""
    processes = [start(shelf, program) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    (shelf.folder / "go").touch()
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert all("['more.txt', 'words.txt']" in output for output in outputs), outputs
    assert (shelf.folder / "downloads").read_text() == "one\n"


def test_who_waits_says_so(shelf):
    shelf.add("made_up", WORDS)
    locks = shelf.cache / ".locks"
    locks.mkdir(parents=True)
    with filelock.FileLock(locks / "made_up_archive.lock"):
        process = start(shelf, 'print(sorted(data.fetch("made_up")))')
        assert "Another process is fetching made_up_archive" in process.stdout.readline()
    output, _ = process.communicate(timeout=60)
    assert "['more.txt', 'words.txt']" in output


def test_the_folder_of_one_set_may_be_on_another_disk_and_there_may_be_no_console(
    shelf, elsewhere, monkeypatch
):
    shelf.add("made_up", WORDS)
    shelf.cache.mkdir()
    (shelf.cache / "made_up").symlink_to(elsewhere)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert data.fetch("made_up")["words.txt"].read_bytes() == WORDS["made_up/words.txt"]
    assert sorted(path.name for path in elsewhere.iterdir()) == ["more.txt", "words.txt"]


class FullDisk(io.FileIO):
    """A file that takes a few bytes and then no more."""

    def write(self, content):
        super().write(content[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_said_and_nothing_is_left(shelf, monkeypatch):
    shelf.add("made_up", WORDS)
    real = Path.open

    def opened(self, mode="r", **options):
        return FullDisk(self, "w") if self.name == "more.txt" else real(self, mode, **options)

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(
        data.DataError, match=r"too little room .*nothing half-written was left.*SEQLIB_DATA"
    ):
        data.fetch("made_up")
    monkeypatch.undo()
    # The one file that was finished before may stay: it is whole.
    assert [name for name in shelf.left() if "more" in name or ".work" in name] == []


def refuse(*arguments, **options):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_read_only_folder_serves_what_it_has(shelf, monkeypatch):
    shelf.add("made_up", WORDS)
    data.fetch("made_up")
    for name in ("mkdir", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    assert data.fetch("made_up")["words.txt"].read_bytes() == WORDS["made_up/words.txt"]


@pytest.mark.parametrize("what", [(Path, "mkdir"), (filelock.FileLock, "acquire")])
def test_a_read_only_folder_that_lacks_a_file_is_named(shelf, monkeypatch, what):
    shelf.add("made_up", WORDS)
    monkeypatch.setattr(*what, refuse)
    with pytest.raises(data.DataError, match=r"cannot be written .*Set the env.* SEQLIB_DATA"):
        data.fetch("made_up")


def test_a_file_that_cannot_be_read_is_named(shelf, monkeypatch):
    shelf.add("made_up", WORDS)
    data.fetch("made_up")
    monkeypatch.setattr(cache, "digest", refuse)
    with pytest.raises(data.DataError, match=r"words\.txt cannot be read .*SEQLIB_DATA"):
        data.fetch("made_up")
