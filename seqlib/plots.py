"""One look for the pictures of every notebook, and the picture of a training run."""

import matplotlib.pyplot as plt
from matplotlib import cycler

# Okabe and Ito's colours, told apart by readers of every colour vision; yellow, which is faint on
# white, is left out.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]

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
    "image.cmap": "cividis",  # even in lightness, for every colour vision
    "font.size": 10,
}


def use_style():
    """Give every picture drawn from here on the look of the course.

    Example:
        >>> use_style()
        >>> plt.rcParams["figure.dpi"]
        90.0
    """
    plt.rcParams.update(_STYLE)


def training_curves(history, metric="loss", *, ylabel=None, title=None, ax=None):
    """Draw how a metric fell or rose over the epochs: training dashed, validation whole.

    Args:
        history: What `fit` returned, or its `history` dict; or a dict from the name of a model to
            one of these, to compare models by colour.
        metric: Name of the metric, without ``val_``.
        ylabel: Label of the vertical axis, with its unit; the name of the metric where None.
        title: Title of the picture.
        ax: `matplotlib.axes.Axes` to draw on; a new figure where None.

    Returns:
        The `matplotlib.axes.Axes`.

    Raises:
        ValueError: A history does not hold the metric.

    Example:
        >>> ax = training_curves({"loss": [2.0, 1.5], "val_loss": [2.1, 1.8]}, ylabel="nats")
        >>> [line.get_label() for line in ax.lines]
        ['training', 'validation']
    """
    runs = {name: getattr(run, "history", run) for name, run in _named(history).items()}
    if ax is None:
        _, ax = plt.subplots()
    for (name, run), colour in zip(runs.items(), _colours(len(runs)), strict=True):
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
                ax.plot(epochs, run[key], style, color=colour, label=f"{name} {label}".strip())
    ax.set_xlabel("epoch")
    ax.set_ylabel(ylabel or metric.replace("_", " "))
    ax.xaxis.get_major_locator().set_params(integer=True)
    if title:
        ax.set_title(title)
    ax.legend()
    return ax


def _named(history):
    """Return a dict of histories by name; a single one has no name."""
    values = history.values() if isinstance(history, dict) else ()
    compares = values and all(isinstance(v, dict) or hasattr(v, "history") for v in values)
    return history if compares else {"": history}


def _colours(count):
    return [PALETTE[i % len(PALETTE)] for i in range(count)]
