"""A shelf of small made-up data sets, so that no test of the machinery needs a network."""

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

from seqlib.data import DataError

CARD = {
    "title": "A made-up set",
    "description": "Made for a test.",
    "contents": "a few lines",
    "license": "CC0 1.0",
    "citation": "Nobody: Nothing. 2020.",
    "canonical": "https://example.org/",
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def make_wheel(package, version, files):
    """Return the bytes of a wheel that pip accepts."""
    info = f"{package}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    files = files | {
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        for path, content in sorted(files.items()):
            wheel.writestr(zipfile.ZipInfo(path), content)  # no time stamp: the same bytes again
    return buffer.getvalue()


def to_toml(card):
    """Write a card; JSON's strings, numbers and lists of strings are TOML as well."""
    plain = {k: v for k, v in card.items() if k not in ("archive", "members", "sources")}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    if "archive" in card:
        lines += ["[archive]"] + [f"{k} = {json.dumps(v)}" for k, v in card["archive"].items()]
    for key in ("members", "sources"):
        for row in card.get(key, ()):
            lines += [f"[[{key}]]"] + [f"{k} = {json.dumps(v)}" for k, v in row.items()]
    return "\n".join(lines) + "\n"


class Shelf:
    """A folder of wheels that pip is pointed to, a folder of cards, and an empty cache folder."""

    def __init__(self, folder):
        self.folder = folder
        self.index, self.cards, self.cache = (
            folder / name for name in ("index", "cards", "data folder, größer")
        )
        self.index.mkdir()
        self.cards.mkdir()

    @property
    def wheel(self):
        """The one wheel on the shelf."""
        (path,) = self.index.glob("*.whl")
        return path

    def write(self, name, /, **fields):
        """Write a card of any kind."""
        card = {"name": name, **CARD, **fields}
        (self.cards / f"{name}.toml").write_text(to_toml(card), encoding="utf-8")

    def add(self, name, wanted, *, package=None, extra=None, **fields):
        """Put a wheel on the index and write the card of the members that are wanted from it.

        `wanted` maps a path in the wheel to its content; `extra` files are in the wheel only.
        """
        package = package or f"{name}_archive"
        wheel = make_wheel(package, "1.0", wanted | (extra or {}))
        (self.index / f"{package}-1.0-py3-none-any.whl").write_bytes(wheel)
        fields.setdefault(
            "members",
            [
                {
                    "file": path.rpartition("/")[2],
                    "path": path,
                    "sha256": sha256(content),
                    "size": len(content),
                }
                for path, content in wanted.items()
            ],
        )
        archive = {"package": package, "version": "1.0", "sha256": sha256(wheel)}
        archive |= {"size": len(wheel)} | fields.pop("archive", {})
        self.write(name, kind="archive", archive=archive, **fields)

    def download(self, wheel, folder, progress):
        """Stand in for pip, which takes a second: copy a wheel from the shelf into a folder."""
        path = self.index / f"{wheel.package}-{wheel.version}-py3-none-any.whl"
        if not path.exists():
            raise DataError(f"there is no {wheel} on the shelf")
        progress(path.stat().st_size)
        return Path(shutil.copy(path, folder))

    def left(self):
        """Return all that is in the cache folder, lock files apart."""
        files = (path for path in self.cache.rglob("*") if path.is_file())
        names = (path.relative_to(self.cache).as_posix() for path in files)
        return sorted(name for name in names if not name.startswith(".locks/"))
