import ast

import nbformat
import pytest

from course.publishing import exercises
from course.publishing.exercises import ExerciseError, learner_copy, without_solutions
from tests.course.notebook_files import EXERCISE, notebook, write


def test_signature_docstring_and_surroundings_stay_and_the_solution_goes():
    source = f"scale = 2\n\n\n{EXERCISE}\n\n\ndouble(3)"
    result = without_solutions(source)
    doc = '    """Return twice x."""\n    # Your code here (about 2 lines)\n    ...\n'
    assert result == f"scale = 2\n\n\ndef double(x):\n{doc}\n\ndouble(3)"
    namespace = {}
    exec(result, namespace)
    assert namespace["double"](3) is None


def test_code_around_a_solution_and_several_solutions_are_kept_and_other_cells_untouched():
    source = """class Cell:
    def call(self, x):
        x = x + 1
        ### BEGIN SOLUTION
        y = (
            x
        )
        ### END SOLUTION
        if y:
            ### BEGIN SOLUTION
            y = 3

            ### END SOLUTION
        return y"""
    result = without_solutions(source)
    assert "        # Your code here (about 3 lines)\n        ...\n        if y:" in result
    assert "            # Your code here (about 1 line)\n            ...\n" in result
    ast.parse(result)
    source = "%matplotlib inline\nx = 1  \n"
    assert without_solutions(source) is source


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f():\n    ### BEGIN SOLUTION\n    return 1", "BEGIN SOLUTION without"),
        ("def f():\n    return 1\n    ### END SOLUTION", "END SOLUTION without"),
        (
            "def f():\n    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    return 1",
            "inside another",
        ),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "inside one function"),
        ("### BEGIN SOLUTION\ndef f():\n    return 1\n### END SOLUTION", "inside one function"),
        (
            "def f():\n    ### BEGIN SOLUTION\n    return 1\n\ndef g():\n    return 2\n"
            "    ### END SOLUTION",
            "inside one function",
        ),
        ("def f():\n    ### BEGIN SOLUTION\n    # nothing\n    ### END SOLUTION", "without code"),
        ("def f():\n    # BEGIN SOLUTION\n    return 1", "is no marker"),
        ("def f(:\n    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION", "not valid Python"),
    ],
)
def test_broken_markers_are_refused_with_notebook_and_cell(tmp_path, source, said):
    write(tmp_path, "9-9_toy", "1", source)
    with pytest.raises(ExerciseError, match=said) as caught:
        exercises.write(tmp_path)
    assert "9-9_toy.ipynb, cell 2" in str(caught.value)
    assert not (tmp_path / "exercises").exists()


def test_copy_has_no_outputs_the_same_ids_and_leaves_the_notebook_alone():
    book = notebook("1 + 1", EXERCISE, markdown=["# Toy"])
    book.cells[1].execution_count = 1
    book.cells[1].outputs = [nbformat.v4.new_output("stream", text="2")]
    before = nbformat.from_dict(book)
    copy = learner_copy(book, "9-9_toy.ipynb")
    assert book == before
    assert [cell.id for cell in copy.cells[1:]] == [cell.id for cell in book.cells]
    assert all(not c.outputs and c.execution_count is None for c in copy.cells[2:])
    assert "../9-9_toy.ipynb" in copy.cells[0].source
    nbformat.validate(copy)


def test_links_lead_to_copies_where_there_are_copies_and_else_back():
    text = (
        "[a](1-1_a.ipynb) [part](1-1_a.ipynb#part) [b](0-0_b.ipynb) [here](#part) "
        "[web](https://example.org) ![p](pictures/p.png)"
    )
    copy = learner_copy(notebook(markdown=[text]), "9-9_toy.ipynb", {"1-1_a.ipynb"})
    assert copy.cells[1].source == (
        "[a](1-1_a.ipynb) [part](1-1_a.ipynb#part) [b](../0-0_b.ipynb) [here](#part) "
        "[web](https://example.org) ![p](../pictures/p.png)"
    )


def test_write_brings_into_step_and_removes_what_has_no_notebook(tmp_path, capsys):
    write(tmp_path, "1-1_with", EXERCISE)
    write(tmp_path, "0-0_without", "1 + 1")
    write(tmp_path / "exercises", "8-8_gone", "1 + 1")
    arguments = ["--notebooks", str(tmp_path)]

    assert exercises.main([*arguments, "--check"]) == 1
    assert exercises.out_of_step(tmp_path) == ["1-1_with.ipynb", "8-8_gone.ipynb"]
    assert exercises.main(arguments) == 0
    assert [path.name for path in (tmp_path / "exercises").iterdir()] == ["1-1_with.ipynb"]
    assert exercises.main([*arguments, "--check"]) == 0
    assert exercises.write(tmp_path) == []

    copy = tmp_path / "exercises" / "1-1_with.ipynb"
    copy.write_text(copy.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert exercises.out_of_step(tmp_path) == ["1-1_with.ipynb"]
    assert exercises.main(["--notebooks", str(tmp_path / "nowhere")]) == 1
    assert "no such folder" in capsys.readouterr().out
