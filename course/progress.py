"""A progress bar where somebody watches, and nothing at all where nobody does.

In a live notebook the bar is one display that is emptied when the work is done, so that the saved
file does not keep it. In a terminal it is tqdm's own. A run without a reader (nbclient, nbconvert,
nbval) shows nothing: no stream, no display, no widget. ``SEQLIB_PROGRESS`` overrules what is
found: ``off``, ``on`` or ``auto`` (as if not set).
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


def place():
    """Say where a progress bar would be seen.

    Returns:
        ``"notebook"``, ``"terminal"``, or None where nobody watches.

    Raises:
        ValueError: ``SEQLIB_PROGRESS`` is none of ``auto``, ``on`` and ``off``.

    Example:
        >>> place() in ("notebook", "terminal", None)
        True
    """
    switch = os.environ.get("SEQLIB_PROGRESS") or "auto"
    if switch not in SWITCHES:
        raise ValueError(
            f"SEQLIB_PROGRESS is {switch!r}; it must be one of {', '.join(SWITCHES)}, or not set."
        )
    if switch == "off":
        return None
    if _in_kernel():
        return "notebook" if switch == "on" or _has_reader() else None
    return "terminal" if switch == "on" or sys.stderr.isatty() else None


def progress(iterable, total=None, description=""):
    """Iterate over something slow, with a bar where somebody watches.

    Args:
        iterable: What to iterate over.
        total: Number of items, where `len(iterable)` does not tell.
        description: What is being done, in a few words.

    Returns:
        An iterator over the items of `iterable`.

    Example:
        >>> [order**2 for order in progress([1, 2, 3], description="orders")]
        [1, 4, 9]
    """
    return bar(iterable, total=total, desc=f"{description}: " if description else "")


def bar(iterable=None, **options):
    """Make the tqdm bar that fits `place`; it counts and shows nothing where nobody watches.

    Args:
        iterable: What to iterate over, or None for a bar moved by its `update`.
        **options: Any of tqdm's.

    Returns:
        A `tqdm.tqdm`.

    Example:
        >>> bar(total=2, disable=True).update(1)
    """
    where = place()
    if where == "notebook":
        return _NotebookBar(iterable, leave=False, **options)
    return _Bar(iterable, leave=False, **{"disable": where is None, **options})


def _in_kernel():
    """Tell whether this process is a Jupyter kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def _has_reader():
    """Tell whether a front end is attached to the kernel."""
    return "google.colab" in sys.modules or any(mark in os.environ for mark in READERS)
