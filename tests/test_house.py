"""The rules of the house that a machine can check."""

import ast
import itertools
import pathlib
import re
import shutil
import subprocess
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]

# Rooms from the bottom up: a file may import from its own room and from those below it.
ROOMS = [
    {"layers", "data"},
    {"word_vectors"},
    {"audio", "decoding", "losses", "metrics", "music", "plots", "pretrained", "text"},
    {"course"},
]


def requirements(lines):
    """Return name -> line for requirement lines; comments, options and blanks left out."""
    stripped = (line.partition("#")[0].strip() for line in lines)
    return {
        re.split(r"[<>=!\[ ;]", line)[0]: line
        for line in stripped
        if line and not line.startswith("-")
    }


def room(module):
    """Return the room of a module name such as `seqlib.course.run`; None for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def imports_of(path):
    """Yield the modules of `seqlib` that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("seqlib"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seqlib"):
            if node.module == "seqlib":
                yield from (f"seqlib.{alias.name}" for alias in node.names)
            else:
                yield node.module


def modules():
    return sorted((ROOT / "seqlib").rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downward(path):
    own = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if own == "__init__":
        return
    heights = {name: height for height, names in enumerate(ROOMS) for name in names}
    assert own in heights, f"{own} has no place among the rooms"
    for module in imports_of(path):
        other = room(module)
        if other not in (None, own):
            assert heights[other] < heights[own], f"{path.name} imports {module}"


def test_the_three_lists_of_requirements_are_in_step():
    listed = requirements((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    lines = itertools.chain(project["dependencies"], *extras)
    for name, line in requirements(lines).items():
        assert listed.get(name) == line, f"{name} differs between pyproject.toml and requirements"
    gpu = (ROOT / "requirements-gpu.txt").read_text(encoding="utf-8").splitlines()
    assert "-r requirements.txt" in gpu
    bounds = requirements(gpu)["tensorflow"].replace("[and-cuda]", "")
    assert bounds == listed["tensorflow"]

    conda = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "- -r requirements.txt" in conda
    python = re.search(r"- python(.*)", conda)[1]
    assert python == project["requires-python"]
    assert f"- {listed['pip']}" in conda


def test_tensorflow_and_keras_have_upper_bounds():
    listed = requirements((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())
    for name in ("tensorflow", "keras"):
        assert "<" in listed[name]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_lists_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"\.PHONY: (.*)", makefile)[1].split()
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in targets:
        assert f"make {target} " in done.stdout


def test_the_readme_gives_the_commands_of_the_makefile():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    data = re.search(r"^DATA := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1]
    assert f"python -m seqlib.data fetch {data}" in readme
    for command in ("pip install -r requirements.txt", "python -m pytest", "make lab", "make test"):
        assert command in readme
