"""The exercises of a worked notebook, their solutions and their checks, without a kernel."""

import ast
import functools
import re
import textwrap
from pathlib import Path

import nbformat

from course.publishing.exercises import BEGIN, END, without_solutions

FOLDER = Path(__file__).parents[2] / "notebooks"

CHECK = re.compile(r"^checks\.(\w+)\(\1\)$", re.MULTILINE)


class Worked:
    """The exercises of a notebook: its imports and solutions are run, and nothing that trains."""

    def __init__(self, path):
        cells = nbformat.read(path, as_version=4).cells
        sources = [cell.source for cell in cells if cell.cell_type == "code"]
        self.cells = [source for source in sources if BEGIN in source or CHECK.search(source)]
        names = [CHECK.search(source)[1] for source in self.cells[1::2]]
        self.solutions = dict(zip(names, self.cells[::2], strict=True))
        self.imports = {}
        exec("\n".join(map(_imports, sources)), self.imports)
        self.checks = self.imports["checks"]

    @functools.cached_property
    def answered(self):
        """The functions of the solutions."""
        return self.run(self.solutions.values())

    @functools.cached_property
    def unanswered(self):
        """The functions of a learner who has not written anything yet."""
        return self.run(map(without_solutions, self.solutions.values()))

    def mistaken(self, name, old, new):
        """Return an exercise with `new` in place of `old`, or of the whole solution where None."""
        source = self.solutions[name]
        begin, end = source.index(BEGIN) + len(BEGIN), source.index("    " + END)
        if old is None:
            solution = "\n" + textwrap.indent(new.strip(), "    ") + "\n"
        else:
            assert old in source[begin:end], f"{old!r} is not in the solution of {name}"
            solution = source[begin:end].replace(old, new, 1)
        return self.run([source[:begin] + solution + source[end:]], self.answered)[name]

    def run(self, sources, namespace=None):
        """Run cells and return their names, with those of `namespace`."""
        namespace = dict(self.imports if namespace is None else namespace)
        for source in sources:
            exec(source, namespace)
        return namespace


def _imports(source):
    """Return the import statements of a cell; lines that are no Python hold none."""
    lines = source.splitlines()
    tree = ast.parse("\n".join("" if line.startswith(("%", "!")) else line for line in lines))
    nodes = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(map(ast.unparse, nodes))


@functools.cache
def worked(path):
    """Return the exercises of a notebook, read once."""
    return Worked(path)
