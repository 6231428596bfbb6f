"""Command line: ``python -m seqlib.data list``, ``show NAME``, ``fetch NAME ...`` and ``table``."""

import argparse
import sys

from seqlib.data import cache, cards, fetching
from seqlib.data.cache import DataError
from seqlib.data.cards import megabytes
from seqlib.files import write_text

BEGIN, END = "<!-- cards:begin -->", "<!-- cards:end -->"


def main(arguments=None):
    """Run one command and return the exit code: 0, or 1 where something could not be had."""
    parser = argparse.ArgumentParser(prog="python -m seqlib.data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all data sets: size, what is on this machine, what they are")
    show = commands.add_parser("show", help="the whole card of a data set")
    show.add_argument("names", nargs="+", metavar="NAME")
    get = commands.add_parser("fetch", help="fetch data sets, verify them and keep them")
    get.add_argument("names", nargs="*", metavar="NAME", help="names, or: all")
    get.add_argument("--course", action="store_true", help="all that the notebooks need")
    get.add_argument("--source", choices=fetching.SOURCES, help="where from (default: the archive)")
    get.add_argument("--path", help="a file or folder that you already have, instead of fetching")
    commands.add_parser("table", help="bring the table in the README of the cards into step")
    chosen = parser.parse_args(arguments)
    if chosen.command == "fetch" and bool(chosen.names) == chosen.course:
        get.error("give the names of data sets, or all, or --course")
    try:
        if chosen.command == "list":
            print(listing())
        elif chosen.command == "show":
            print("\n\n".join(str(cards.card(name)) for name in chosen.names))
        elif chosen.command == "table":
            readme = cards.folder() / "README.md"
            write_text(readme, with_table(readme.read_text(encoding="utf-8")))
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
    """Return the table of data sets with their sizes and where they stand."""
    rows = [("name", "download", "on disk", "state", "what it is")]
    for card in map(cards.card, cards.names()):
        sizes = (megabytes(size) if size else "-" for size in (card.download_size, card.kept_size))
        rows.append((card.name, *sizes, card.state(), card.title))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([f"Data folder: {cache.root()}   (SEQLIB_DATA chooses another)", "", *lines])


def with_table(text):
    """Return the text of the README with the table of all cards between its markers."""
    lines = ["| name | what it is | comes from | download | license |", "|---|---|---|---|---|"]
    for card in map(cards.card, cards.names()):
        title = f"[{card.title}]({card.canonical})" if card.canonical else card.title
        size = megabytes(card.download_size) if card.download_size else ""
        url = card.license_url
        license = f"[{card.license}]({url})" if url else card.license
        lines.append(f"| `{card.name}` | {title} | {card.origin} | {size} | {license} |")
    before, _, rest = text.partition(BEGIN)
    return "\n".join([before + BEGIN, *lines, END + rest.partition(END)[2]])


def _fetch(chosen):
    """Fetch the data sets that are meant, go on after a failure, and return the exit code."""
    names, left_out = chosen.names, []
    if chosen.course or "all" in names:
        known = [cards.card(name) for name in cards.names()]
        wanted = [card for card in known if card.notebooks or not chosen.course]
        names = [card.name for card in wanted if card.archive]
        left_out = [card.name for card in wanted if card.is_fetched and not card.archive]
    failures = 0
    for name in names:
        try:
            card = cards.card(name)
            if not card.is_fetched:
                print(f"{name}: nothing to fetch, it comes from {card.origin}.")
                continue
            files = fetching.fetch(name, source=chosen.source, path=chosen.path)
            size = megabytes(sum(path.stat().st_size for path in files.values()))
            print(f"{name}: {len(files)} verified, {size}, in {cache.root() / name}", flush=True)
        except DataError as error:
            failures += 1
            print(error, file=sys.stderr, flush=True)
    if left_out and not chosen.course:
        print(f"Not part of 'all', because only their own address has them: {', '.join(left_out)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
