"""The results as a picture: how many times as long the others take."""

import statistics

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.results import is_one_step
from seqlib.files import whole_file

_BLUE, _ORANGE, _GREEN, _PINK, _SKY, _YELLOW = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
)  # fmt: skip

# Color and form, so that the contestants are told apart in gray too.
_STYLES = {
    "keras": ("keras.layers", _BLUE, "o"),
    "keras jit": ("keras.layers, jit", _SKY, "s"),
    "torch": ("torch.nn", _ORANGE, "D"),
    "keras attention": ("Keras", _BLUE, "o"),
    "torch attention": ("PyTorch", _ORANGE, "D"),
    "model.predict": ("model.predict", _BLUE, "o"),
    "model(x)": ("model(x)", _SKY, "s"),
    "loop of layers": ("a loop over shared layers", _YELLOW, "P"),
    "predict, one sentence": ("predict, a sentence at a time", _GREEN, "^"),
    "predict, whole batch": ("predict, the whole batch", _PINK, "v"),
    "keras.ops": ("keras.ops", _BLUE, "o"),
    "keras.ops, beam": ("keras.ops", _BLUE, "o"),
    "tf.nn, sparse": ("tf.nn, sparse labels", _GREEN, "^"),
    "tf.nn, dense": ("tf.nn, dense labels", _PINK, "v"),
    "torch, ctc": ("torch.nn", _ORANGE, "D"),
    "no cache": ("the same without the cache", _GREEN, "o"),
    "torch, cached": ("torch.nn, cached", _ORANGE, "D"),
    "gensim": ("gensim", _ORANGE, "D"),
    "gensim, saved": ("gensim, its own format", _ORANGE, "s"),
    "pandas": ("pandas", _GREEN, "^"),
    "line loop": ("loop over the lines", _PINK, "v"),
}
_NEAR_ONE = (0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.5, 3, 3.5)  # ticks of a narrow scale
_WIDTH = 8.0  # inches
_ROW = 0.46  # inches for each row
_AROUND = 1.3  # inches for title, axis and legend of a panel
_LOOK = {
    "svg.hashsalt": "seqlib",  # the same record gives the same file
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def write(path, record):
    """Draw the chart of a record into an SVG file, on white, to be read on dark pages too."""
    with plt.rc_context(_LOOK):
        figure = draw(record)
        try:
            with whole_file(path) as file:
                figure.savefig(
                    file,
                    format="svg",
                    metadata={"Date": None},
                    facecolor="white",
                    bbox_inches="tight",  # long labels stand beside the axes
                )
        finally:
            plt.close(figure)


def draw(record):
    """Draw the ratios: layers, attention, loops and word vectors, each on a scale of its own."""
    panels = {
        "Layers: a small mark a shape, a large one the median": {},
        "Attention: a small mark a shape": {},
        "Models of keras.layers, after and before seqlib.accelerate": {},
        "Decoding, and training a decoder": {},
        "Connectionist temporal classification": {},
        "Word vectors": {},
    }
    layers, attention, models, loops, ctc, word_vectors = panels.values()
    for row in record["rows"]:
        groups, label, suffix = loops, f"{row['what']}, batch {row['shape'].get('batch')}", ""
        if row["benchmark"] == "recurrent":
            step = ", one step" if is_one_step(row) else ""
            groups, label = layers, f"{row['layer']}{step}, {row['what']}"
        elif row["benchmark"] == "attention":
            groups, label, suffix = attention, f"{row['layer']}, {row['what']}", " attention"
        elif row["benchmark"] == "acceleration":
            groups, label = models, f"{row['layer']}, {row['what']}"
        elif row["benchmark"] == "ctc":
            groups = ctc
        elif row["benchmark"] in ("embeddings", "word2vec"):
            groups, label = word_vectors, row["what"]
        rivals = groups.setdefault(label, {})  # rival -> ratios over the shapes
        for name, ratio in row["ratios"].items():
            rivals.setdefault(name + suffix, []).append(ratio["median"])
    panels = {title: groups for title, groups in panels.items() if groups}
    heights = [_ROW * len(groups) for groups in panels.values()]  # inches of the axes alone
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(_WIDTH, sum(heights) + _AROUND * len(panels)),
        height_ratios=heights,
        squeeze=False,
    )
    for ax, height, (title, groups) in zip(axes[:, 0], heights, panels.items(), strict=True):
        _panel(ax, groups, title, below=-0.5 / height)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:  # where the layout puts them differs from run to run in the last bits
        ax.set_position(np.round(ax.get_position().bounds, 4))
    return figure


def _panel(ax, groups, title, below):
    """Draw a row for each group; in it a line from least to greatest and a mark at the median."""
    drawn = {}
    for position, rivals in enumerate(groups.values()):
        for place, (name, ratios) in enumerate(rivals.items()):
            label, color, form = _STYLES[name]
            y = position + (place - (len(rivals) - 1) / 2) * 0.24
            ax.plot([min(ratios), max(ratios)], [y, y], color=color, linewidth=1.5, alpha=0.5)
            ax.plot(ratios, [y] * len(ratios), form, color=color, markersize=3, alpha=0.6)
            median = statistics.median(ratios)
            drawn[label] = ax.plot(median, y, form, color=color, markersize=7, label=label)[0]
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
