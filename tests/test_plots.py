import matplotlib
import pytest

matplotlib.use("agg")  # no window

import matplotlib.pyplot as plt

from seqlib import plots

RUN = {"loss": [2.0, 1.5, 1.2], "val_loss": [2.1, 1.8, 1.7], "accuracy": [0.1, 0.2, 0.3]}


class History:
    """What `fit` returns, as far as a picture needs it."""

    history = RUN


@pytest.fixture(autouse=True)
def _own_style():
    with plt.rc_context():
        yield
    plt.close("all")


@pytest.mark.parametrize("history", [RUN, History()])
def test_curves_show_training_and_validation_over_epochs_from_one(history):
    ax = plots.training_curves(history, ylabel="nats", title="A run")
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3]
    assert list(ax.lines[1].get_ydata()) == RUN["val_loss"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "nats")


def test_models_are_told_apart_by_colour_and_data_by_dashes():
    ax = plots.training_curves({"GRU": History(), "LSTM": RUN})
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["GRU training", "GRU validation", "LSTM training", "LSTM validation"]
    colours = [line.get_color() for line in ax.lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_metric_without_validation_is_drawn_whole_on_the_axes_that_are_given():
    _, ax = plt.subplots()
    assert plots.training_curves(RUN, "accuracy", ax=ax) is ax
    assert [line.get_linestyle() for line in ax.lines] == ["-"]


def test_unknown_metric_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"'auc'.*loss, val_loss, accuracy"):
        plots.training_curves(RUN, "auc")


def test_style_uses_the_palette():
    plots.use_style()
    _, ax = plt.subplots()
    assert ax.plot([1])[0].get_color() == plots.PALETTE[0]
