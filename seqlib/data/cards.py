"""Data cards: one TOML file a data set, found, read and validated.

They stand in ``datasets/`` of the repository and in ``seqlib/datasets`` of an installed package.
"""

import difflib
import functools
import importlib.util
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from seqlib.data import cache
from seqlib.data.cache import DataError
from seqlib.data.schema import Member, Source, Wheel

_URL = re.compile(r"https?://\S+")


class UnknownDataSet(DataError, ValueError):
    """There is no card of that name."""


@dataclass(frozen=True)
class Card:
    """What a data set is and where it comes from; a subclass for each kind of origin."""

    name: str  # for `load` and `fetch`; also the name of the card's file
    title: str  # a few words
    kind: str  # "archive", "canonical", "package", "generated" or "written"
    description: str
    contents: str  # what is in it, counted
    license: str  # its name
    citation: str  # whom to cite
    loads: str = ""  # what `load` returns; empty where it does not read this data set
    license_url: str = ""
    canonical: str = ""  # address of the makers' own page
    notebooks: tuple = ()  # those that use it
    restrictions: str = ""  # what the license forbids or asks; printed when it is loaded
    notes: str = ""  # what to know before using it
    requires: tuple = ()  # Python packages needed beyond those of seqlib
    archive: Wheel | None = None  # kind "archive" only
    members: tuple = ()  # the files kept from it
    sources: tuple = ()  # the files at the canonical address, where they are plain files

    @property
    def origin(self):
        """Where it comes from, in a few words."""
        raise NotImplementedError

    def files(self):
        """Return where its files are or will be, a dict from file name to path."""
        return {}

    def state(self):
        """Return in a word or two whether it is on this machine."""
        return self.kind

    @property
    def is_fetched(self):
        """Whether it is fetched, from an archive or from its makers' own address."""
        return bool(self.members or self.sources)

    @property
    def download_size(self):
        """Bytes to download: the archive, else the canonical files; 0 where that is not known."""
        return self.archive.size if self.archive else sum(source.size for source in self.sources)

    @property
    def kept_size(self):
        """Bytes kept in the cache folder."""
        return sum(member.size for member in self.members) or self.download_size

    def member(self, file):
        """Return the member kept as `file`, or None."""
        return next((member for member in self.members if member.file == file), None)

    def notice(self):
        """Return the lines shown when a data set with limits is loaded, or an empty string."""
        if not self.restrictions:
            return ""
        return (
            f"{self.title} ({self.name}): {self.restrictions}\n"
            f"License: {self.license}\nPlease cite: {self.citation}"
        )

    def __str__(self):
        rows = [
            ("", self.description),
            ("contents", self.contents),
            ("load()", self.loads),
            ("notes", self.notes),
            ("from", self.origin),
            ("download", self.download_size and megabytes(self.download_size)),
            ("files", ", ".join(self.files())),
            ("license", " ".join(filter(None, (self.license, self.license_url)))),
            ("limits", self.restrictions),
            ("cite", self.citation),
            ("canonical", self.canonical),
            ("requires", ", ".join(self.requires)),
            ("notebooks", ", ".join(self.notebooks)),
        ]
        lines = [f"{self.title} ({self.name})"]
        lines += [f"{label:<10} {' '.join(value.split())}" for label, value in rows if value]
        return "\n".join(lines)


class Archived(Card):
    """A data set whose files are members of a pinned wheel."""

    @property
    def origin(self):
        """See `Card`."""
        return f"the package index ({self.archive})"

    def files(self):
        """See `Card`."""
        return {member.file: cache.path_of(self, member.file) for member in self.members}

    def state(self):
        """See `Card`."""
        absent, damaged = cache.missing(self)
        return "damaged" if damaged else "not fetched" if absent else "fetched"


class Canonical(Card):
    """A data set that only its makers' own address has, without a hash."""

    origin = "its makers' own address"

    def files(self):
        """See `Card`."""
        return {source.file: cache.path_of(self, source.file) for source in self.sources}

    def state(self):
        """See `Card`."""
        return "fetched" if all(map(cache.is_whole, self.files().values())) else "not fetched"


