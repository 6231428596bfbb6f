"""The results as a picture: how many times as long the others take."""

import statistics

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.results import is_one_step
from course import plots
from seqlib.files import whole_file

# Colour and form, so that the contestants are told apart in grey too.
_STYLES = {
    "keras": ("keras.layers", plots.PALETTE[0], "o"),
    "keras jit": ("keras.layers, jit", plots.PALETTE[4], "s"),
    "torch": ("torch.nn", plots.PALETTE[1], "D"),
    "keras attention": ("Keras", plots.PALETTE[0], "o"),
    "torch attention": ("PyTorch", plots.PALETTE[1], "D"),
    "model.predict": ("model.predict", plots.PALETTE[0], "o"),
    "model(x)": ("model(x)", plots.PALETTE[4], "s"),
    "loop of layers": ("a loop over shared layers", plots.PALETTE[5], "P"),
    "predict, one sentence": ("predict, a sentence at a time", plots.PALETTE[2], "^"),
    "predict, whole batch": ("predict, the whole batch", plots.PALETTE[3], "v"),
    "no cache": ("the same without the cache", plots.PALETTE[2], "o"),
    "torch, cached": ("torch.nn, cached", plots.PALETTE[1], "D"),
    "gensim": ("gensim", plots.PALETTE[1], "D"),
    "gensim, saved": ("gensim, its own format", plots.PALETTE[1], "s"),
    "pandas": ("pandas", plots.PALETTE[2], "^"),
    "line loop": ("loop over the lines", plots.PALETTE[3], "v"),
}
_NEAR_ONE = (0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.5, 3, 3.5)  # ticks of a narrow scale
_WIDTH = 8.0  # inches
_ROW = 0.46  # inches for each row
_AROUND = 1.3  # inches for title, axis and legend of a panel


def write(path, record):
    """Draw the chart of a record into a file, whole or not at all.

    Args:
        path: SVG or PNG file, by its suffix. It has a white ground, to be read on dark pages too.
        record: What `benchmarks.results.record` returns.
    """
    form = path.suffix[1:]
    with plt.rc_context({"svg.hashsalt": "seqlib"}):  # the same record gives the same file
        plots.use_style()
        figure = draw(record)
        with whole_file(path) as file:
            metadata = {"Date": None} if form == "svg" else None
            figure.savefig(
                file,
                format=form,
                dpi=110,
                metadata=metadata,
                facecolor="white",
                bbox_inches="tight",  # long labels stand beside the axes
            )
            plt.close(figure)


def draw(record):
    """Draw the ratios: layers, attention, loops and word vectors, each on a scale of its own.

    Args:
        record: What `benchmarks.results.record` returns.

    Returns:
        `matplotlib.figure.Figure`.
    """
    panels = [
        (groups, title)
        for groups, title in (
            (_layer_groups(record["rows"]), "Layers: a small mark a shape, a large one the median"),
            (_attention_groups(record["rows"]), "Attention: a small mark a shape"),
            (_loop_groups(record["rows"]), "Decoding, and training a decoder"),
            (_word_vectors_groups(record["rows"]), "Word vectors"),
        )
        if groups
    ]
    heights = [_ROW * len(groups) for groups, _ in panels]  # inches of the axes alone
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(_WIDTH, sum(heights) + _AROUND * len(panels)),
        height_ratios=heights,
        squeeze=False,
    )
    for ax, height, (groups, title) in zip(axes[:, 0], heights, panels, strict=True):
        _panel(ax, groups, title, below=-0.5 / height)
    return figure


def _layer_groups(rows):
    """Return label -> rival -> ratios over the shapes, in the order of the rows."""
    groups = {}
    for row in rows:
        if row["benchmark"] == "recurrent":
            step = ", one step" if is_one_step(row) else ""
            label = f"{row['layer']}{step}, {row['what']}"
            rivals = groups.setdefault(label, {})
            for name, ratio in row["ratios"].items():
                rivals.setdefault(name, []).append(ratio["median"])
    return groups


def _attention_groups(rows):
    groups = {}
    for row in rows:
        if row["benchmark"] == "attention":
            rivals = groups.setdefault(f"{row['layer']}, {row['what']}", {})
            for name, ratio in row["ratios"].items():
                rivals.setdefault(f"{name} attention", []).append(ratio["median"])
    return groups


def _loop_groups(rows):
    return {
        f"{row['what']}, batch {row['shape']['batch']}": {
            name: [ratio["median"]] for name, ratio in row["ratios"].items()
        }
        for row in rows
        if row["benchmark"] not in ("recurrent", "attention", "embeddings", "word2vec")
    }


def _word_vectors_groups(rows):
    return {
        row["what"]: {name: [ratio["median"]] for name, ratio in row["ratios"].items()}
        for row in rows
        if row["benchmark"] in ("embeddings", "word2vec")
    }


def _panel(ax, groups, title, below):
    """Draw a row for each group; in it a line from least to greatest and a mark at the median.

    Args:
        ax: `matplotlib.axes.Axes`.
        groups: Label -> rival -> ratios.
        title: Title of the panel.
        below: Where the legend goes, in heights of the axes.
    """
    drawn = {}
    for position, rivals in enumerate(groups.values()):
        for place, (name, ratios) in enumerate(rivals.items()):
            label, colour, form = _STYLES[name]
            y = position + (place - (len(rivals) - 1) / 2) * 0.24
            ax.plot([min(ratios), max(ratios)], [y, y], color=colour, linewidth=1.5, alpha=0.5)
            ax.plot(ratios, [y] * len(ratios), form, color=colour, markersize=3, alpha=0.6)
            median = statistics.median(ratios)
            drawn[label] = ax.plot(median, y, form, color=colour, markersize=7, label=label)[0]
    ax.axvline(1, color="black", linewidth=1.2)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g} x"))
    least = min(min(ratios) for rivals in groups.values() for ratios in rivals.values())
    most = max(max(ratios) for rivals in groups.values() for ratios in rivals.values())
    low, high = min(least, 1) / 1.15, max(most, 1) * 1.15
    ax.set_xlim(low, high)
    if high / low < 4:
        ax.set_xticks([x for x in _NEAR_ONE if low <= x <= high])
    elif high / low < 200:
        ax.set_xticks([2.0**power for power in range(-4, 8) if low <= 2.0**power <= high])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks(range(len(groups)), groups)
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.grid(False, axis="y")
    for edge in range(1, len(groups)):
        ax.axhline(edge - 0.5, color="#DDDDDD", linewidth=0.6)
    ax.set_title(title)
    ax.set_xlabel("their time / seqlib's time (right of 1, seqlib is faster)")
    ax.legend(
        drawn.values(),
        drawn,
        loc="upper center",
        bbox_to_anchor=(0.4, below),
        ncols=min(len(drawn), 3),
    )
