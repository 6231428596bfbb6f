"""The first command of the README opens the course: started for real, asked for its page, ended."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SECONDS = 60  # to wait for the server at most; it takes about five


@pytest.fixture
def server(tmp_path):
    """Start ``make lab`` in the environment of these tests; yield its process and its log."""
    if shutil.which("make") is None or not Path(sys.prefix, "bin", "python").exists():
        pytest.skip("make lab needs make, and an environment with a folder bin")
    # The environment and the data are taken as they are: nothing is installed or fetched.
    command = ["make", "lab", f"VENV={sys.prefix}", f"--old-file={sys.prefix}/.ready"]
    settings = {f"JUPYTER_{name}_DIR": str(tmp_path) for name in ("CONFIG", "DATA", "RUNTIME")}
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "MAKEFLAGS", "MAKELEVEL")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    log = tmp_path / "log.txt"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [*command, "--old-file=data", "LAB=--no-browser --port 0"],
            cwd=ROOT,
            env={**kept, **settings},
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    for _ in range(100):  # until nothing of it is left
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("JupyterLab goes on after it was ended.")


def test_make_lab_opens_the_learners_first_notebook(server):
    process, log = server
    end = time.monotonic() + SECONDS
    while not (found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*", log.read_text("utf-8"))):
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < end, log.read_text("utf-8")
        time.sleep(0.2)
    address, copy = found[0], "notebooks/exercises/0-0_start_here.ipynb"
    assert f"/lab/tree/{copy}?token=" in address
    with urllib.request.urlopen(address, timeout=SECONDS) as page:
        assert b"JupyterLab" in page.read()
    contents = address.replace("lab/tree", "api/contents")
    with urllib.request.urlopen(contents, timeout=SECONDS) as file:
        assert b"This is your copy" in file.read()
    if os.getuid() == 0:
        assert "--allow-root" in log.read_text("utf-8")
