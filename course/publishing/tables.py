"""The tables of results: under a notebook, in a terminal, in the README."""

import html

COLUMNS = ("result", "value", "baseline", "published", "must be")

MISSING = "not finite"

BEGIN = "<!-- results:begin -->"
END = "<!-- results:end -->"


def figure(value, unit=""):
    """Return a figure as it is read.

    Example:
        >>> figure(1234567, "words"), figure(0.98765, "nats/char"), figure(1.5e-9)
        ('1,234,567 words', '0.9877 nats/char', '1.5e-09')
    """
    if value is None:
        return MISSING
    if isinstance(value, int):
        text = f"{value:,}"
    else:
        text = f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def cells(row):
    """Return one result as the five texts of a table row.

    Args:
        row: One item of ``results`` of a record.

    Returns:
        Tuple of strings, in the order of `COLUMNS`.

    Example:
        >>> row = dict(name="loss", value=1.5, unit="nats", baseline=2.0, baseline_label="5-gram",
        ...            published=None, source=None, threshold=1.6, direction="at most")
        >>> cells(row)
        ('loss', '1.5 nats', '2 (5-gram)', '', 'at most 1.6')
    """
    baseline = published = threshold = ""
    if row["baseline_label"] is not None:
        baseline = f"{figure(row['baseline'])} ({row['baseline_label']})"
    if row["source"] is not None:
        published = f"{figure(row['published'])} ({row['source']})"
    if row["direction"] is not None:
        threshold = f"{row['direction']} {figure(row['threshold'])}"
    return row["name"], figure(row["value"], row["unit"]), baseline, published, threshold


def caption(record):
    """Return the line under a notebook's table: the profile and the time it took.

    Example:
        >>> caption({"profile": "quick", "seconds": 3.21, "results": []})
        'profile quick, 3 s; a quick run says nothing about quality'
    """
    seconds = "" if record["seconds"] is None else f", {record['seconds']:.0f} s"
    warning = "; a quick run says nothing about quality" if record["profile"] == "quick" else ""
    return f"profile {record['profile']}{seconds}{warning}"


def text_table(record):
    """Return a record as aligned text.

    Example:
        >>> print(text_table({"profile": "default", "seconds": None, "results": []}))
        result  value  baseline  published  must be
        profile default
    """
    rows = [COLUMNS, *map(cells, record["results"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, caption(record)])


def html_table(record):
    """Return a record as an HTML table.

    Example:
        >>> html_table({"profile": "default", "seconds": None, "results": []}).startswith("<table")
        True
    """

    def line(tag, texts):
        return "".join(f'<{tag} style="text-align:left">{html.escape(t)}</{tag}>' for t in texts)

    body = "\n".join(f"<tr>{line('td', cells(row))}</tr>" for row in record["results"])
    return (
        f"<table>\n<thead><tr>{line('th', COLUMNS)}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n<p><em>{html.escape(caption(record))}</em></p>"
    )


def markdown_table(records, folder="notebooks"):
    """Return the records of several notebooks as one Markdown table.

    Args:
        records: The records, in the order to be shown.
        folder: Where the notebooks stand, seen from the file that holds the table.

    Example:
        >>> print(markdown_table([]))
        | notebook | seconds | result | value | baseline | published | must be |
        |---|---|---|---|---|---|---|
    """
    lines = [f"| notebook | seconds | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 2) + "|"]
    for record in records:
        name = record["notebook"]
        seconds = "" if record["seconds"] is None else f"{record['seconds']:.0f}"
        head = [f"[{name}]({folder}/{name}.ipynb)", seconds]
        for row in record["results"]:
            texts = [text.replace("|", "\\|") for text in cells(row)]
            lines.append(f"| {' | '.join([*head, *texts])} |")
            head = ["", ""]  # name and time stand in the first line of a notebook
    return "\n".join(lines)


def with_table(text, records):
    r"""Return a text with the table between its two markers replaced.

    Args:
        text: Markdown with one line ``<!-- results:begin -->`` and, below, one
            ``<!-- results:end -->``.
        records: The records to show.

    Raises:
        ValueError: A marker is missing, there more than once, or they stand the wrong way round.

    Example:
        >>> text = f"Results.\n\n{BEGIN}\nold\n{END}\n"
        >>> "old" in with_table(text, [])
        False
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"The text needs one line {BEGIN} and, below it, one line {END}.")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{markdown_table(records)}\n{END}{after}"
