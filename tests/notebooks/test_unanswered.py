"""A learner's copy that nobody has filled in fails every check, each with its hint."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.course.notebook_files import EXERCISE, execute, notebook

COPIES = sorted((Path(__file__).parents[2] / "notebooks" / "exercises").glob("*.ipynb"))

CHECK = re.compile(r"^checks\.\w+\(", re.MULTILINE)

TO_DO = "# Your code here"

DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def without_work(book):
    """Keep what a check needs of a copy, and leave out what loads, trains and draws.

    That is its imports, functions, classes and constants, and the checks themselves.
    """
    kept = []
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        if not (CHECK.search(cell.source) or TO_DO in cell.source):
            cell.source = _definitions(cell.source)
        if cell.source:
            kept.append(cell)
    book.cells = kept
    return book


def _definitions(source):
    body = ast.parse(TransformerManager().transform_cell(source)).body
    return "\n".join(ast.unparse(node) for node in body if _defines(node))


def _defines(node):
    return isinstance(node, DEFINITIONS) or (isinstance(node, ast.Assign) and not _calls(node))


def _calls(node):
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def outcomes(book, folder):
    """Run the cells that are left and return source and error (or None) of each check cell."""
    execute(without_work(book), folder, allow_errors=True)
    return [
        (cell.source, next((o for o in cell.outputs if o.output_type == "error"), None))
        for cell in book.cells
        if CHECK.search(cell.source)
    ]


@pytest.mark.parametrize("path", COPIES, ids=[path.stem for path in COPIES])
def test_every_check_of_an_unanswered_copy_fails_with_its_hint(path, monkeypatch):
    monkeypatch.setenv("SEQLIB_PROFILE", "quick")
    found = outcomes(nbformat.read(path, as_version=4), path.parent)
    assert found, "a copy without a check says nothing to its learner"
    for source, error in found:
        assert error is not None, f"passes without an answer: {source}"
        assert error.ename in ("Unfinished", "CheckFailed"), f"{source}: {error.evalue}"
        assert "Hint: " in error.evalue
        assert len(error.traceback) == 1, "the learner sees the message, not our traceback"


@pytest.mark.parametrize("path", COPIES, ids=[path.stem for path in COPIES])
def test_every_exercise_has_a_check(path):
    """A check follows each exercise before the next one comes."""
    waiting = None
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
        if cell.cell_type != "code":
            continue
        if TO_DO in cell.source:
            assert waiting is None, f"no check follows the exercise in cell {waiting}"
            waiting = number
        if CHECK.search(cell.source):
            waiting = None
    assert waiting is None, f"no check follows the exercise in cell {waiting}"


def test_the_test_can_tell_an_answer_from_none(tmp_path):
    """The worked function passes the very check that the empty one fails."""
    checks = """class checks:
    def double(function):
        from course.checks import answered
        answered("double", function(2), "Add x to itself.")"""
    worked = EXERCISE
    empty = "def triple(x):\n    ..."
    book = notebook(checks, worked, "checks.double(double)", empty, "checks.double(triple)", "1/0")
    (_, passed), (_, failed) = outcomes(book, tmp_path)
    assert passed is None
    assert (failed.ename, len(failed.traceback)) == ("Unfinished", 1)
    assert "Hint: Add x" in failed.evalue
