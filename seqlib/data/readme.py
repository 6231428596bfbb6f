"""Keep the table in ``datasets/README.md`` in step: ``python -m seqlib.data.readme``."""

import sys

from seqlib.data import cards
from seqlib.data.schema import megabytes
from seqlib.files import write_text

BEGIN, END = "<!-- cards:begin -->", "<!-- cards:end -->"


def table():
    """Return the table of all data sets in Markdown.

    Returns:
        A string of several lines.
    """
    lines = ["| name | what it is | where from | download | licence |", "|---|---|---|---|---|"]
    for card in map(cards.card, cards.names()):
        title = f"[{card.title}]({card.canonical})" if card.canonical else card.title
        origin = {
            "archive": f"`{card.archive}`",
            "canonical": "its own address",
            "package": f"package {', '.join(f'`{name}`' for name in card.requires)}",
            "generated": "made by code",
            "written": "written here",
        }[card.kind]
        size = megabytes(card.download_size) if card.download_size else ""
        url = card.licence_url
        licence = f"[{card.licence}]({url})" if url else card.licence
        lines.append(f"| `{card.name}` | {title} | {origin} | {size} | {licence} |")
    return "\n".join(lines)


def updated(text):
    """Return the text with the table between its markers made anew.

    Args:
        text: The content of the README.

    Returns:
        A string.
    """
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def main():
    """Rewrite the table in the README of the folder of cards."""
    path = cards.folder() / "README.md"
    write_text(path, updated(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
