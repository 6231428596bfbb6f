"""The results as text: a block for each row as it comes, a summary, the page of all tables."""

from benchmarks.results import is_one_step
from benchmarks.turns import BUSY

_INTRODUCTION = """\
# Speed

How long the others take for what `seqlib` does, in terms of `seqlib`'s time: above 1 it is \
faster. The layers are given as the median over four shapes, with the least and the greatest \
ratio in brackets; "products" are the matrix products that a layer cannot do without, measured \
beside it. `make bench` measures anew on your machine, everything in turn in one run (with \
PyTorch and gensim where they are installed: `pip install torch gensim`), and writes this page, \
[results.json](results.json) and the chart.

Not everything is faster. PyTorch's LSTM keeps its weights packed for its own products and wins \
in inference and on small training steps, its one kernel for the whole of attention wins in \
inference, and a single step costs mostly what it costs to call TensorFlow at all."""
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
_IN_OTHER_TABLES = ("recurrent", "attention", "acceleration", *_WORD_VECTORS)  # than that of loops
_LOOPS = {
    "model.predict": "loop over `model.predict`",
    "model(x)": "loop over `model(x)`",
    "torch": "loop over `torch.nn.LSTMCell`",
    "loop of layers": "loop over shared layers of Keras",
    "predict, one sentence": "loop over `predict`, a sentence at a time",
    "no cache": "the same loop without the cache",
    "torch, cached": "loop over `torch.nn` modules, cached",
    "keras.ops": "`keras.ops.ctc_loss`",
    "tf.nn, sparse": "`tf.nn.ctc_loss`, sparse labels",
    "tf.nn, dense": "`tf.nn.ctc_loss`, dense labels",
    "torch, ctc": "`torch.nn.functional.ctc_loss`",
    "keras.ops, beam": "`keras.ops.ctc_decode`",
    "predict, whole batch": "loop over `predict`, the whole batch at a time",
}


def block(row):
    """Return a row as lines for the terminal."""
    shape = ", ".join(f"{name} {size}" for name, size in row["shape"].items())
    way = f" ({row['path']})" if "path" in row else ""
    lines = [f"{row['layer']}, {row['what']}: {shape}{way}"]
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
    """Return a number with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    digits = 3 if value < 1 else 2 if value < 10 else 1
    return f"{value:.{digits}f}" if value >= 0.1 else f"{value:.3g}"


def overview(summary):
    """Return the summary as lines for the terminal."""
    if not summary:
        return ""
    lines = ["Time in terms of seqlib's, median over the shapes (least to greatest):"]
    for one in summary:
        spread = f"({number(one['least'])} to {number(one['greatest'])})"
        name = f"{one['layer']}, {one['what']}"
        lines.append(f"  {name:25} {one['against']:10} {number(one['median']):>6} x  {spread}")
    return "\n".join(lines)


def page(record):
    """Return the page in Markdown that stands beside the record and its chart."""
    rows = record["rows"]
    parts = [
        _INTRODUCTION,
        _layers_table(record),
        "![The same ratios as a chart](results.svg)",
        _attention_table([row for row in rows if row["benchmark"] == "attention"]),
        _acceleration_table([row for row in rows if row["benchmark"] == "acceleration"]),
        _loops_table([row for row in rows if row["benchmark"] not in _IN_OTHER_TABLES]),
        _word_vectors_table([row for row in rows if row["benchmark"] in _WORD_VECTORS]),
        _conditions(record),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


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
    lines = []
    for key, texts in cells.items():
        found = (shares.get(key, {}).get(name) for name in floors)
        columns = [_percent(values) if values else "" for values in found]
        lines.append([", ".join(key), *(texts.get(name, "") for name in rivals), *columns])
    return _table(head, lines)


def _attention_table(rows):
    """Return how long attention takes, and how many times as long the others."""
    lines = []
    for row in rows:
        times = {name: f"{number(ms)} ms" for name, ms in row["milliseconds"].items()}
        shape = " x ".join(str(size) for size in row["shape"].values())
        name = f"{row['layer']}, {row['what']}, {shape}"
        for rival, ratio in row["ratios"].items():
            low, high = map(number, ratio["quartiles"])
            faster = f"**{number(ratio['median'])} x** ({low}–{high})"
            beside = _ATTENTIONS[row["layer"], rival]
            lines.append([name, times["seqlib"], beside, times[rival], faster])
            name = ""
    head = ["attention, batch x time x heads x size", "seqlib", "beside", "", "seqlib is faster"]
    return _table(head, lines)


def _acceleration_table(rows):
    """Return what `seqlib.accelerate` gains, in the first call and in later ones."""
    lines = []
    for row in rows:
        (ratio,), first = row["ratios"].values(), row["first_call_seconds"]
        low, high = map(number, ratio["quartiles"])
        cells = [
            f"{row['layer']}, {row['what']}",
            *(f"{number(row['milliseconds'][side])} ms" for side in ("seqlib", "keras")),
            f"**{number(ratio['median'])} x** ({low}–{high})",
            *(f"{number(first[side])} s" for side in ("seqlib", "keras")),
        ]
        lines.append(cells)
    head = ["`seqlib.accelerate`, a batch", "after", "before", "faster", "first call", "before"]
    return _table(head, lines)


def _loops_table(rows):
    """Return what is generated a second, and how much more that is than the loops do."""
    lines = []
    for row in rows:
        rates = {name: 1000 / ms for name, ms in row["milliseconds"].items()}
        name = f"{row['what']}, batch {row['shape']['batch']}"
        for rival, ratio in row["ratios"].items():
            ours = f"{number(rates['seqlib'])} {row['unit']}s"
            times = f"**{number(ratio['median'])} x**"
            lines.append([name, ours, _LOOPS[rival], number(rates[rival]), times])
            name = ""
    return _table(["", "seqlib, a second", "beside", "a second", "seqlib is faster"], lines)


def _word_vectors_table(rows):
    """Return how long word vectors take to load and analogies to answer, and in what memory."""
    lines = []
    for row in rows:
        name, count = row["what"], 1
        if row["unit"] == "question":
            count = row["shape"]["questions"]
            name = f"{count:,} analogies"
        if row["unit"] == "word":
            count = row["shape"]["words"]
            name = f"Word2Vec, once through {count:,} words"
        seconds = {who: f"{number(count * ms / 1000)} s" for who, ms in row["milliseconds"].items()}
        memory = {who: f"{number(size)} MB" for who, size in row.get("megabytes", {}).items()}
        for rival, ratio in row["ratios"].items():
            ours, theirs = ([seconds[who], memory.get(who, "")] for who in ("seqlib", rival))
            times = f"**{number(ratio['median'])} x**"
            lines.append([name, *ours, _LOADERS[rival], *theirs, times])
            name = ""
    shapes = [row["shape"] for row in rows if row["benchmark"] == "embeddings"]
    file = f", a file of {shapes[0]['words']:,} x {shapes[0]['dimension']}" if shapes else ""
    head = [f"word vectors{file}", "seqlib", "memory", "beside", "", "memory", "seqlib is faster"]
    return _table(head, lines)


def _table(head, lines):
    """Return a table in Markdown; nothing where it has no lines."""
    if not lines:
        return ""
    rows = [f"| {' | '.join(cells)} |" for cells in (head, *lines)]
    return "\n".join([rows[0], "|---" * len(head) + "|", *rows[1:]])


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
