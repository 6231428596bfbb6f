"""Each rule for a committed notebook is broken once and must be named."""

import nbformat
import pytest

from course.publishing import committed
from course.results import text_table
from tests.course.notebook_files import SESSION, notebook

output = nbformat.v4.new_output

RECORD = {"notebook": "9-9_toy", "profile": "default", "seconds": 1.0, "results": []}


def fit():
    """Return a notebook that may be committed, with its record shown."""
    book = notebook(SESSION, "results.finish()", markdown=["# Toy"])
    for count, cell in enumerate(book.cells[1:], start=1):
        cell.execution_count = count
    book.cells[2].outputs = [output("display_data", {"text/plain": text_table(RECORD)})]
    return committed.clean(book)


def said(book, record=RECORD):
    return " ".join(committed.problems(book, record))


def test_fit_notebook_has_no_problem():
    assert committed.problems(fit(), RECORD) == []


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (output("error", ename="ValueError", evalue="bad"), "Cell 2: it raised ValueError: bad"),
        (output("stream", name="stderr", text="careful"), "Cell 2: it wrote to stderr: careful"),
        (output("stream", text="<Line2D at 0x7f22cd8f3d50>"), "a memory address"),
        (output("stream", text="saved in /home/ada/x"), "a path of the machine: /home/ada"),
        (output("stream", text=r"saved in C:\Users\ada"), "a path of the machine"),
        (output("stream", text="lib/site-packages/keras"), "a path of the machine"),
        (output("display_data", {"text/html": "<p>/tmp/x</p>"}), "a path of the machine"),
        (output("display_data", {"application/vnd.jupyter.widget-view+json": {}}), "a widget"),
    ],
)
def test_bad_outputs_are_named(made, problem):
    book = fit()
    book.cells[1].outputs = [made]
    assert problem in said(book)


@pytest.mark.parametrize(
    "text", ["~/.cache/seqlib", "https://example.org/home/ada", "a/b", "1:\n2"]
)
def test_innocent_outputs_are_left_alone(text):
    book = fit()
    book.cells[1].outputs = [output("stream", text=text)]
    assert committed.problems(book, RECORD) == []


def test_counts_session_size_and_form_are_held_to_the_rules():
    book = fit()
    book.cells[2].execution_count = 3
    assert "not 1 to 2" in said(book)
    book.cells[2].execution_count = None
    assert "not 1 to 2" in said(book)
    book = fit()
    book.cells[1].source = "import keras"
    assert "session.start" in said(book)
    book = fit()
    picture = "A" * committed.SIZE_LIMIT
    book.cells[1].outputs = [output("display_data", {"image/png": picture})]
    assert "at most 1,000,000" in said(book)
    book = fit()
    book.cells[1].outputs = [nbformat.from_dict({"output_type": "stream", "name": "stdout"})]
    assert "Not a valid notebook" in said(book)


def test_metadata_of_a_machine_is_cleaned_streams_are_joined_emptied_displays_dropped():
    book = fit()
    book.metadata["widgets"] = {"state": {}}
    book.cells[1].metadata = nbformat.from_dict({"execution": {"a": "2026"}, "tags": ["kept"]})
    assert "metadata" in said(book)
    committed.clean(book)
    assert committed.problems(book, RECORD) == []
    assert book.cells[1].metadata == {"tags": ["kept"]}
    book = fit()
    parts = [output("stream", text=letter) for letter in "ab"]
    book.cells[1].outputs = [parts[0], output("display_data"), parts[1]]
    committed.clean(book)
    assert [made.text for made in book.cells[1].outputs] == ["ab"]


def test_record_must_be_there_of_the_same_run_and_of_the_default_profile():
    assert "not recorded" in said(fit(), None)
    assert "two runs" in said(fit(), {**RECORD, "seconds": 2.0})
    assert "a quick run" in said(fit(), {**RECORD, "profile": "quick"})
