"""A notebook's headline figures: shown, recorded, compared with a baseline, asserted.

Each run writes ``results/<notebook>.json`` beside the notebook, or into the folder that
``SEQLIB_RESULTS`` names.
"""

import html
import json
import math
import numbers
import os
import sys
from pathlib import Path

from course import session
from seqlib.files import write_text

DIGITS = 4  # significant digits kept of every figure
MEGABYTES = 4000  # of memory that a notebook may take at its peak: half of a small laptop
COLUMNS = ("result", "value", "baseline", "published", "must be")


class Results:
    """The figures that a notebook stands by, added and finished in its last code cell.

    Example:
        >>> results = Results("an_example")
        >>> results.add("accuracy", 0.98, baseline=("majority", 0.5), at_least=0.95)
        >>> results.finish()  # doctest: +SKIP
    """

    def __init__(self, notebook):
        self.notebook = notebook
        self._rows = []
        self._exact = []
        self._finished = False

    def add(
        self, name, value, *, unit="", baseline=None, published=None, at_most=None, at_least=None
    ):
        """Add a figure under a name of its own, with the least or the largest value that will do.

        `baseline` is a pair of what it is compared with and the figure of that, `published` a pair
        of a published figure and its source.
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
        exact = _number(name, "value", value)
        row = {
            "name": name,
            "value": _rounded(exact),
            "unit": unit,
            "baseline": _rounded(_number(name, "baseline", compared)),
            "baseline_label": label,
            "published": _rounded(_number(name, "published", figure)),
            "source": source,
            # A threshold is meant to the last digit.
            "threshold": _number(name, direction, threshold),
            "direction": direction,
        }
        self._rows.append(row)  # only now: a figure that is refused leaves nothing behind
        self._exact.append(exact)

    def finish(self):
        """Show the table, write the record, and assert every threshold; NaN misses any.

        The ``quick`` profile shows and does no more. A notebook that runs elsewhere than beside a
        ``results`` folder writes nothing. What is written in the default profile is held to
        `MEGABYTES` of memory too, but on a GPU, whose libraries alone take as much.
        """
        if self._finished:
            raise RuntimeError("finish() was called before; make a new Results to record again.")
        self._finished = True
        seconds = session.seconds()
        record = {
            "notebook": self.notebook,
            "profile": session.profile(),
            "seconds": None if seconds is None else round(seconds, 1),
            "megabytes": peak_megabytes(),
            "results": self._rows,
        }
        _show(record)
        if record["profile"] != "quick":
            self._write(record)
            self._assert(record)

    def _write(self, record):
        folder = self._folder()
        if folder is not None:
            write_text(folder / f"{self.notebook}.json", dumps(record))

    def _assert(self, record):
        missed = [
            f"{row['name']}: {value:.6g}, must be {_demand(row)}"
            for row, value in zip(self._rows, self._exact, strict=True)
            if not reaches(value, row)
        ]
        if self._folder() is not None and not fits_a_laptop(record) and not _on_gpu():
            missed.append(
                f"peak of memory: {record['megabytes']:,} MB, must be at most {MEGABYTES:,}"
            )
        if missed:
            raise AssertionError(
                f"{len(missed)} of the results miss their threshold:\n  " + "\n  ".join(missed)
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
    """Tell whether a value reaches the threshold of its row; NaN reaches none."""
    if row["direction"] is None:
        return math.isfinite(value)
    if row["direction"] == "at most":
        return value <= row["threshold"]
    return value >= row["threshold"]


def fits_a_laptop(record):
    """Tell whether a run of the default profile took no more memory than it may."""
    megabytes = record.get("megabytes")  # older records have none
    return record["profile"] != "default" or megabytes is None or megabytes <= MEGABYTES


def _on_gpu():
    from course import machine  # it imports Keras

    return bool(machine.accelerators())


def _demand(row):
    return "finite" if row["direction"] is None else f"{row['direction']} {row['threshold']:.6g}"


def peak_megabytes():
    """Return the most memory that this process has held, in MB; None where no one tells."""
    if sys.platform == "linux":
        # `getrusage` would count the process that started this one, where that was larger.
        text = Path("/proc/self/status").read_text(encoding="utf-8")
        kept = [line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")]
        return round(int(kept[0]) * 1024 / 1e6) if kept else None
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def dumps(record):
    """Return a record as JSON that is the same text for the same figures."""
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


def figure(value, unit=""):
    """Return a figure as it is read, with its unit; None is what JSON has for NaN."""
    if value is None:
        return "not finite"
    if isinstance(value, int):
        text = f"{value:,}"
    else:
        text = f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def cells(row):
    """Return one item of a record's results as the five texts of a table row."""
    baseline = published = threshold = ""
    if row["baseline_label"] is not None:
        baseline = f"{figure(row['baseline'])} ({row['baseline_label']})"
    if row["source"] is not None:
        published = f"{figure(row['published'])} ({row['source']})"
    if row["direction"] is not None:
        threshold = f"{row['direction']} {figure(row['threshold'])}"
    return row["name"], figure(row["value"], row["unit"]), baseline, published, threshold


def caption(record):
    """Return the line under a notebook's table: profile, time, peak of memory."""
    parts = [f"profile {record['profile']}"]
    if record["seconds"] is not None:
        parts.append(f"{record['seconds']:.0f} s")
    if record.get("megabytes") is not None:
        parts.append(f"{record['megabytes'] / 1000:.1f} GB of memory at its peak")
    warning = "; a quick run says nothing about quality" if record["profile"] == "quick" else ""
    return ", ".join(parts) + warning


def text_table(record):
    """Return a record as aligned text."""
    rows = [COLUMNS, *map(cells, record["results"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, caption(record)])


def html_table(record):
    """Return a record as an HTML table."""

    def line(tag, texts):
        return "".join(f'<{tag} style="text-align:left">{html.escape(t)}</{tag}>' for t in texts)

    body = "\n".join(f"<tr>{line('td', cells(row))}</tr>" for row in record["results"])
    return (
        f"<table>\n<thead><tr>{line('th', COLUMNS)}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n<p><em>{html.escape(caption(record))}</em></p>"
    )
