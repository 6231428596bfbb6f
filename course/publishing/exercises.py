"""The learner's copies of the notebooks, made from the worked ones.

What stands between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` in a function becomes
``# Your code here (about n lines)`` and ``...``; outputs and counts go, all else stays.
``python -m course.publishing.exercises`` writes ``notebooks/exercises/``, ``--check`` compares.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

import nbformat

from seqlib.files import write_text

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

_LINK = re.compile(r"(\]\()(?![a-zA-Z]+:|[#/])([^)\s]+)(?=[)\s])")


class ExerciseError(ValueError):
    """The markers of a cell do not make an exercise; the message names notebook and cell."""


def without_solutions(source, where="cell"):
    """Return the source of a code cell, named `where`, with its solutions taken out.

    Example:
        >>> print(without_solutions(f'''def double(x):
        ...     {BEGIN}
        ...     return 2 * x
        ...     {END}'''))
        def double(x):
            # Your code here (about 1 line)
            ...
    """
    lines = source.splitlines()
    kept, begin = [], None
    for number, line in enumerate(lines):
        marker = line.strip()
        if marker == BEGIN:
            if begin is not None:
                raise ExerciseError(f"{where}, line {number + 1}: {BEGIN} inside another solution.")
            begin = number
        elif marker == END:
            if begin is None:
                raise ExerciseError(f"{where}, line {number + 1}: {END} without {BEGIN}.")
            kept += _to_do(source, lines, begin, number, where)
            begin = None
        elif begin is None:
            if re.match(r"\s*#.*\b(BEGIN|END) SOLUTION", line):
                raise ExerciseError(
                    f"{where}, line {number + 1}: {marker!r} is no marker; write {BEGIN} or {END}."
                )
            kept.append(line)
    if begin is not None:
        raise ExerciseError(f"{where}, line {begin + 1}: {BEGIN} without {END}.")
    if len(kept) == len(lines):
        return source
    result = "\n".join(kept)
    _parse(result, where)
    return result


def _to_do(source, lines, begin, end, where):
    """Return the lines that stand in the learner's copy where the solution was."""
    code = [i for i in range(begin + 1, end) if re.match(r"\s*[^\s#]", lines[i])]
    if not code:
        raise ExerciseError(f"{where}, line {begin + 1}: a solution without code.")
    indent = len(lines[end]) - len(lines[end].lstrip())
    if not any(
        node.lineno < code[0] + 1 and code[-1] + 1 <= node.end_lineno and indent > node.col_offset
        for node in ast.walk(_parse(source, where))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ):
        raise ExerciseError(
            f"{where}, line {begin + 1}: a solution must stand inside one function, so "
            "that the learner's copy leaves a function without an answer."
        )
    length = f"{len(code)} line" + ("" if len(code) == 1 else "s")
    return [" " * indent + f"# Your code here (about {length})", " " * indent + "..."]


def _parse(source, where):
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise ExerciseError(f"{where}: not valid Python: {error}") from error


def learner_copy(notebook, name, copies=()):
    """Return the learner's copy of a notebook; links to others than `copies` lead back."""
    copy = nbformat.from_dict(notebook)
    for number, cell in enumerate(copy.cells, start=1):
        if cell.cell_type == "code":
            cell.source = without_solutions(cell.source, f"{name}, cell {number}")
            cell.outputs, cell.execution_count = [], None
        elif cell.cell_type == "markdown":
            cell.source = _LINK.sub(
                lambda link: link[1] + ("" if link[2].split("#")[0] in copies else "../") + link[2],
                cell.source,
            )
    copy.cells.insert(
        0,
        nbformat.v4.new_markdown_cell(
            "**This is your copy.** Write your answers where it says *Your code here*; the check "
            "below each exercise tells you whether it is right, and gives a hint where it is not. "
            f"The worked notebook is [{name}](../{name}).",
            id="your-copy",
        ),
    )
    return copy


def generate(notebooks):
    """Return a dict from file name to the text of the learner's copy, where there are exercises."""
    read = {p.name: nbformat.read(p, as_version=4) for p in sorted(Path(notebooks).glob("*.ipynb"))}
    with_exercises = {
        name: notebook
        for name, notebook in read.items()
        if any(c.cell_type == "code" and "SOLUTION" in c.source for c in notebook.cells)
    }
    return {
        name: nbformat.writes(learner_copy(notebook, name, set(with_exercises))).rstrip("\n") + "\n"
        for name, notebook in with_exercises.items()
    }


def out_of_step(notebooks):
    """Return the names of the learner's copies that are missing, stale, or of no notebook."""
    wanted, there = generate(notebooks), _copies(notebooks)
    names = sorted(wanted.keys() | there.keys())
    return [name for name in names if wanted.get(name) != there.get(name)]


def write(notebooks):
    """Bring every learner's copy into step; return the names of those written or removed."""
    wanted = generate(notebooks)
    changed = out_of_step(notebooks)
    folder = Path(notebooks) / "exercises"
    folder.mkdir(exist_ok=True)
    for name in changed:
        if name in wanted:
            write_text(folder / name, wanted[name])
        else:
            (folder / name).unlink()
    return changed


def _copies(notebooks):
    folder = Path(notebooks) / "exercises"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.ipynb")}


def main(arguments=None):
    """Write the learner's copies, or say which are out of step; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m course.publishing.exercises",
        description="Write the learner's copies of the notebooks, or say which are out of step.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"), help="their folder")
    options = parser.parse_args(arguments)
    if not options.notebooks.is_dir():
        print(f"{options.notebooks}: there is no such folder; run this where the README stands.")
        return 1
    try:
        names = out_of_step(options.notebooks) if options.check else write(options.notebooks)
    except ExerciseError as error:
        print(error)
        return 1
    for name in names:
        verb = "is out of step with its notebook" if options.check else "brought into step"
        print(f"{options.notebooks / 'exercises' / name}: {verb}")
    return 1 if options.check and names else 0


if __name__ == "__main__":
    sys.exit(main())
