"""A notebook's headline figures: shown, recorded, compared with a baseline, asserted.

The last code cell of a notebook reads::

    results = Results("1-2_dinosaur_names")
    results.add("held-out loss", loss, unit="nats/char", baseline=("5-gram", other), at_most=1.6)
    results.finish()

Each run writes ``results/<notebook>.json`` beside the notebook, or into the folder that
``SEQLIB_RESULTS`` names. The table of the README is made from these files:
``python -m course.results README.md``.
"""

import argparse
import json
import math
import numbers
import os
import sys
from pathlib import Path

from course import session
from course.publishing.tables import html_table, text_table, with_table
from seqlib.files import write_text

DIGITS = 4  # significant digits kept of every figure


class Results:
    """The figures that a notebook stands by.

    Args:
        notebook: Name of the notebook, without ``.ipynb``.

    Example:
        >>> results = Results("an_example")
        >>> results.add("accuracy", 0.98, baseline=("majority", 0.5), at_least=0.95)
        >>> results.finish()  # doctest: +ELLIPSIS
        result ...
    """

    def __init__(self, notebook):
        self.notebook = notebook
        self._rows = []
        self._exact = []
        self._finished = False

    def add(
        self, name, value, *, unit="", baseline=None, published=None, at_most=None, at_least=None
    ):
        """Add a figure.

        Args:
            name: What was measured; used once.
            value: The figure, a number.
            unit: Its unit.
            baseline: Pair of what it is compared with and the figure of that.
            published: Pair of a published figure and its source.
            at_most: Largest value that will do.
            at_least: Smallest value that will do.

        Raises:
            ValueError: The name is taken, or both `at_most` and `at_least` are given.
            TypeError: A figure is not a number, or a pair is not a pair.
        """
        if any(row["name"] == name for row in self._rows):
            raise ValueError(f"There is a result named {name!r} already; give each its own name.")
        if at_most is not None and at_least is not None:
            raise ValueError(f"{name!r}: give at_most or at_least, not both; got both.")
        label, compared = _pair(name, "baseline", "(label, value)", baseline)
        figure, source = _pair(name, "published", "(value, source)", published)
        direction = {(True, False): "at most", (False, True): "at least"}.get(
            (at_most is not None, at_least is not None)
        )
        threshold = at_most if at_least is None else at_least
        self._exact.append(_number(name, "value", value))
        self._rows.append(
            {
                "name": name,
                "value": _rounded(self._exact[-1]),
                "unit": unit,
                "baseline": _rounded(_number(name, "baseline", compared)),
                "baseline_label": label,
                "published": _rounded(_number(name, "published", figure)),
                "source": source,
                # A threshold is meant to the last digit.
                "threshold": _number(name, direction, threshold),
                "direction": direction,
            }
        )

    def finish(self):
        """Show the table, write the record, and assert every threshold.

        The ``quick`` profile shows and does no more: its figures say nothing about quality. A
        notebook that runs elsewhere than beside a ``results`` folder writes nothing.

        Raises:
            AssertionError: Thresholds are missed; all of them are named. NaN misses any.
            RuntimeError: It was called before.
        """
        if self._finished:
            raise RuntimeError("finish() was called before; make a new Results to record again.")
        self._finished = True
        seconds = session.seconds()
        record = {
            "notebook": self.notebook,
            "profile": session.profile(),
            "seconds": None if seconds is None else round(seconds, 1),
            "results": self._rows,
        }
        _show(record)
        if record["profile"] == "quick":
            return
        folder = self._folder()
        if folder is not None:
            write_text(folder / f"{self.notebook}.json", dumps(record))
        missed = [
            f"{row['name']}: {value:.6g}, must be {_demand(row)}"
            for row, value in zip(self._rows, self._exact, strict=True)
            if not reaches(value, row)
        ]
        if missed:
            raise AssertionError(
                f"{len(missed)} of {len(self._rows)} results miss their threshold:\n  "
                + "\n  ".join(missed)
            )

    def _folder(self):
        named = os.environ.get("SEQLIB_RESULTS")
        if named:
            folder = Path(named)
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        # A learner's copy must not overwrite the record of the worked notebook, so the folder
        # counts only where the notebook of that name stands beside it.
        beside = Path(f"{self.notebook}.ipynb").exists() and Path("results").is_dir()
        return Path("results") if beside else None


