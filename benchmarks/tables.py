"""The results as text: a block for each row as it comes, a summary, the section of the README."""

from benchmarks.results import describe, is_one_step
from benchmarks.turns import BUSY

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

_RIVALS = {
    "keras": "`keras.layers`",
    "keras jit": "`keras.layers`, jit",
    "torch": "`torch.nn`",
}
_ATTENTIONS = {
    ("MultiHeadAttention", "keras"): "`keras.layers.MultiHeadAttention`",
    ("MultiHeadAttention", "torch"): "`torch.nn.MultiheadAttention`",
    ("scaled dot product", "keras"): "`keras.ops.dot_product_attention`",
    ("scaled dot product", "torch"): "`torch.nn.functional.scaled_dot_product_attention`",
}
_LOADERS = {
    "gensim": "gensim",
    "gensim, saved": "gensim, its own format, memory-mapped",
    "pandas": "pandas, C engine",
    "line loop": "loop over the lines",
}
_WORD_VECTORS = ("embeddings", "word2vec")  # benchmarks in the table of word vectors
_LOOPS = {
    "model.predict": "loop over `model.predict`",
    "model(x)": "loop over `model(x)`",
    "torch": "loop over `torch.nn.LSTMCell`",
    "loop of layers": "loop over shared layers of Keras",
    "predict, one sentence": "loop over `predict`, a sentence at a time",
    "no cache": "the same loop without the cache",
    "torch, cached": "loop over `torch.nn` modules, cached",
    "predict, whole batch": "loop over `predict`, the whole batch at a time",
}


def block(row):
    """Return a row as lines for the terminal.

    Args:
        row: A row of the results.

    Returns:
        String of several lines.
    """
    lines = [describe(row) + (f" (path: {row['path']})" if "path" in row else "")]
    width = max(map(len, [*row["milliseconds"], *row.get("floors", ())]))
    of_unit = f"ms a {row['unit']}"
    for name, milliseconds in row["milliseconds"].items():
        line = f"  {name:{width}}  {number(milliseconds):>8} {of_unit}"
        if name in row["ratios"]:
            ratio = row["ratios"][name]
            low, high = map(number, ratio["quartiles"])
            line += f"  {number(ratio['median']):>6} x seqlib's  (quartiles {low} to {high})"
        lines.append(line)
    for name, floor in row.get("floors", {}).items():
        line = f"  {name:{width}}  {number(floor['milliseconds']):>8} {of_unit}"
        lines.append(f"{line}  {floor['share']:6.0%} of seqlib's  (by {floor['by']})")
    for name, megabytes in row.get("megabytes", {}).items():
        share = megabytes / row["matrix_megabytes"]
        lines.append(
            f"  {name:{width}}  {number(megabytes):>8} MB at most  {share:.2f} x the matrix"
        )
    if row["other_programs"] > BUSY:
        lines.append(
            f"  other programs took {row['other_programs']:.0%} of the processor meanwhile: "
            "measure again when they are still"
        )
    return "\n".join(lines)


def number(value):
    """Return a number with three digits that count.

    Example:
        >>> number(0.012345), number(1.5), number(12345.6)
        ('0.0123', '1.50', '12,346')
    """
    if value >= 100:
        return f"{value:,.0f}"
    digits = 3 if value < 1 else 2 if value < 10 else 1
    return f"{value:.{digits}f}" if value >= 0.1 else f"{value:.3g}"


def overview(summary):
    """Return the summary as lines for the terminal.

    Args:
        summary: What `benchmarks.results.summary` returns.

    Returns:
        String; empty where there is nothing to sum up.
    """
    if not summary:
        return ""
    lines = ["Time in terms of seqlib's, median over the shapes (least to greatest):"]
    for one in summary:
        spread = f"({number(one['least'])} to {number(one['greatest'])})"
        name = f"{one['layer']}, {one['what']}"
        lines.append(f"  {name:25} {one['against']:10} {number(one['median']):>6} x  {spread}")
    return "\n".join(lines)


def section(record, picture="benchmarks/results.svg"):
    """Return what stands in the README between the markers.

    Args:
        record: What `benchmarks.results.record` returns.
        picture: Where the chart is, seen from the README.

    Returns:
        String of Markdown.
    """
    parts = [_layers_table(record), f"![The same ratios as a chart]({picture})"]
    tables = (_attention_table, _loops_table, _word_vectors_table)
    parts += [text for text in (table(record["rows"]) for table in tables) if text]
    parts.append(_conditions(record))
    return "\n\n".join(parts)


