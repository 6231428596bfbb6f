"""What a notebook says first: which profile, which seed, on which machine.

``SEQLIB_PROFILE`` is read here and nowhere else: ``quick`` shrinks a notebook to seconds, ``full``
is for a GPU or a night, ``default`` is the real run of two to three minutes on two cores.
"""

import contextlib
import ctypes
import os
import sys
import time

from course.progress import ProgressBar, progress

__all__ = ["ProgressBar", "choose", "profile", "progress", "report", "seconds", "start"]

PROFILES = ("quick", "default", "full")

_UNSET = object()
_started = None


def profile():
    """Return the profile of this run: "quick", "default" or "full", from ``SEQLIB_PROFILE``."""
    chosen = os.environ.get("SEQLIB_PROFILE") or "default"
    if chosen not in PROFILES:
        raise ValueError(
            f"SEQLIB_PROFILE is {chosen!r}; it must be one of {', '.join(PROFILES)}, "
            "or not set at all, which means default."
        )
    return chosen


def choose(*, quick, default, full=_UNSET):
    """Return the value for the profile of this run; `full` is `default` where it is left out."""
    values = {"quick": quick, "default": default, "full": default if full is _UNSET else full}
    return values[profile()]


def start(seed):
    """Open a notebook: import Keras quietly, seed every generator, say on what it runs."""
    global _started
    begun = time.perf_counter()
    chosen = profile()
    keep_freed_memory()
    keras = _import_keras()
    from course import machine

    keras.utils.set_random_seed(seed)
    print(f"seqlib {' · '.join(machine.versions())}")
    print(
        f"profile {chosen} · seed {seed} · {machine.processor()} · "
        f"recurrent layers: {machine.recurrent_execution().name}"
    )
    _started = begun


def keep_freed_memory():
    """Have the C library of Linux keep what is freed, for whoever asks next.

    TensorFlow frees and asks for megabytes at every operation. Given back to the system, they come
    again page by page and emptied: with two cores that took half the time of a training step.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):  # glibc's
        mmap_max, trim_threshold = -4, -1
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)


def seconds():
    """Return the seconds since `start`, or None where it has not run."""
    return None if _started is None else time.perf_counter() - _started


def report():
    """Return all that helps to understand a run on this machine, a table of one column."""
    import pandas

    from course import machine

    rows = {**machine.description(), "profile": profile()}
    return pandas.DataFrame({"value": rows.values()}, index=rows.keys())


@contextlib.contextmanager
def native_stderr_muted():
    """Send what native code writes to file descriptor 2 nowhere, for the length of the block.

    TensorFlow's C++ code greets, and so does XLA, below the reach of ``sys.stderr`` and of
    ``TF_CPP_MIN_LOG_LEVEL``; a notebook would show it in red. A Python exception still surfaces.
    """
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _import_keras():
    """Import Keras, which takes seconds, and compile a first program: both greet unheard."""
    with native_stderr_muted():
        import keras

        keras.ops.zeros(())  # the devices are set up by the first operation
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            with contextlib.suppress(tf.errors.OpError, ValueError):  # some builds have no XLA
                tf.function(lambda x: x + 1, jit_compile=True)(tf.zeros(()))
    return keras
