"""The rules of the house that a machine can check."""

import ast
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).parents[1]

# Room -> the rooms that it may import; every room may import `files`, `seqlib` itself and its own.
MAY_IMPORT = {
    "compiled": set(),
    "layers": {"compiled"},
    "decoding": {"compiled", "layers"},
    "losses": {"compiled", "layers"},
    "pretrained": {"compiled", "layers", "data", "text"},
    "metrics": {"losses"},
    "text": set(),
    "data": set(),
    "word_vectors": {"data"},
    "files": set(),
    "acceleration": {"layers"},
}


def imports_of(path):
    """Yield the dotted names that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_run_downward():
    for path in sorted((ROOT / "seqlib").rglob("*.py")):
        own = path.relative_to(ROOT / "seqlib").with_suffix("").parts[0]
        for name in imports_of(path):
            package, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            assert package not in ("course", "benchmarks", "tests"), f"{path} imports {name}"
            if package == "seqlib" and own != "__init__" and other not in (own, "files"):
                assert other in MAY_IMPORT[own], f"{path} imports {name}"


def test_the_wheel_holds_seqlib_alone_and_both_can_be_imported_from_a_checkout():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    assert build["build"]["targets"]["wheel"]["packages"] == ["seqlib"]
    assert build["build"]["dev-mode-dirs"] == ["."]


def test_what_is_imported_first_waits_for_nothing_slow():
    slow = {"tensorflow", "keras", "pandas", "music21", "verovio", "pretty_midi", "soundfile"}
    modules = "seqlib.data.__main__, seqlib.word_vectors, course.session, course.music"
    program = f"import sys, {modules}; print({slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"
