"""What all notebooks' checks keep to: right answers pass, and no answer is called unfinished.

Each `test_checks_<notebook>` lists the right answers as `SOLUTIONS`, and itself tries the wrong
ones that are typical of its notebook.
"""

import importlib
from pathlib import Path

import pytest

from course.checks import Unfinished

HERE = Path(__file__)
NAMES = sorted({path.stem for path in HERE.parent.glob("test_checks_*.py")} - {HERE.stem})
TESTS = [importlib.import_module(f"{__package__}.{name}") for name in NAMES]
SOLUTIONS = [
    pytest.param(
        test.checks, solution, id=f"{name.removeprefix('test_checks_')}-{solution.__name__}"
    )
    for name, test in zip(NAMES, TESTS, strict=True)
    for solution in getattr(test, "SOLUTIONS", ())
]


@pytest.mark.parametrize(("checks", "solution"), SOLUTIONS)
def test_right_answers_pass(checks, solution, capsys):
    getattr(checks, solution.__name__)(solution)
    assert capsys.readouterr().out.startswith(f"✓ {solution.__name__}: ")


@pytest.mark.parametrize(("checks", "solution"), SOLUTIONS)
def test_no_answer_is_told_apart_from_a_wrong_one(checks, solution):
    with pytest.raises(Unfinished, match="Hint"):
        getattr(checks, solution.__name__)(lambda *args, **kwargs: None)
