"""Silence for native code, whose lines a notebook would show in red."""

import contextlib
import os


@contextlib.contextmanager
def native_stderr_muted():
    """Send what native code writes to file descriptor 2 nowhere, for the length of the block.

    TensorFlow's C++ code greets, and so does XLA, below the reach of ``sys.stderr`` and of
    ``TF_CPP_MIN_LOG_LEVEL``; a Python exception still surfaces as it should.

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


def import_keras():
    """Import Keras and compile a first program, so that backend and compiler greet unheard."""
    with native_stderr_muted():
        import keras

        keras.ops.zeros(())  # the devices are set up by the first operation
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            with contextlib.suppress(tf.errors.OpError, ValueError):  # some builds have no XLA
                tf.function(lambda x: x + 1, jit_compile=True)(tf.zeros(()))
    return keras
