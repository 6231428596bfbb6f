"""What a notebook says first: which profile, which seed, on which machine.

The profile is read here and nowhere else, from the environment variable ``SEQLIB_PROFILE``:
``quick`` shrinks a notebook to seconds for work in progress, ``default`` is the real run of two to
three minutes on two cores, ``full`` is for a GPU or a night.
"""

import os
import time

from course.progress import progress

# `ProgressBar` comes through `__getattr__` below.
__all__ = ["ProgressBar", "choose", "profile", "progress", "report", "seconds", "start"]  # noqa: F822

PROFILES = ("quick", "default", "full")

_UNSET = object()
_started = None


def __getattr__(name):
    """Give `ProgressBar` when it is asked for: it is a Keras class, and Keras is slow to import."""
    if name == "ProgressBar":
        from course.training_bar import ProgressBar

        return ProgressBar
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def profile():
    """Return the profile of this run.

    Returns:
        ``"quick"``, ``"default"`` or ``"full"``; ``"default"`` where ``SEQLIB_PROFILE`` is not set.

    Raises:
        ValueError: ``SEQLIB_PROFILE`` holds anything else.

    Example:
        >>> profile() in PROFILES
        True
    """
    chosen = os.environ.get("SEQLIB_PROFILE") or "default"
    if chosen not in PROFILES:
        raise ValueError(
            f"SEQLIB_PROFILE is {chosen!r}; it must be one of {', '.join(PROFILES)}, "
            "or not set at all, which means default."
        )
    return chosen


def choose(*, quick, default, full=_UNSET):
    """Return the one of three values that belongs to the profile of this run.

    Args:
        quick: Value that lets the notebook finish in seconds.
        default: Value of the real run.
        full: Value for a GPU or a night; that of `default` where it is left out.

    Returns:
        `quick`, `default` or `full`.

    Example:
        >>> choose(quick=20, default=20)
        20
    """
    values = {"quick": quick, "default": default, "full": default if full is _UNSET else full}
    return values[profile()]


def start(seed):
    """Open a notebook: import Keras quietly, seed every generator, say on what it runs.

    Args:
        seed: Integer handed to `keras.utils.set_random_seed`, which seeds Python, NumPy and the
            backend; a notebook run again on the same machine gives the same figures.

    Raises:
        ValueError: `seed` is not an integer, or ``SEQLIB_PROFILE`` is not a profile.

    Example:
        >>> start(seed=1)  # doctest: +ELLIPSIS
        seqlib ...
        profile ...
    """
    global _started
    begun = time.perf_counter()
    chosen = profile()
    from course.quiet import import_keras  # Keras takes seconds to import: only here

    keras = import_keras()
    from course import machine

    keras.utils.set_random_seed(seed)
    print(f"seqlib {' · '.join(machine.versions())}")
    print(
        f"profile {chosen} · seed {seed} · {machine.processor()} · "
        f"recurrent layers: {machine.recurrent_path().name}"
    )
    _started = begun


def seconds():
    """Return the seconds since `start`, or None where it has not run.

    Example:
        >>> (seconds() or 0.0) >= 0.0
        True
    """
    return None if _started is None else time.perf_counter() - _started


def report():
    """Return all that helps to understand a run on this machine.

    Returns:
        `pandas.DataFrame` with one column, ``value``, and one row an item: Python, system, cores,
        memory, Keras, backend, accelerator, path of the recurrent layers, seqlib, profile, data
        folder.

    Example:
        >>> report().loc["profile", "value"] == profile()
        True
    """
    import pandas

    from course import machine

    rows = {**machine.description(), "profile": profile()}
    return pandas.DataFrame({"value": rows.values()}, index=rows.keys())
