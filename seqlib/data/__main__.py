"""Command line: ``python -m seqlib.data list``, ``show NAME`` and ``fetch NAME ...``."""

import argparse
import importlib.util
import sys

from seqlib.data import cache, cards, fetching
from seqlib.data.errors import DataError
from seqlib.data.schema import megabytes


def main(arguments=None):
    """Run one command.

    Args:
        arguments: List of strings; the command line by default.

    Returns:
        The exit code: 0, or 1 where something could not be had.
    """
    parser = argparse.ArgumentParser(prog="python -m seqlib.data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all data sets: size, what is on this machine, what they are")
    show = commands.add_parser("show", help="the whole card of a data set")
    show.add_argument("names", nargs="+", metavar="NAME")
    get = commands.add_parser("fetch", help="fetch data sets, verify them and keep them")
    get.add_argument("names", nargs="+", metavar="NAME", help="names, or: all")
    get.add_argument("--source", choices=fetching.SOURCES, help="where from (default: the archive)")
    get.add_argument("--path", help="a file or folder that you already have, instead of fetching")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "list":
            print(listing())
        elif chosen.command == "show":
            print("\n\n".join(str(cards.card(name)) for name in chosen.names))
        else:
            return _fetch(chosen)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; nothing half-written was left.", file=sys.stderr)
        return 130
    return 0


def listing():
    """Return the table of data sets with their sizes and where they stand.

    Returns:
        A string of several lines.
    """
    rows = [("name", "download", "on disk", "state", "what it is")]
    for name in cards.names():
        card = cards.card(name)
        fetched = card.kind in ("archive", "canonical")
        rows.append(
            (
                name,
                megabytes(card.download_size) if fetched and card.download_size else "-",
                megabytes(card.kept_size) if fetched and card.kept_size else "-",
                state(card),
                card.title,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([f"Data folder: {cache.root()}   (SEQLIB_DATA chooses another)", "", *lines])


def state(card):
    """Return in a word or two whether a data set is on this machine.

    Args:
        card: A ``schema.Card``.

    Returns:
        A string.
    """
    if card.kind == "package":
        found = all(importlib.util.find_spec(name.replace("-", "_")) for name in card.requires)
        return "installed" if found else f"needs {', '.join(card.requires)}"
    if card.kind == "archive":
        absent, damaged = cache.missing(card)
        if damaged:
            return "damaged"
        return "fetched" if not absent else "not fetched"
    if card.kind == "canonical":
        whole = all(cache.sealed(cache.place(card, source.file)) for source in card.sources)
        return "fetched" if whole else "not fetched"
    return card.kind


def _fetch(chosen):
    """Fetch the data sets named, go on after a failure, and return the exit code."""
    names, left_out = chosen.names, []
    if "all" in names:
        by_name = {name: cards.card(name) for name in cards.names()}
        names = [name for name, card in by_name.items() if card.kind == "archive"]
        left_out = [name for name, card in by_name.items() if card.kind == "canonical"]
    failures = 0
    for name in names:
        try:
            card = cards.card(name)
            if card.kind not in ("archive", "canonical"):
                print(f"{name}: nothing to fetch, it is {fetching.explain(card)}.")
                continue
            files = fetching.fetch(name, source=chosen.source, path=chosen.path)
            size = megabytes(sum(path.stat().st_size for path in files.values()))
            print(f"{name}: {len(files)} verified, {size}, in {cache.root() / name}", flush=True)
        except DataError as error:
            failures += 1
            print(error, file=sys.stderr, flush=True)
    if left_out:
        print(f"Not part of 'all', because only their own address has them: {', '.join(left_out)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