def with_section(text, record):
    """Return a text with what stands between its two markers replaced.

    Args:
        text: Markdown with a line ``<!-- bench:begin -->`` and, below, a ``<!-- bench:end -->``.
        record: The record to show; None for nothing.

    Returns:
        String.

    Raises:
        ValueError: A marker is missing, there more than once, or they stand the wrong way round.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"The text needs one line {BEGIN} and, below it, one line {END}.")
    before, rest = text.split(BEGIN)
    content = "" if record is None else section(record) + "\n"
    return f"{before}{BEGIN}\n{content}{END}{rest.split(END)[1]}"


def _layers_table(record):
    """Return the ratios of the layers: a line for what a layer does, a column for each rival."""
    cells = {}  # (layer, what) -> rival -> text
    for one in record["summary"]:
        text = f"**{number(one['median'])}** ({number(one['least'])}–{number(one['greatest'])})"
        cells.setdefault((one["layer"], one["what"]), {})[one["against"]] = text
    shares = {}
    for row in record["rows"]:
        if row["benchmark"] != "recurrent":
            continue
        key = row["layer"], row["what"]
        if is_one_step(row):
            key = row["layer"], f"{row['what']}, one step at batch 1"
            texts = {name: number(ratio["median"]) for name, ratio in row["ratios"].items()}
            cells[key] = texts
        for name, floor in row["floors"].items():
            shares.setdefault(key, {}).setdefault(name, []).append(floor["share"])
    rivals = [name for name in _RIVALS if any(name in texts for texts in cells.values())]
    floors = list(dict.fromkeys(name for found in shares.values() for name in found))
    head = ["", *(_RIVALS[name] for name in rivals), *floors]
    lines = [_line(head), "|---" * len(head) + "|"]
    for key, texts in cells.items():
        found = (shares.get(key, {}).get(name) for name in floors)
        columns = [_percent(values) if values else "" for values in found]
        lines.append(_line([", ".join(key), *(texts.get(name, "") for name in rivals), *columns]))
    return "\n".join(lines)


def _attention_table(rows):
    """Return how long attention takes, and how many times as long the others."""
    lines = []
    for row in rows:
        if row["benchmark"] != "attention":
            continue
        times = {name: f"{number(ms)} ms" for name, ms in row["milliseconds"].items()}
        shape = " x ".join(str(size) for size in row["shape"].values())
        name = f"{row['layer']}, {row['what']}, {shape}"
        for rival, ratio in row["ratios"].items():
            low, high = map(number, ratio["quartiles"])
            faster = f"**{number(ratio['median'])} x** ({low}–{high})"
            beside = _ATTENTIONS[row["layer"], rival]
            lines.append(_line([name, times["seqlib"], beside, times[rival], faster]))
            name = ""
    if not lines:
        return ""
    head = ["attention, batch x time x heads x size", "seqlib", "beside", "", "seqlib is faster"]
    return "\n".join([_line(head), "|---" * len(head) + "|", *lines])


def _loops_table(rows):
    """Return what is generated a second, and how much more that is than the loops do."""
    lines = []
    for row in rows:
        if row["benchmark"] in ("recurrent", "attention", *_WORD_VECTORS):
            continue
        rates = {name: 1000 / ms for name, ms in row["milliseconds"].items()}
        name = f"{row['what']}, batch {row['shape']['batch']}"
        for rival, ratio in row["ratios"].items():
            ours = f"{number(rates['seqlib'])} {row['unit']}s"
            times = f"**{number(ratio['median'])} x**"
            lines.append(_line([name, ours, _LOOPS[rival], number(rates[rival]), times]))
            name = ""
    if not lines:
        return ""
    head = ["", "seqlib, a second", "beside", "a second", "seqlib is faster"]
    return "\n".join([_line(head), "|---" * len(head) + "|", *lines])


def _word_vectors_table(rows):
    """Return how long word vectors take to load and analogies to answer, and in what memory."""
    lines = []
    for row in rows:
        if row["benchmark"] not in _WORD_VECTORS:
            continue
        seconds = {name: ms / 1000 for name, ms in row["milliseconds"].items()}
        name, unit = row["what"], "s"
        if row["unit"] == "question":
            name = f"{row['shape']['questions']:,} analogies"
            seconds = {who: row["shape"]["questions"] * one for who, one in seconds.items()}
        if row["unit"] == "word":
            name = f"Word2Vec, once through {row['shape']['words']:,} words"
            seconds = {who: row["shape"]["words"] * one for who, one in seconds.items()}
        memory = row.get("megabytes", {})
        for rival, ratio in row["ratios"].items():
            ours = [f"{number(seconds['seqlib'])} {unit}", _megabytes(memory, "seqlib")]
            theirs = [f"{number(seconds[rival])} {unit}", _megabytes(memory, rival)]
            times = f"**{number(ratio['median'])} x**"
            lines.append(_line([name, *ours, _LOADERS[rival], *theirs, times]))
            name = ""
    if not lines:
        return ""
    shapes = [row["shape"] for row in rows if row["benchmark"] == "embeddings"]
    file = f", a file of {shapes[0]['words']:,} x {shapes[0]['dimension']}" if shapes else ""
    what = f"word vectors{file}"
    head = [what, "seqlib", "memory", "beside", "", "memory", "seqlib is faster"]
    return "\n".join([_line(head), "|---" * len(head) + "|", *lines])


def _megabytes(memory, name):
    return f"{number(memory[name])} MB" if name in memory else ""


def _conditions(record):
    machine = record["machine"]
    parts = [
        f"{machine['CPU']}, {machine['CPU cores']} cores",
        machine["operating system"],
        f"Python {machine['Python']}",
        f"Keras {machine['Keras']}",
        machine["backend"],
        f"PyTorch {machine['PyTorch']}",
    ]
    busy = max(row["other_programs"] for row in record["rows"])
    return (
        f"*Measured {record['date']}: {', '.join(parts)}; float32, on the processor, "
        f"of which other programs took {busy:.0%} at most.*"
    )


def _percent(shares):
    low, high = min(shares), max(shares)
    return f"{low:.0%}" if low == high else f"{low:.0%}–{high:.0%}"


def _line(cells):
    return f"| {' | '.join(cells)} |"
