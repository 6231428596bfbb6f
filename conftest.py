"""How notebooks run under pytest: silent, without traces in the tree, and with no way to hang.

nbval 0.11 leaves three holes, closed here. A kernel that dies is waited for until the time-out of
the cell; a cell with an unknown magic passes, because IPython reports a ``UsageError`` in the reply
alone; and so does a cell that took too long and swallowed the interrupt.
"""

import functools
import importlib.util
import json
import os
import shutil
import tempfile
import time
from queue import Empty

import pytest

# The learner's copies raise by design; `tests/notebooks` runs them.
collect_ignore_glob = ["notebooks/exercises/*"]

# PyTorch's own kernels can only be imported where PyTorch is installed.
collect_ignore = [] if importlib.util.find_spec("torch") else ["seqlib/layers/fused/on_torch.py"]

_made = pytest.StashKey[str]()


def pytest_configure(config):
    """Set what kernels inherit, and close the holes."""
    os.environ["SEQLIB_PROGRESS"] = "off"
    if "SEQLIB_RESULTS" not in os.environ:
        config.stash[_made] = os.environ["SEQLIB_RESULTS"] = tempfile.mkdtemp(prefix="seqlib-")
    try:
        from nbval.kernel import RunningKernel
    except ImportError:  # the package can be tested without its notebooks
        return
    RunningKernel.await_reply = _await_reply


def pytest_unconfigure(config):
    """Remove the folder of results that `pytest_configure` made."""
    if _made in config.stash:
        shutil.rmtree(config.stash[_made], ignore_errors=True)
        del os.environ["SEQLIB_RESULTS"]


def pytest_collection_modifyitems(config, items):
    """Hand out the longest files first where processes share them, so that all end together.

    xdist keeps this order with ``--dist loadfile --no-loadscope-reorder`` alone.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _length(item.path), reverse=True)


@functools.cache
def _length(path):
    """Return the seconds that a notebook took when it was committed, and the size of a file."""
    record = path.parent / "results" / f"{path.stem}.json"
    seconds = 0.0
    if path.suffix == ".ipynb" and record.is_file():
        seconds = json.loads(record.read_text(encoding="utf-8"))["seconds"] or 0.0
    return seconds, path.stat().st_size


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a cell that ran out of time, even where it ended without an error when interrupted."""
    before = getattr(item.parent, "timed_out", False)
    result = yield
    if not before and getattr(item.parent, "timed_out", False):
        pytest.fail("This cell took longer than --nbval-cell-timeout allows.", pytrace=False)
    return result


def _await_reply(kernel, msg_id, timeout=None):
    """Wait for the reply to one request, as nbval does, while looking at the kernel each second.

    Raises:
        queue.Empty: `timeout` seconds passed without a message; nbval interrupts the cell then.
        RuntimeError: The kernel died, gave the request up, or met an unknown magic.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            message = kernel.get_message(stream="shell", timeout=1)
        except Empty:
            if not kernel.is_alive():
                raise RuntimeError("The kernel died while it ran this cell.") from None
            if deadline is not None and time.monotonic() > deadline:
                raise
            continue
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        reply = message["content"]
        if reply["status"] == "aborted":
            raise RuntimeError("The kernel gave up the request to run this cell.")
        if reply.get("ename") == "UsageError":
            raise RuntimeError(f"UsageError: {reply.get('evalue')}")
        return
