"""The same tests on the other backends, for those that are installed.

A process has one backend, so each of the others runs the tests in a process of its own.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import pytest

NAMES = ("recurrent", "execution", "attention", "attention_masks", "positions", "crf")
NAMES += ("transformer", "transformer_model")
FILES = [f"tests/seqlib/layers/test_{name}.py" for name in NAMES]
FILES += ["tests/seqlib/test_saving.py", "tests/seqlib/decoding"]
ROOT = pathlib.Path(__file__).parents[3]


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_layers_on_another_backend(backend):
    if backend == keras.backend.backend() or importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is the backend of this run, or is not installed")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FILES]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
