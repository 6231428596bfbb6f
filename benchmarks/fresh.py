"""Compare what begins with nothing: each call in a process of its own, with its peak of memory."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.turns import OtherPrograms, summed_up

ROOT = Path(__file__).resolve().parents[1]


def compare(contestants, path, rounds, environment, before=None):
    """Time loaders in turn, as `turns.compare` does with functions."""
    calls = {
        name: [_run(loader, path, environment, before)] for name, loader in contestants.items()
    }
    _check_agreement({name: found[0] for name, found in calls.items()})
    with OtherPrograms() as others:
        for _ in range(rounds):
            for name, loader in contestants.items():
                calls[name].append(_run(loader, path, environment, before))
    seconds = {name: [one["seconds"] for one in found[1:]] for name, found in calls.items()}
    megabytes = {
        name: statistics.median(one["megabytes"] for one in found[1:])
        for name, found in calls.items()
        if found[0]["megabytes"] is not None
    }
    first_calls = {name: found[0]["seconds"] for name, found in calls.items()}
    return {**summed_up(seconds, first_calls, others.share), "megabytes": megabytes}


def _run(loader, path, environment, before):
    if before is not None:
        before()
    command = [sys.executable, "-m", "benchmarks.loaders", loader, str(path)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{loader} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _check_agreement(found):
    """Raise where the loaders do not find the same words and vectors."""
    (first, ours), *rest = found.items()
    for name, theirs in rest:
        same = abs(theirs["sum"] - ours["sum"]) <= 1e-4 * max(abs(ours["sum"]), 1)
        if theirs["words"] != ours["words"] or not same:
            raise RuntimeError(f"{name} does not load what {first} loads: {theirs}, {ours}.")
