"""Import Keras and its backend once, without the chatter; and what the machine offers them.

TensorFlow's C++ code writes to file descriptor 2 while it is imported, below the reach of
``sys.stderr`` and of ``TF_CPP_MIN_LOG_LEVEL``. A notebook would show those lines as errors, so the
descriptor is turned away for the import alone; a Python exception still surfaces as it should.
"""

import contextlib
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors reach Python as exceptions anyway


@contextlib.contextmanager
def native_stderr_muted():
    """Send what native code writes to file descriptor 2 nowhere, for the length of the block.

    Example:
        >>> with native_stderr_muted():
        ...     written = os.write(2, b"not seen")
        >>> written
        8
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


def cores():
    """Return the number of processor cores that this process may use.

    Example:
        >>> cores() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):  # a container or `taskset` may allow fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


with native_stderr_muted():
    import keras

    keras.ops.zeros(())  # the devices are set up, and talked about, by the first operation
