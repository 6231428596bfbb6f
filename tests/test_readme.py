"""The Python of the READMEs runs as written, one block after the other."""

import re
from pathlib import Path

import pytest

from seqlib.data import DataError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("file", ["README.md", "seqlib/README.md"])
def test_blocks_of_python_run_in_one_process(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks
    namespace = {}
    for block in blocks:
        try:
            exec(compile(block, file, "exec"), namespace)
        except DataError as error:
            pytest.skip(f"without the data: {error}")


def test_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= 9_000
