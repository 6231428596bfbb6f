"""Run notebooks from the top and write them back as they are committed.

``python -m course.publishing.run`` runs all of ``notebooks/``, or those that are named. A notebook
that fails leaves everything as it was. After a run of the default profile the learner's copies, the
table of results and the README's picture are brought into step; another profile writes nothing.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import ipykernel.kernelspec
import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from course import session
from course.publishing import committed, exercises, picture, tables
from course.results import figure
from seqlib.files import write_text

_COLORS = re.compile(r"\x1b\[[0-9;]*m")


class RunError(RuntimeError):
    """A notebook did not run to its end, or is not fit to be committed."""


class _ThisEnvironment(KernelSpecManager):
    """Start the kernel in the Python that runs this, whatever kernels the user has installed."""

    def get_kernel_spec(self, kernel_name):
        return KernelSpec(
            resource_dir=ipykernel.kernelspec.RESOURCES, **ipykernel.kernelspec.get_kernel_dict()
        )


def execute(path, staging, profile):
    """Execute a notebook in its own folder, its record into another, and return it cleaned."""
    notebook = nbformat.read(path, as_version=4)
    reached = {"cell": 0}

    def note(cell, cell_index):
        reached["cell"] = cell_index + 1

    manager = AsyncKernelManager(kernel_spec_manager=_ThisEnvironment())
    client = NotebookClient(
        notebook,
        km=manager,
        record_timing=False,
        on_cell_execute=note,
        # The kernel's own warnings at its start are of no interest to who runs a notebook.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    environment = {
        **os.environ,
        "SEQLIB_PROFILE": profile,
        "SEQLIB_PROGRESS": "off",
        "SEQLIB_RESULTS": str(staging),
    }
    try:
        # nbclient leaves a kernel manager that it was given running, unless told not to.
        client.execute(env=environment, cleanup_kc=True)
    except (CellExecutionError, DeadKernelError) as error:
        message = _COLORS.sub("", str(error)).strip()
        raise RunError(f"{path.name}, cell {reached['cell']} failed:\n{message}") from error
    return committed.clean(notebook)


def run(path, profile):
    """Run one notebook, write it and its record back (default profile), return the record."""
    with tempfile.TemporaryDirectory() as staging:
        notebook = execute(path, staging, profile)
        staged = Path(staging) / f"{path.stem}.json"
        text = staged.read_text(encoding="utf-8") if staged.exists() else None
    record = None if text is None else json.loads(text)
    if profile != "default":
        return record
    problems = committed.problems(notebook, record)
    if problems:
        raise RunError(
            "\n  ".join([f"{path.name} ran, but is not fit to be committed:", *problems])
        )
    write_text(path, nbformat.writes(notebook).rstrip("\n") + "\n")
    kept = path.parent / "results" / f"{path.stem}.json"
    if text is not None:
        kept.parent.mkdir(exist_ok=True)
        write_text(kept, text)
    else:
        kept.unlink(missing_ok=True)
    return record


def chosen(names, folder):
    """Return the files of the notebooks that are named, all where none is, or raise `RunError`."""
    there = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not there:
        raise RunError(f"There are no notebooks in {folder}; run this where the Makefile stands.")
    wanted = [Path(name).name.removesuffix(".ipynb") for name in names] or list(there)
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise RunError(
            f"There is no notebook {', '.join(unknown)} in {folder}; there is {', '.join(there)}."
        )
    return [there[name] for name in wanted]


def table(rows):
    """Return the lines that end a run: notebook, seconds, results."""
    width = max(len("notebook"), *(len(name) for name, *_ in rows))
    lines = [f"{'notebook':{width}}  seconds  results"]
    for name, seconds, record, failed in rows:
        shown = [
            f"{row['name']} {figure(row['value'], row['unit'])}"
            for row in (record or {"results": []})["results"]
        ]
        text = "failed" if failed else "; ".join(shown)
        lines.append(f"{name:{width}}  {seconds:7.0f}  {text}".rstrip())
    return "\n".join(lines)


def main(arguments=None):
    """Run notebooks from the top, write them back, print their results; return an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m course.publishing.run", description=__doc__.splitlines()[0]
    )
    parser.add_argument("notebooks", nargs="*", help="names, such as 1-2_dinosaur_names")
    parser.add_argument("--profile", choices=session.PROFILES, help="instead of SEQLIB_PROFILE")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"), help="where they are")
    options = parser.parse_args(arguments)
    try:
        profile = options.profile or session.profile()
        paths = chosen(options.notebooks, options.folder)
    except (RunError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if sys.platform == "win32":  # the sockets of a kernel need a loop that can watch them
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    rows = []
    for path in paths:
        print(f"{path.stem}: running, profile {profile} ...", flush=True)
        begun = time.perf_counter()
        record, failed = None, False
        try:
            record = run(path, profile)
        except RunError as error:
            failed = True
            print(error, file=sys.stderr, flush=True)
        rows.append((path.stem, time.perf_counter() - begun, record, failed))
    print(f"\n{table(rows)}")
    code = 1 if any(failed for *_, failed in rows) else 0
    return max(code, _bring_into_step(options.folder)) if profile == "default" else code


def _bring_into_step(folder):
    """Renew the learner's copies, the table of results and the picture; return an exit code."""
    if (folder / picture.FILE).exists():
        picture.write(folder)
    return max(step.main(["--notebooks", str(folder)]) for step in (exercises, tables))


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # a console may not know every sign that a cell prints
        stream.reconfigure(errors="replace")
    sys.exit(main())
