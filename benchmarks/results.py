"""The record of a run: ``results.json``.

It has ``machine`` (what it stands on), ``date``, ``seconds`` (time for each pair), ``rows`` and
``summary``. A row says what was measured (``benchmark``, ``layer``, ``what``, ``shape``, ``unit``)
and holds what `benchmarks.turns.compare` returns: ``milliseconds`` of each contestant for one unit,
and ``ratios`` to the first of them, seqlib. Rows of layers also have ``floors``: the matrix
products alone, by the library that was fastest at them, and their share of seqlib's time; ``path``,
the way that our layer took; and ``torch layout``, the one in which PyTorch was fastest.
"""

import datetime
import json
import statistics
from pathlib import Path

from benchmarks import machine
from seqlib.files import write_text

DIGITS = 4  # significant ones that are kept


def record(rows, seconds):
    """Return the record of a run."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine.description(),
        "seconds": seconds,
        "rows": rows,
        "summary": summary(rows),
    }


def summary(rows):
    """Return the ratios of the layers over all shapes, one step at batch 1 left out."""
    ratios = {}
    for row in rows:
        if row["benchmark"] == "recurrent" and not is_one_step(row):
            for against, ratio in row["ratios"].items():
                key = row["layer"], row["what"], against
                ratios.setdefault(key, []).append(ratio["median"])
    names = ("layer", "what", "against")
    return [
        {
            **dict(zip(names, key, strict=True)),
            "median": statistics.median(found),
            "least": min(found),
            "greatest": max(found),
            "shapes": len(found),
        }
        for key, found in ratios.items()
    ]


def is_one_step(row):
    """Return whether a row is about a single step of a layer."""
    return row["shape"].get("time") == 1


def write(path, content):
    """Write a record as JSON, whole or not at all."""
    text = json.dumps(_rounded(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read(path):
    """Return the record in a file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
