"""The table of results in ``notebooks/README.md``, made from the records of the notebooks.

``python -m course.publishing.tables`` brings it into step.
"""

import argparse
import json
import sys
from pathlib import Path

from course.results import COLUMNS, cells
from seqlib.files import write_text

BEGIN = "<!-- results:begin -->"
END = "<!-- results:end -->"


def read_record(path):
    """Return the record in one file, a dict as `course.results` makes it."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def markdown_table(records):
    """Return the records of several notebooks as one Markdown table, to stand beside them."""
    head = ("notebook", "seconds", "GB", *COLUMNS)
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for record in records:
        name, megabytes = record["notebook"], record.get("megabytes")
        seconds = "" if record["seconds"] is None else f"{record['seconds']:.0f}"
        memory = "" if megabytes is None else f"{megabytes / 1000:.1f}"
        first = [f"[{name}]({name}.ipynb)", seconds, memory]
        for row in record["results"]:
            texts = [text.replace("|", "\\|") for text in cells(row)]
            lines.append(f"| {' | '.join([*first, *texts])} |")
            first = ["", "", ""]  # name, time and memory stand in the first line of a notebook
    return "\n".join(lines)


def with_table(text, records):
    """Return a text with the table between its two markers replaced."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"The text needs one line {BEGIN} and, below it, one line {END}.")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{markdown_table(records)}\n{END}{after}"


def main(arguments=None):
    """Bring the table of results into step; return an exit code, 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m course.publishing.tables", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"), help="their folder")
    options = parser.parse_args(arguments)
    readme = options.notebooks / "README.md"
    if not readme.is_file():
        print(f"{readme}: there is no such file; run this where the Makefile stands.")
        return 1
    text = readme.read_text(encoding="utf-8")
    records = map(read_record, sorted(options.notebooks.glob("results/*.json")))
    try:
        new = with_table(text, records)
    except ValueError as error:
        print(f"{readme}: {error}")
        return 1
    if new != text and options.check:
        print(f"{readme}: the table is out of step: python -m course.publishing.tables")
        return 1
    if new != text:
        write_text(readme, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
