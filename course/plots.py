"""One look for the pictures of every notebook; pictures of training, of attention and of music."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cycler
from matplotlib.collections import PolyCollection

# Okabe and Ito's colors, told apart by readers of every color vision; yellow, which is faint on
# white, is left out.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]

_MOST_BAR_LABELS = 20

_STYLE = {
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "figure.figsize": (7.0, 3.6),
    "figure.dpi": 90,
    "figure.constrained_layout.use": True,
    "image.cmap": "cividis",  # even in lightness, for every color vision
    "font.size": 10,
}


def use_style():
    """Give every picture drawn from here on the look of the course."""
    plt.rcParams.update(_STYLE)


def training_curves(history, metric="loss", *, ylabel=None, title=None, ax=None):
    """Draw how a metric fell or rose over the epochs: training dashed, validation whole.

    A history is what `fit` returned, or its dict, or a dict of these by the name of the model, to
    compare models by color. `metric` is without ``val_``. The axes are returned.
    """
    runs = {name: getattr(run, "history", run) for name, run in _named(history).items()}
    if ax is None:
        _, ax = plt.subplots()
    for (name, run), color in zip(runs.items(), _colors(len(runs)), strict=True):
        if metric not in run:
            raise ValueError(
                f"There is no metric {metric!r} in the history of {name or 'the run'};"
                f" it has {', '.join(run) or 'none'}."
            )
        validated = f"val_{metric}" in run
        for key, label, style in (
            (metric, "training", "--" if validated else "-"),
            (f"val_{metric}", "validation", "-"),
        ):
            if key in run:
                epochs = range(1, len(run[key]) + 1)
                ax.plot(epochs, run[key], style, color=color, label=f"{name} {label}".strip())
    ax.set_xlabel("epoch")
    ax.set_ylabel(ylabel or metric.replace("_", " "))
    ax.xaxis.get_major_locator().set_params(integer=True)
    if title:
        ax.set_title(title)
    ax.legend()
    return ax


def attention_map(weights, source, target, *, title=None, ax=None):
    """Draw where a model looked in the source while it said each token of the target.

    Weights (target tokens, source tokens) are from 0 to 1. In the axes that are returned what was
    read runs to the right, what was said downward.
    """
    weights, source, target = np.asarray(weights, dtype=float), list(source), list(target)
    if weights.shape != (len(target), len(source)):
        raise ValueError(
            f"The weights have the shape {weights.shape}; with {len(target)} tokens of the target "
            f"and {len(source)} of the source it must be {(len(target), len(source))}."
        )
    if ax is None:
        size = (1.6 + 0.27 * len(source), 1.3 + 0.27 * len(target))
        _, ax = plt.subplots(figsize=np.maximum(size, 2.4))
    ax.imshow(weights, vmin=0.0, vmax=1.0, cmap="Greys", aspect="equal")
    single = all(len(token) == 1 for token in source)
    ax.set_xticks(range(len(source)), source, rotation=0 if single else 90)
    ax.set_yticks(range(len(target)), target)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[["top", "right"]].set_visible(True)
    if title:
        ax.set_title(title)
    return ax


def piano_roll(piece, *, bars=None, title=None, ax=None):
    """Draw the notes of a `course.music.Piece` as strips: time right, pitch up, a color a part.

    `bars` are the first and the last, counted from 1 (an upbeat is 0), None for all. In the axes
    that are returned time is in quarter notes, labeled with the bars.
    """
    notes, count = piece.notes, len(piece.parts)
    if not len(notes):
        raise ValueError("The piece has no notes to draw.")
    begin, end, lines, numbers = _bar_lines(piece, bars)
    if ax is None:
        _, ax = plt.subplots(figsize=(9.0, 3.6))
    seen = (notes["onset"] < end) & (notes["onset"] + notes["duration"] > begin)
    for part, (name, color) in enumerate(zip(piece.parts, _colors(count), strict=True)):
        strips = [_strip(note) for note in notes[seen & (notes["part"] == part)]]
        label = name or f"part {part + 1}"
        ax.add_collection(PolyCollection(strips, facecolors=color, alpha=0.9, label=label))
    _label_pitches(ax, notes["pitch"][seen] if seen.any() else notes["pitch"])
    ax.set_xlim(begin, end)
    ax.set_xticks(lines, numbers)
    ax.set_xlabel("bar")
    ax.set_ylabel("pitch")
    if title:
        ax.set_title(title)
    if count > 1:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.0)
    return ax


def _bar_lines(piece, bars):
    """Return where to begin and end, where bars begin in between, and labels for them."""
    starts = np.asarray(piece.bars, dtype=float)
    first = 0 if starts[0] < 0 else 1
    numbers = np.arange(first, first + len(starts))
    edges = np.append(np.maximum(starts, 0), piece.length)
    if bars is not None:
        if not first <= bars[0] <= bars[1] <= numbers[-1]:
            raise ValueError(
                f"The piece has the bars {first} to {numbers[-1]}; there are no {bars[0]} to "
                f"{bars[1]}."
            )
        chosen = slice(bars[0] - first, bars[1] - first + 1)
        edges = np.append(edges[chosen], edges[bars[1] - first + 1])
        numbers = numbers[chosen]
    sparse = 1 + (len(numbers) - 1) // _MOST_BAR_LABELS
    labels = [str(n) if index % sparse == 0 else "" for index, n in enumerate(numbers)]
    return edges[0], edges[-1], edges[:-1], labels


def _strip(note):
    """Return the corners of a note, short of its end so that the next one is seen to begin."""
    onset, height = note["onset"], 0.42
    until = onset + note["duration"] - min(0.08, note["duration"] / 4)
    low, high = note["pitch"] - height, note["pitch"] + height
    return [(onset, low), (onset, high), (until, high), (until, low)]


def _label_pitches(ax, pitches):
    """Name the Cs, and the Gs where there are few; octave 4 begins with middle C."""
    low, high = int(pitches.min()) - 2, int(pitches.max()) + 2
    ax.set_ylim(low, high)
    named = (0,) if high - low > 30 else (0, 7)
    ticks = [pitch for pitch in range(low, high + 1) if pitch % 12 in named]
    ax.set_yticks(ticks, [f"{'C' if pitch % 12 == 0 else 'G'}{pitch // 12 - 1}" for pitch in ticks])


def _named(history):
    """Return a dict of histories by name; a single one has no name."""
    values = history.values() if isinstance(history, dict) else ()
    compares = values and all(isinstance(v, dict) or hasattr(v, "history") for v in values)
    return history if compares else {"": history}


def _colors(count):
    return [PALETTE[i % len(PALETTE)] for i in range(count)]
