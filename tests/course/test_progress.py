"""The bar shows where somebody watches and leaves nothing behind."""

import keras
import numpy as np
import pytest

from course import progress, session
from course.session import native_stderr_muted
from tests.course.notebook_files import execute, notebook

CELL = """
import os
from course import progress, session
for mark in progress.READERS:
    os.environ.pop(mark, None)
os.environ.update(%s)
print("before")
done = [i for i in session.progress([1, 2, 3], description="counting")]
print(done)
"""


@pytest.fixture
def fit():
    """Train a one-weight model with a bar and return what `fit` returned."""
    x = np.ones((8, 1), "float32")
    with native_stderr_muted():  # TensorFlow looks for a GPU, and says so
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, x, verbose=0)

    def run():
        bar = session.ProgressBar("a line")
        return model.fit(
            x, x, batch_size=2, epochs=2, validation_data=(x, x), verbose=0, callbacks=[bar]
        )

    return run


def test_where_nobody_watches_nothing_is_shown_nor_waited_for(monkeypatch, capfd, fit):
    monkeypatch.setenv("SEQLIB_PROGRESS", "off")
    assert list(session.progress(range(3), description="counting")) == [0, 1, 2]
    assert len(fit().epoch) == 2
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    monkeypatch.setenv("SEQLIB_PROGRESS", "off")
    bar = session.ProgressBar("a line")
    # Keras fetches the loss of each batch for a callback that has a method of its own here.
    assert bar.on_train_batch_end.__func__ is keras.callbacks.Callback.on_train_batch_end


def test_terminal_shows_epoch_losses_and_time_left(monkeypatch, capsys, fit):
    monkeypatch.setenv("SEQLIB_PROGRESS", "on")
    fit()
    shown = capsys.readouterr().err
    for part in ("a line: epoch 2/2", "loss", "val loss", "left"):
        assert part in shown
    monkeypatch.setenv("SEQLIB_PROGRESS", "on")
    assert list(session.progress(iter("ab"), total=2, description="letters")) == ["a", "b"]
    assert "letters" in capsys.readouterr().err


@pytest.mark.parametrize("switch", ["on", "off"])
def test_first_step_is_traced_once(monkeypatch, switch):
    monkeypatch.setenv("SEQLIB_PROGRESS", switch)
    traced = []

    class Noting(keras.layers.Layer):
        def call(self, x):
            traced.append(x)
            return x

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1), Noting()])
    model.compile("adam", "mse", jit_compile=False)
    x = np.ones((4, 1), "float32")
    traced.clear()
    model.fit(x, x, verbose=0, callbacks=[session.ProgressBar()])
    assert len(traced) == 1


def test_unknown_switch_is_refused_with_what_is_allowed(monkeypatch):
    monkeypatch.setenv("SEQLIB_PROGRESS", "yes")
    with pytest.raises(ValueError, match=r"'yes'.*auto, on, off"):
        progress.shown_in()


def test_live_notebook_shows_a_bar_and_keeps_none_and_a_headless_one_shows_none(tmp_path):
    headless = {"SEQLIB_PROGRESS": "auto"}
    live = {"SEQLIB_PROGRESS": "auto", "JPY_SESSION_NAME": "a.ipynb"}
    book = notebook(CELL % headless, CELL % live)
    seen = []
    execute(book, tmp_path, on_output=seen.append)

    quiet, loud = (cell.outputs for cell in book.cells)
    assert [output.output_type for output in quiet] == ["stream"]
    assert "counting: 0/3" in str(seen)
    assert [dict(o.data) for o in loud if o.output_type == "display_data"] == [{}]
    assert "".join(o.text for o in loud if o.output_type == "stream") == "before\n[1, 2, 3]\n"
    assert "widgets" not in book.metadata
