"""Pictures: what is drawn, with which labels, and what is refused."""

import matplotlib
import pytest

matplotlib.use("agg")  # no window

import matplotlib.pyplot as plt
import numpy as np

from course import plots
from course.music import Piece, notes

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


def test_models_are_told_apart_by_color_and_data_by_dashes():
    ax = plots.training_curves({"GRU": History(), "LSTM": RUN})
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["GRU training", "GRU validation", "LSTM training", "LSTM validation"]
    colors = [line.get_color() for line in ax.lines]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_a_metric_is_drawn_on_the_axes_that_are_given_and_an_unknown_one_refused():
    _, ax = plt.subplots()
    assert plots.training_curves(RUN, "accuracy", ax=ax) is ax
    assert [line.get_linestyle() for line in ax.lines] == ["-"]
    with pytest.raises(ValueError, match=r"'auc'.*loss, val_loss, accuracy"):
        plots.training_curves(RUN, "auc")


def piece(**facts):
    """A piece of two parts and three bars, the first an upbeat."""
    rows = [(0, 0, 1, 72), (0, 1, 4, 74), (0, 5, 2, 74), (1, 1, 4, 48), (1, 5, 4, 55)]
    made = {"length": 9.0, "parts": ("upper", "lower"), "bars": np.array([-3.0, 1.0, 5.0])}
    return Piece("two parts", notes(rows), **(made | facts))


def corners(strips):
    """Return where each strip begins and ends, and the middle of its height."""
    paths = [path.vertices for path in strips.get_paths()]
    return [(p[:, 0].min(), p[:, 0].max(), (p[:, 1].min() + p[:, 1].max()) / 2) for p in paths]


def test_each_note_is_a_strip_in_the_color_of_its_part_and_repeated_notes_are_seen_apart():
    ax = plots.piano_roll(piece())
    upper, lower = ax.collections
    assert [strips.get_label() for strips in ax.collections] == ["upper", "lower"]
    assert [(begin, pitch) for begin, _, pitch in corners(upper)] == [(0, 72), (1, 74), (5, 74)]
    assert len(corners(lower)) == 2
    assert matplotlib.colors.to_hex(upper.get_facecolor()[0]) == plots.PALETTE[0].lower()
    (_, end, _), (begin, _, _) = corners(upper)[1:]
    assert 0 < begin - end < 0.2


def test_bars_are_numbered_and_pitches_named_and_some_bars_alone_are_drawn():
    ax = plots.piano_roll(piece())
    assert list(ax.get_xticks()) == [0, 1, 5]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "2"]
    assert ax.get_xlim() == (0, 9)
    names = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels()), strict=True))
    assert names[60] == "C4"
    ax = plots.piano_roll(piece(), bars=(1, 1))
    assert ax.get_xlim() == (1, 5)
    assert [len(strips.get_paths()) for strips in ax.collections] == [1, 1]


def test_a_single_part_needs_no_legend_and_a_long_piece_has_few_labels():
    _, ax = plt.subplots()
    tune = Piece("", notes([(0, 0, 1, 60)]), length=1.0)
    assert plots.piano_roll(tune, ax=ax) is ax
    assert ax.get_legend() is None
    rows = [(0, 4 * bar, 4, 60 + bar % 12) for bar in range(100)]
    ax = plots.piano_roll(Piece("", notes(rows), length=400.0, bars=np.arange(0, 400, 4.0)))
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert len(labels) == 100
    assert len([label for label in labels if label]) == 20


def test_what_cannot_be_drawn_is_refused():
    for bars, message in (((1, 7), "0 to 2; there are no 1 to 7"), ((2, 1), "there are no 2 to 1")):
        with pytest.raises(ValueError, match=message):
            plots.piano_roll(piece(), bars=bars)
    with pytest.raises(ValueError, match="no notes to draw"):
        plots.piano_roll(Piece("", notes([]), length=1.0))


def test_attention_is_drawn_with_source_to_the_right_and_target_downward():
    weights = np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]])
    ax = plots.attention_map(weights, ["the", "cat", "."], ["el", "gato"], title="Looked at")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["the", "cat", "."]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["el", "gato"]
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), weights)
    assert image.get_clim() == (0.0, 1.0)  # one scale for all maps
    assert ax.yaxis_inverted()
    assert ax.get_title() == "Looked at"
    _, ax = plt.subplots()
    assert plots.attention_map(np.eye(2), "ab", "12", ax=ax) is ax
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    with pytest.raises(ValueError, match=r"\(2, 2\).*3 tokens of the target and 2 of the source"):
        plots.attention_map(np.eye(2), "ab", "123")
