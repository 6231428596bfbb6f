"""A notebook of the course in small, run from end to end."""

import json
import os

import nbformat
import pytest

from course.publishing import committed, exercises
from course.publishing import run as run_module
from course.publishing.tables import BEGIN, END
from tests.course.notebook_files import EXERCISE, RESULTS, SESSION, write

TRAINING = """import keras
import numpy as np

model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = np.ones((4, 1))
model.fit(x, x, epochs=2, verbose=0, callbacks=[session.ProgressBar("a line")])
for _ in session.progress(range(3)):
    pass"""

MISSES = ["double = lambda x: x + x", RESULTS.format(name="9-9_toy", limit=0.5)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make an empty project and keep the environment's wishes out of it."""
    for name in ("SEQLIB_PROFILE", "SEQLIB_RESULTS", "SEQLIB_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    readme = tmp_path / "notebooks" / "README.md"
    readme.parent.mkdir()
    readme.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    return tmp_path


def run(project, *arguments):
    return run_module.main(["--folder", str(project / "notebooks"), *arguments])


def state(project):
    return {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_notebook_is_written_back_fit_with_record_copy_and_table(project, capsys):
    folder = project / "notebooks"
    path = write(
        folder, "9-9_toy", SESSION, EXERCISE, TRAINING, RESULTS.format(name="9-9_toy", limit=1)
    )
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]

    assert run(project) == 0
    table = capsys.readouterr().out
    assert "two doubled 4" in table
    book = nbformat.read(path, as_version=4)
    assert committed.check(path, folder / "results") == []
    assert [cell.id for cell in book.cells] == ids
    assert [cell.execution_count for cell in book.cells] == [1, 2, 3, 4]
    assert book.cells[2].outputs == []  # training with a bar left nothing at all
    record = json.loads((folder / "results" / "9-9_toy.json").read_text(encoding="utf-8"))
    assert [row["value"] for row in record["results"]] == [4, 1.0]
    assert record["seconds"] > 0
    assert 50 < record["megabytes"] < 2500
    assert exercises.out_of_step(folder) == []
    assert (folder / "exercises" / "9-9_toy.ipynb").exists()
    assert "| two doubled | 4 |" in (folder / "README.md").read_text(encoding="utf-8")
    assert not [path for path in state(project) if path.suffix == ".part"]


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (["1 / 1", "print('so far')\n1 / 0"], ["cell 2 failed", "ZeroDivisionError"]),
        (["import os", "os._exit(1)"], ["cell 2 failed", "died"]),
        (["import sys\nprint('careful', file=sys.stderr)"], ["not fit", "stderr: careful"]),
        (["%nonsense"], ["cell 1 failed", "UsageError"]),
        (MISSES, ["cell 2 failed", "two halved: 1, must be at most 0.5"]),
    ],
    ids=["error", "dead kernel", "stderr", "unknown magic", "missed threshold"],
)
def test_failure_is_told_and_leaves_everything_as_it_was(project, capsys, sources, said):
    write(project / "notebooks", "9-9_toy", *sources)
    (project / "notebooks" / "exercises").mkdir()
    results = project / "notebooks" / "results"
    results.mkdir()
    (results / "9-9_toy.json").write_text("{}", encoding="utf-8")
    # With a README the table would be renewed from the records there are, and this one is empty.
    (project / "notebooks" / "README.md").unlink()
    before = state(project)

    assert run(project) == 1
    captured = capsys.readouterr()
    for part in said:
        assert part in captured.err
    assert "failed" in captured.out
    assert "\x1b" not in captured.err
    assert state(project) == before


def test_quick_profile_reaches_the_notebook_and_writes_nothing(project, capsys):
    asserted = "import os\nassert os.environ['SEQLIB_PROFILE'] == 'quick'"
    write(project / "notebooks", "9-9_toy", asserted, *MISSES)
    before = state(project)
    assert run(project, "--profile", "quick") == 0
    assert "profile quick" in capsys.readouterr().out
    assert state(project) == before


def test_notebooks_go_by_name_or_file_and_unknown_ones_are_told(project, capsys, monkeypatch):
    assert run(project) == 1
    assert "no notebooks in" in capsys.readouterr().err
    write(project / "notebooks", "9-9_toy", "1")
    before = state(project)
    assert run(project, "9-8_toy") == 1
    assert "no notebook 9-8_toy" in (told := capsys.readouterr().err)
    assert "9-9_toy" in told
    monkeypatch.setenv("SEQLIB_PROFILE", "fast")
    assert run(project) == 1
    assert "quick, default, full" in capsys.readouterr().err
    assert state(project) == before
    folder = project / "notebooks"
    path = write(folder, "9-9_toy", "1")
    for name in ("9-9_toy", "9-9_toy.ipynb", os.path.join("notebooks", "9-9_toy.ipynb")):
        assert run_module.chosen([name], folder) == [path]
