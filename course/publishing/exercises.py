"""The learner's copies of the notebooks, made from the worked ones.

What stands between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` in a function becomes
``# Your code here (about n lines)`` and ``...``; signature, docstring and all around it stay.
Outputs and counts go. ``python -m course.publishing.exercises`` writes ``notebooks/exercises/``,
``--check`` only says what is out of step there.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from seqlib.files import write_text

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

_LINK = re.compile(r"(\]\()(?![a-zA-Z]+:|[#/])([^)\s]+)(?=[)\s])")


class ExerciseError(ValueError):
    """The markers of a cell do not make an exercise; the message names notebook and cell."""


def without_solutions(source, where="cell"):
    """Return the source of a cell with its solutions taken out.

    Args:
        source: Source of a code cell.
        where: What to call the cell in an error.

    Returns:
        Valid source; the same where there is no marker.

    Raises:
        ExerciseError: Markers are nested, unpaired, or outside a function.

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
            code = [i for i in range(begin + 1, number) if _is_code(lines[i])]
            if not code:
                raise ExerciseError(f"{where}, line {begin + 1}: a solution without code.")
            indent = line[: len(line) - len(line.lstrip())]
            if not _in_function(_parse(source, where), code[0] + 1, code[-1] + 1, len(indent)):
                raise ExerciseError(
                    f"{where}, line {begin + 1}: a solution must stand inside one function, so "
                    "that the learner's copy leaves a function without an answer."
                )
            plural = "" if len(code) == 1 else "s"
            kept.append(f"{indent}# Your code here (about {len(code)} line{plural})")
            kept.append(f"{indent}...")
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


def learner_copy(notebook, name, copies=()):
    """Return the learner's copy of a worked notebook.

    Args:
        notebook: The worked notebook, an `nbformat.NotebookNode`; it stays as it is.
        name: Its file name, with ``.ipynb``.
        copies: File names of all notebooks that have a learner's copy; links to anything else
            lead back to the worked ones.

    Returns:
        `nbformat.NotebookNode` with the same cell ids, without outputs and counts, and with one
        cell before the first that says what it is.

    Raises:
        ExerciseError: The markers of a cell do not make an exercise.

    Example:
        >>> cell = nbformat.v4.new_code_cell("1 + 1")
        >>> copy = learner_copy(nbformat.v4.new_notebook(cells=[cell]), "a.ipynb")
        >>> [cell.cell_type for cell in copy.cells]
        ['markdown', 'code']
    """
    copy = nbformat.from_dict(notebook)
    for number, cell in enumerate(copy.cells, start=1):
        if cell.cell_type == "code":
            cell.source = without_solutions(cell.source, f"{name}, cell {number}")
            cell.outputs, cell.execution_count = [], None
        elif cell.cell_type == "markdown":
            cell.source = _LINK.sub(
                lambda link: link[1] + ("" if _file(link[2]) in copies else "../") + link[2],
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
    """Return the text of every learner's copy.

    Args:
        notebooks: Folder of the worked notebooks.

    Returns:
        Dict from file name to the text that belongs into ``exercises/<file name>``; notebooks
        without exercises have none.

    Raises:
        ExerciseError: The markers of a cell do not make an exercise.

    Example:
        >>> generate("a folder that is not there")
        {}
    """
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
    """Return the names of the learner's copies that are missing, stale, or of no notebook.

    Args:
        notebooks: Folder of the worked notebooks, with ``exercises/`` inside.

    Example:
        >>> out_of_step("a folder that is not there")
        []
    """
    folder = Path(notebooks) / "exercises"
    wanted = generate(notebooks)
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.ipynb")}
    names = sorted(wanted.keys() | there.keys())
    return [name for name in names if wanted.get(name) != there.get(name)]


def write(notebooks):
    """Write every learner's copy that is out of step, and remove those of no notebook.

    Args:
        notebooks: Folder of the worked notebooks.

    Returns:
        Names of the files written or removed.

    Raises:
        ExerciseError: The markers of a cell do not make an exercise; nothing is written then.
    """
    folder = Path(notebooks) / "exercises"
    wanted = generate(notebooks)
    changed = out_of_step(notebooks)
    folder.mkdir(exist_ok=True)
    for name in changed:
        if name in wanted:
            write_text(folder / name, wanted[name])
        else:
            (folder / name).unlink()
    return changed


def _is_code(line):
    return bool(line.strip()) and not line.strip().startswith("#")


def _in_function(tree, first, last, indent):
    """Tell whether the lines from `first` to `last` stand in the body of one function."""
    return any(
        node.lineno < first and last <= node.end_lineno and indent > node.col_offset
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _parse(source, where):
    try:
        # Magics and shell lines become calls, line by line, as IPython makes them.
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        raise ExerciseError(f"{where}: not valid Python: {error}") from error


def _file(link):
    return link.split("#")[0]


def main(arguments=None):
    """Write the learner's copies, or say which are out of step.

    Args:
        arguments: Command line, that of the process where None.

    Returns:
        Exit code: 0, or 1 where ``--check`` finds something or the markers are wrong.
    """
    parser = argparse.ArgumentParser(
        prog="python -m course.publishing.exercises", description=main.__doc__.splitlines()[0]
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
