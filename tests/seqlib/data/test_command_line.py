"""``python -m seqlib.data``."""

import subprocess
import sys

import pytest

from seqlib.data import __main__ as command_line

WORDS = {"made_up/words.txt": b"one two three\n"}


def row(text, name):
    return next(line for line in text.splitlines() if line.startswith(name + " "))


def test_list_tells_sizes_and_what_is_here(shelf, capsys):
    shelf.add("made_up", WORDS)
    shelf.write("computed", kind="generated")
    shelf.write("installed", kind="package", requires=["filelock"])
    shelf.write("lacking", kind="package", requires=["no-such-package"])
    source = {"url": "http://127.0.0.1/a", "file": "a", "size": 2_400_000_000}
    shelf.write("online", kind="canonical", sources=[source])
    assert command_line.main(["list"]) == 0
    text = capsys.readouterr().out
    assert str(shelf.cache) in text
    assert "14 B" in row(text, "made_up")
    assert "not fetched" in row(text, "made_up")
    assert "generated" in row(text, "computed")
    assert "installed" in row(text, "installed ").removeprefix("installed")
    assert "needs no-such-package" in row(text, "lacking")
    assert "2.4 GB" in row(text, "online")
    command_line.main(["fetch", "made_up"])
    capsys.readouterr()
    command_line.main(["list"])
    assert "not fetched" not in row(capsys.readouterr().out, "made_up")
    (shelf.cache / "made_up" / "words.txt").write_bytes(b"")
    command_line.main(["list"])
    assert "damaged" in row(capsys.readouterr().out, "made_up")


def test_fetch_all_takes_every_archive_and_names_what_it_leaves(shelf, capsys):
    shelf.add("made_up", WORDS)
    shelf.add("second", {"second/a.txt": b"a"})
    shelf.write("online", kind="canonical", sources=[{"url": "http://127.0.0.1/a", "file": "a"}])
    shelf.write("computed", kind="generated")
    assert command_line.main(["fetch", "all"]) == 0
    text = capsys.readouterr().out
    assert shelf.left() == ["made_up/words.txt", "second/a.txt"]
    assert "Fetching made_up (made_up_archive 1.0, " in text
    assert "only their own address has them: online" in text


def test_fetch_course_takes_every_archive_that_a_notebook_needs(shelf, capsys):
    shelf.add("needed", WORDS, notebooks=["1-2_dinosaur_names"])
    shelf.add("spare", {"second/a.txt": b"a"})
    source = {"url": "http://127.0.0.1/a", "file": "a"}
    shelf.write("online", kind="canonical", sources=[source], notebooks=["1-2_dinosaur_names"])
    shelf.write("computed", kind="generated", notebooks=["1-2_dinosaur_names"])
    assert command_line.main(["fetch", "--course"]) == 0
    capsys.readouterr()
    assert command_line.main(["fetch", "--course"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("needed: 1 verified")
    assert shelf.left() == ["needed/words.txt"]


@pytest.mark.parametrize("arguments", [["fetch"], ["fetch", "--course", "dates"]])
def test_fetch_wants_names_or_the_course(arguments, capsys):
    with pytest.raises(SystemExit):
        command_line.main(arguments)
    assert "give the names of data sets, or all, or --course" in capsys.readouterr().err


def test_one_failure_does_not_stop_the_others(shelf, capsys):
    shelf.add("broken", WORDS)
    shelf.wheel.unlink()
    shelf.add("made_up", WORDS)
    assert command_line.main(["fetch", "broken", "made_up", "nothing"]) == 1
    output = capsys.readouterr()
    assert shelf.left() == ["made_up/words.txt"]
    assert "The data set 'broken' is not on this machine" in output.err
    assert "No data set is called 'nothing'" in output.err


def test_show_prints_the_card_and_fetch_needs_nothing_of_code(capsys):
    assert command_line.main(["show", "conll2003"]) == 0
    assert "for research only" in capsys.readouterr().out
    assert command_line.main(["show", "conll"]) == 1
    assert "Did you mean 'conll2003'" in capsys.readouterr().err
    assert command_line.main(["fetch", "dates"]) == 0
    assert "dates: nothing to fetch, it comes from code" in capsys.readouterr().out


def test_it_runs_as_a_module():
    command = [sys.executable, "-W", "error", "-m", "seqlib.data", "list"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert b"Dinosaur names" in done.stdout
    assert done.stderr == b""
