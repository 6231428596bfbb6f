"""What nbval alone would wait for, or let pass, fails here: run under pytest in a process apart."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.course.notebook_files import write

ROOT = Path(__file__).parents[2]

CELL_TIMEOUT = 3  # seconds; the sleeping cells would take far longer, all others take none

# Notebook: its cells, and of each what the report must say of it, None where it passes.
CASES = {
    "alive": {
        "%precision 3": None,
        "import os\nassert os.environ['SEQLIB_PROGRESS'] == 'off'": None,
        "open('told.txt', 'w').write(os.environ['SEQLIB_RESULTS'])": None,
        "%nonsense": "UsageError",
        "assert 1 + 1 == 3": "exception",
        "assert 1 + 1 == 2": None,
    },
    "killed": {"1 + 1": None, "import os\nos._exit(1)": "kernel died", "2 + 2": "dead"},
    "hung": {"import time\ntime.sleep(600)": f"Timeout of {CELL_TIMEOUT} seconds"},
    "hung_and_silent": {
        "import time\ntry:\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    pass": "longer than"
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Run the notebooks of all cases; return their folder, with a report of the run."""
    folder = tmp_path_factory.mktemp("guards")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name, cells in CASES.items():
        write(folder, name, *cells)
    # The learner's copies raise by design and are left alone.
    write(folder / "notebooks" / "exercises", "copy", "1 / 0")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--color=no"),
            *(f"--nbval-cell-timeout={CELL_TIMEOUT}", "--junit-xml=report.xml", "."),
        ],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "SEQLIB_RESULTS"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def report(folder):
    """Return what was said of each cell, None where it passed, by notebook."""
    found = {}
    for case in ET.parse(folder / "report.xml").iter("testcase"):
        failure = case.find("failure")
        said = None if failure is None else f"{failure.get('message')} {failure.text}"
        found.setdefault(Path(case.get("classname")).stem, []).append(said)
    return found


@pytest.mark.parametrize("name", CASES)
def test_each_cell_passes_or_fails_as_it_should(report, name):
    wanted = list(CASES[name].values())
    assert len(report[name]) == len(wanted)
    for said, part in zip(report[name], wanted, strict=True):
        assert said is None if part is None else part in said


def test_exercises_are_not_collected_and_results_leave_no_trace(report, folder):
    assert report.keys() == CASES.keys()
    recorded = Path((folder / "told.txt").read_text(encoding="utf-8"))
    assert not recorded.exists()
    assert not recorded.is_relative_to(folder)
