"""What a notebook must be like to be committed: run whole, in order, clean and small."""

import re
from pathlib import Path

import nbformat
from nbformat.validator import NotebookValidationError

from course.publishing.tables import read_record
from course.results import text_table

SIZE_LIMIT = 1_000_000  # bytes

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

_CELL_KEYS = {"tags"}  # the metadata that a reader of the notebook meant; all else is a machine's

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
_PATH = re.compile(
    r"(?<![\w.~/])/(?:home|root|Users|tmp|var|opt|usr|mnt|work|private)/[\w.-]+|\b[A-Z]:\\\\?\w+"
    r"|site-packages|ipykernel_\d+"
)


def clean(notebook):
    """Take out of a notebook, in place, what belongs to the machine that ran it; return it.

    Outputs, counts, cell ids and tags stay; widget state, timing and front-end metadata go, and
    streams that were cut in pieces are joined.
    """
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": dict(_KERNEL), "language_info": {"name": "python"}}
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in _CELL_KEYS}
        )
        if cell.cell_type == "code":
            cell.outputs = _tidied(cell.outputs)
    return notebook


def problems(notebook, record=None):
    """Return a sentence for each thing that keeps a notebook from being committed."""
    try:
        nbformat.validate(notebook)
    except NotebookValidationError as error:
        return [f"Not a valid notebook: {str(error).splitlines()[0]}"]
    code = [(i, c) for i, c in enumerate(notebook.cells, start=1) if c.cell_type == "code"]
    found = []
    size = len(nbformat.writes(notebook).encode("utf-8"))
    if size > SIZE_LIMIT:
        found.append(f"{size:,} bytes; at most {SIZE_LIMIT:,} are allowed: draw fewer pictures.")
    if not code or "session.start(seed=" not in code[0][1].source:
        found.append("The first code cell must call session.start(seed=...).")
    if [cell.execution_count for _, cell in code] != list(range(1, len(code) + 1)):
        found.append(f"The counts of the code cells are not 1 to {len(code)}: run it from the top.")
    for number, cell in code:
        found += [f"Cell {number}: {problem}" for problem in _output_problems(cell)]
    if clean(nbformat.from_dict(notebook)) != notebook:
        found.append("It holds metadata of the machine or the front end that ran it.")
    return found + _record_problems(code, record)


def check(path, results):
    """Say what keeps a notebook file and its record in a folder from being committed."""
    file = Path(results) / f"{Path(path).stem}.json"
    record = read_record(file) if file.exists() else None
    return problems(nbformat.read(path, as_version=4), record)


def _output_problems(cell):
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"it raised {output.ename}: {output.evalue}"
        elif output.output_type == "stream" and output.name == "stderr":
            yield f"it wrote to stderr: {output.text.strip()[:200]}"
        if any("widget" in kind for kind in output.get("data", {})):
            yield "it shows a widget, which a saved notebook cannot"
        text = _text(output)
        for pattern, what in ((_ADDRESS, "a memory address"), (_PATH, "a path of the machine")):
            match = pattern.search(text)
            if match:
                yield f"its output holds {what}: {match[0].strip()}"


def _record_problems(code, record):
    if record is None:
        finishes = [number for number, cell in code if ".finish()" in cell.source]
        return [f"Cell {number}: its results were not recorded." for number in finishes]
    if record["profile"] != "default":
        return [f"The record is of a {record['profile']} run; it must be of a default one."]
    shown = [output.get("data", {}).get("text/plain") for _, c in code for output in c.outputs]
    if text_table(record) not in shown:
        return ["The record and the table shown in the notebook are of two runs: run it again."]
    return []


def _text(output):
    if output.output_type == "stream":
        return output.text
    data = output.get("data", {})
    return "\n".join(data[kind] for kind in data if kind in ("text/plain", "text/html"))


def _tidied(outputs):
    tidied = []
    for output in outputs:
        if output.output_type == "display_data" and not output.data:
            continue  # a progress bar that has gone
        before = tidied[-1] if tidied else None
        if (
            output.output_type == "stream"
            and before is not None
            and before.output_type == "stream"
            and before.name == output.name
        ):
            before.text += output.text
        else:
            tidied.append(output)
    return tidied