class Packaged(Card):
    """A data set that comes with an ordinary Python package."""

    @property
    def origin(self):
        """See `Card`."""
        return f"the installed package {', '.join(self.requires)}"

    def state(self):
        """See `Card`."""
        found = all(importlib.util.find_spec(name.replace("-", "_")) for name in self.requires)
        return "installed" if found else f"needs {', '.join(self.requires)}"


class Generated(Card):
    """A data set that code makes."""

    origin = "code of this course, with a seed"


class Written(Card):
    """A data set written for the course: a table beside its card."""

    origin = "this course, for which it was written"

    def files(self):
        """See `Card`."""
        return {f"{self.name}.csv": folder() / f"{self.name}.csv"}


KINDS = {
    "archive": Archived,
    "canonical": Canonical,
    "package": Packaged,
    "generated": Generated,
    "written": Written,
}


def megabytes(size):
    """Write a number of bytes in kB, MB or GB."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def folder():
    """Return the folder that holds the cards: inside an installed package, else of the checkout."""
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
    """Return the names of all data sets, a list of strings in alphabetical order.

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

    Example:
        >>> card("dinosaurs").license
        'CC0 1.0'
    """
    known = names()
    if name not in known:
        close = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
        raise UnknownDataSet(
            f"No data set is called {name!r}. {hint}There are: {', '.join(known)}."
        )
    return _read(folder() / f"{name}.toml")


@functools.lru_cache
def _read(path):
    """Read and validate one card file."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"The card {path} is not valid TOML: {error}") from None
    where = f"The card {path.name}"
    if "archive" in table:
        table["archive"] = _build(Wheel, table["archive"], f"{where}, [archive]")
    kinds = {"members": Member, "sources": Source, "notebooks": None, "requires": None}
    for key, kind in kinds.items():
        rows = table.get(key, [])
        if not isinstance(rows, list):
            raise DataError(f"{where}: {key} is {rows!r}; it must be a list.")
        if kind:
            rows = [_build(kind, row, f"{where}, [[{key}]]") for row in rows]
        table[key] = tuple(rows)
    made = _build(KINDS.get(str(table.get("kind")), Card), table, where)
    for problem in _problems(made, path.stem):
        raise DataError(f"{where}: {problem}.")
    return made


def _build(record, table, where):
    """Make a dataclass from a TOML table; name every key that is unknown, missing or mistyped."""
    if not isinstance(table, dict):
        raise DataError(f"{where} is {table!r}; it must be a table.")
    allowed = {item.name: item for item in fields(record)}
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        raise DataError(f"{where}: unknown {', '.join(unknown)}; allowed are {', '.join(allowed)}.")
    for key, value in table.items():
        expected = allowed[key].type
        if expected in (str, int, tuple) and type(value) is not expected:
            raise DataError(f"{where}: {key} is {value!r}; it must be of type {expected.__name__}.")
    try:
        return record(**table)
    except ValueError as error:
        raise DataError(f"{where}: {error}.") from None
    except TypeError as error:  # a field is missing
        raise DataError(f"{where}: {str(error).partition(') ')[2]}.") from None


def _problems(card, stem):
    """Yield what is wrong with the values of a card, a sentence each."""
    if card.name != stem:
        yield f"name is {card.name!r}, but the file is {stem}.toml"
    for key in ("title", "description", "contents", "license", "citation"):
        if not getattr(card, key).strip():
            yield f"{key} is empty"
    if card.kind not in KINDS:
        yield f"kind is {card.kind!r}; allowed are {', '.join(KINDS)}"
    if {isinstance(card, Archived)} != {bool(card.archive), bool(card.members)}:
        yield "kind 'archive' goes with [archive] and [[members]], and no other kind does"
    if isinstance(card, Canonical) and not card.sources:
        yield "kind 'canonical' needs [[sources]]"
    if isinstance(card, Packaged) and not card.requires:
        yield "kind 'package' needs requires"
    for url in filter(None, (card.license_url, card.canonical, *(s.url for s in card.sources))):
        if not _URL.fullmatch(url):
            yield f"{url!r} is not an http or https address"
    for name in (*card.notebooks, *card.requires):
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name):
            yield f"{name!r} names neither a notebook nor a package"
    if max(card.download_size, card.kept_size) >= 2**63:
        yield "a size is beyond that of any disk"
    if len({member.file for member in card.members}) < len(card.members):
        yield "two members are kept under one name"
