"""A progress bar where somebody watches, and nothing at all where nobody does.

In a live notebook the bar is one display that is emptied at the end, in a terminal it is tqdm's
own, and a run without a reader (nbclient, nbconvert, nbval) shows nothing. ``SEQLIB_PROGRESS``
overrules what is found: ``off``, ``on`` or ``auto`` (as if not set).
"""

import html
import io
import os
import sys

from tqdm import tqdm

SWITCHES = ("auto", "on", "off")

# What Jupyter's server and VS Code set in the kernels that they start for a reader; nbclient,
# nbconvert and nbval set nothing of the kind.
READERS = ("JPY_SESSION_NAME", "VSCODE_PID")


class _Bar(tqdm):
    """tqdm in a terminal, without its thread that redraws a slow bar."""

    # The thread would draw into whichever cell runs by then.
    monitor_interval = 0


class _NotebookBar(_Bar):
    """tqdm's counting and timing, shown through one display that is emptied at the end."""

    def __init__(self, *args, **kwargs):
        self._handle = None
        super().__init__(*args, file=io.StringIO(), **kwargs)

    def display(self, msg=None, pos=None):
        """Draw the bar; tqdm asks for an empty `msg` when it closes."""
        from IPython.display import DisplayHandle

        content = {} if msg == "" else self._content()
        if self._handle is None and content:
            self._handle = DisplayHandle()
            self._handle.display(content, raw=True)
        elif self._handle is not None:
            self._handle.update(content, raw=True)
        return True

    def _content(self):
        form = self.bar_format or (
            "{desc}{n_fmt}/{total_fmt}, {remaining} left"
            if self.total
            else "{desc}{n_fmt}, {elapsed}"
        )
        text = self.format_meter(**{**self.format_dict, "bar_format": form})
        whole = f'max="{self.total}" value="{self.n}"' if self.total else ""
        return {
            "text/plain": text,
            "text/html": f"<progress {whole}></progress> <code>{html.escape(text)}</code>",
        }


def shown_in():
    """Return where a bar would be seen: "notebook", "terminal", or None where nobody watches."""
    switch = os.environ.get("SEQLIB_PROGRESS") or "auto"
    if switch not in SWITCHES:
        raise ValueError(
            f"SEQLIB_PROGRESS is {switch!r}; it must be one of {', '.join(SWITCHES)}, or not set."
        )
    if switch == "off":
        return None
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is not None:
        has_reader = "google.colab" in sys.modules or any(mark in os.environ for mark in READERS)
        return "notebook" if switch == "on" or has_reader else None
    return "terminal" if switch == "on" or sys.stderr.isatty() else None


def progress(iterable, total=None, description=""):
    """Iterate over something slow, with a bar where somebody watches; `total` where `len` fails.

    Example:
        >>> [order**2 for order in progress([1, 2, 3], description="orders")]
        [1, 4, 9]
    """
    return bar(iterable, total=total, desc=f"{description}: " if description else "")


def bar(iterable=None, **options):
    """Return the `tqdm.tqdm` that fits where it is shown; without `iterable` it is updated."""
    where = shown_in()
    if where == "notebook":
        return _NotebookBar(iterable, leave=False, **options)
    return _Bar(iterable, leave=False, **{"disable": where is None, **options})


def ProgressBar(description="training"):
    """Return a Keras callback that shows how far a `fit` with ``verbose=0`` has come, if seen.

    It also makes the optimizer's variables before the first step, seen or not.
    """
    import keras  # slow to import: only where something is trained

    if shown_in() is None:
        # Keras fetches the loss of every batch for a callback that asks for it, which would make
        # the device wait.
        callback = keras.callbacks.Callback()
        callback.on_train_begin = lambda logs=None: prepare(callback.model)
        return callback
    return _TrainingRun(description, keras.callbacks.LambdaCallback).callback


def prepare(model):
    """Make the optimizer's variables, for Keras traces the first step twice if that makes them."""
    if model.built and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


class _TrainingRun:
    """A bar counted in epochs, and the callback that moves it."""

    def __init__(self, description, make_callback):
        self.description, self.epoch, self.bar = description, 0, None
        self.callback = make_callback(
            on_train_begin=self._begin,
            on_epoch_begin=self._begin_epoch,
            on_train_batch_end=self._end_batch,
            on_epoch_end=self._end_epoch,
            on_train_end=lambda logs: self.bar.close(),
        )

    def _begin(self, logs):
        prepare(self.callback.model)
        self.bar = bar(
            total=self.callback.params["epochs"],
            desc=self.description,
            bar_format="{desc}: {percentage:3.0f}%, {remaining} left{postfix}",
        )

    def _begin_epoch(self, epoch, logs):
        self.epoch = epoch
        self.bar.set_description_str(
            f"{self.description}: epoch {epoch + 1}/{self.callback.params['epochs']}", refresh=False
        )

    def _end_batch(self, batch, logs):
        if self.callback.params["steps"]:
            self._move_to(self.epoch + (batch + 1) / self.callback.params["steps"])

    def _end_epoch(self, epoch, logs):
        losses = {name: logs[name] for name in ("loss", "val_loss") if name in (logs or {})}
        self.bar.set_postfix_str(
            ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in losses.items()),
            refresh=False,
        )
        self._move_to(epoch + 1)
        self.bar.refresh()  # however short the epoch was

    def _move_to(self, epochs):
        self.bar.update(epochs - self.bar.n)
