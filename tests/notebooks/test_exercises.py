"""Exercises and their checks: solutions pass, no answer is unfinished, mistakes get their hints."""

import importlib
import inspect
import re

import pytest

from course.checks import CheckFailed, Unfinished
from tests.notebooks.worked import FOLDER, worked

PATHS = sorted(FOLDER.glob("*.ipynb"))


def mistakes():
    """Yield notebook, exercise, old and new text and what the hint speaks of."""
    for path in PATHS:
        name = path.stem.partition("_")[2]
        for row in importlib.import_module(f"tests.notebooks.mistakes.{name}").MISTAKES:
            exercise, old, new, hint = (*row, "Hint")[:4]
            yield pytest.param(path, exercise, old, new, hint, id=f"{name}-{exercise}")


by_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


@by_notebook
def test_a_check_follows_each_exercise_and_every_check_is_used(path):
    book = worked(path)
    for solution, check in zip(book.cells[::2], book.cells[1::2], strict=True):
        assert "SOLUTION" in solution, f"no exercise before {check}"
        assert "SOLUTION" not in check, f"no check after {solution}"
    written = {
        name for name, value in vars(book.checks).items()
        if inspect.isfunction(value) and value.__module__ == book.checks.__name__
    }  # fmt: skip
    assert {name for name in written if not name.startswith("_")} == set(book.solutions)


@by_notebook
def test_solutions_pass(path, capsys):
    book = worked(path)
    for name in book.solutions:
        getattr(book.checks, name)(book.answered[name])
        assert capsys.readouterr().out.startswith(f"✓ {name}: ")


@by_notebook
def test_an_exercise_without_an_answer_fails_with_its_hint(path):
    book = worked(path)
    for name in book.solutions:
        with pytest.raises(CheckFailed, match="Hint: "):
            getattr(book.checks, name)(book.unanswered[name])
        with pytest.raises(Unfinished, match=rf"(?s)^{name} has no answer yet.*Hint: "):
            getattr(book.checks, name)(lambda *_: None)


@pytest.mark.parametrize(("path", "exercise", "old", "new", "hint"), list(mistakes()))
def test_a_mistake_gets_a_hint(path, exercise, old, new, hint):
    book = worked(path)
    with pytest.raises(CheckFailed, match=f"(?s)(?=.*Hint: ).*{re.escape(hint)}") as caught:
        getattr(book.checks, exercise)(book.mistaken(exercise, old, new))
    assert not isinstance(caught.value, Unfinished)
