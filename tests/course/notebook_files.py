"""Small notebooks for the tests of what runs, checks and copies notebooks."""

import nbformat
from nbclient import NotebookClient

# A notebook as the course has them: session, exercise, check, results.
SESSION = "from course import session\n\nsession.start(seed=1)"

EXERCISE = '''def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    # adding is enough
    total = x + x
    return total
    ### END SOLUTION'''

RESULTS = """from course.results import Results

results = Results({name!r})
results.add("two doubled", double(2), at_least=4)
results.add("two halved", 2 / 2, unit="pieces", baseline=("guess", 3), at_most={limit})
results.finish()"""


def notebook(*sources, markdown=()):
    """Return a notebook of code cells, after Markdown cells."""
    cells = [nbformat.v4.new_markdown_cell(text) for text in markdown]
    return nbformat.v4.new_notebook(
        cells=cells + [nbformat.v4.new_code_cell(source) for source in sources]
    )


def write(folder, name, *sources, markdown=()):
    """Write a notebook into a folder, which is made, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook(*sources, markdown=markdown), path)
    return path


def execute(book, folder, on_output=None, **options):
    """Execute a notebook in place, handing every message about its outputs to `on_output`."""

    class Client(NotebookClient):
        def process_message(self, message, cell, cell_index):
            if on_output is not None:
                on_output(message["content"])
            return super().process_message(message, cell, cell_index)

    options.setdefault("extra_arguments", ["--log-level=ERROR"])
    Client(
        book, record_timing=False, resources={"metadata": {"path": str(folder)}}, **options
    ).execute()
    return book
