"""The Python of the READMEs runs as written, one block after the other."""

import re
from pathlib import Path

import pytest
import tensorflow as tf

from seqlib import data

ROOT = Path(__file__).parents[1]


def fewer(loaded):
    """Leave one question in fifty where sections of questions were loaded."""
    if isinstance(loaded, dict):
        return {name: section[::50] for name, section in loaded.items()}
    return loaded


@pytest.mark.parametrize("file", ["README.md", "seqlib/README.md"])
def test_blocks_of_python_run_in_one_process(file, monkeypatch):
    """They run as written, but eagerly, to fewer tokens, and with one analogy in fifty."""
    load = data.load
    monkeypatch.setattr(data, "load", lambda name: fewer(load(name)))
    text = (ROOT / file).read_text(encoding="utf-8").replace("length=20", "length=2")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks
    namespace = {}
    tf.config.run_functions_eagerly(True)
    try:
        for block in blocks:
            exec(compile(block, file, "exec"), namespace)
    except data.DataError as error:
        pytest.skip(f"without the data: {error}")
    finally:
        tf.config.run_functions_eagerly(False)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= 9_000