def reaches(value, row):
    """Tell whether a value reaches the threshold of its row; NaN reaches none.

    Example:
        >>> reaches(0.9, {"direction": "at least", "threshold": 0.8})
        True
        >>> reaches(math.nan, {"direction": "at most", "threshold": 0.8})
        False
    """
    if row["direction"] is None:
        return math.isfinite(value)
    if row["direction"] == "at most":
        return value <= row["threshold"]
    return value >= row["threshold"]


def _demand(row):
    return "finite" if row["direction"] is None else f"{row['direction']} {row['threshold']:.6g}"


def dumps(record):
    r"""Return a record as JSON that is the same text for the same figures.

    Example:
        >>> dumps({"notebook": "a", "results": []}).endswith("\n")
        True
    """
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _pair(name, argument, form, pair):
    if pair is None:
        return None, None
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name!r}: {argument} must be a pair {form}; got {pair!r}.")
    return pair


def _number(name, argument, value):
    """Return a plain int or float of a number, NumPy scalar or tensor; None stays None."""
    if value is None and argument != "value":
        return None
    try:
        value = value.item() if hasattr(value, "item") else value
        if hasattr(value, "numpy"):  # a TensorFlow tensor has no `item`
            value = value.numpy().item()
    except (TypeError, ValueError):
        pass
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name!r}: {argument} must be a number; got {value!r}.")
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def _rounded(value):
    """Round to the digits that are kept; what is not finite becomes None, as JSON has no NaN."""
    if value is None or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def _show(record):
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = display = None
    if get_ipython is None or get_ipython() is None:
        print(text_table(record))
    else:
        content = {"text/plain": text_table(record), "text/html": html_table(record)}
        display(content, raw=True)


def read_records(folder):
    """Return the records of a folder, in the order of their notebooks.

    Args:
        folder: Folder of JSON files as `Results.finish` writes them.

    Returns:
        List of dicts.

    Example:
        >>> read_records("a folder that is not there")
        []
    """
    return [read_record(path) for path in sorted(Path(folder).glob("*.json"))]


def read_record(path):
    """Return the record in one file.

    Args:
        path: The JSON file.

    Returns:
        Dict as `Results.finish` makes it.
    """
    return json.loads(Path(path).read_text(encoding="utf-8"))


def main(arguments=None):
    """Rewrite the results table of a README from the records in ``notebooks/results`` beside it.

    Args:
        arguments: Command line, that of the process where None.

    Returns:
        Exit code: 0, or 1 where ``--check`` finds the table out of step or the markers are missing.

    Example:
        >>> main(["no such file.md"])
        no such file.md: there is no such file.
        1
    """
    parser = argparse.ArgumentParser(
        prog="python -m course.results", description=main.__doc__.splitlines()[0]
    )
    parser.add_argument("readme", type=Path, help="file that holds the two markers")
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    options = parser.parse_args(arguments)
    if not options.readme.is_file():
        print(f"{options.readme}: there is no such file.")
        return 1
    text = options.readme.read_text(encoding="utf-8")
    try:
        new = with_table(text, read_records(options.readme.parent / "notebooks" / "results"))
    except ValueError as error:
        print(f"{options.readme}: {error}")
        return 1
    if new == text:
        return 0
    if options.check:
        print(
            f"{options.readme}: the results table is out of step; run "
            f"python -m course.results {options.readme}"
        )
        return 1
    write_text(options.readme, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
