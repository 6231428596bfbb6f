"""What this run stands on: versions, processor, accelerator, path of the recurrent layers."""

import importlib
import os
import platform
import time
from pathlib import Path

import keras
import numpy as np
import psutil

import seqlib
from seqlib import layers
from seqlib.compiled.backend import cores
from seqlib.data import cache

_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def versions():
    """Return name and version of what computes, a list of strings, seqlib's bare version first."""
    name, version = backend()
    return [
        seqlib.__version__,
        f"Python {platform.python_version()}",
        f"Keras {keras.__version__} on {name} {version}",
        f"NumPy {np.__version__}",
    ]


def backend():
    """Return name and version of the library that Keras computes with."""
    name = keras.backend.backend()
    return _NAMES.get(name, name), importlib.import_module(name).__version__


def accelerators():
    """Return the names of the GPUs that the backend can use, a list of strings."""
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        details = map(tf.config.experimental.get_device_details, found)
        return [detail.get("device_name", "GPU") for detail in details]
    if name == "jax":
        import jax

        return [device.device_kind for device in jax.devices() if device.platform != "cpu"]
    import torch

    if torch.cuda.is_available():
        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ["Apple GPU"] if torch.backends.mps.is_available() else []


def processor():
    """Return a few words on what computes: the GPUs, or the number of cores."""
    found = accelerators()
    if found:
        return f"GPU: {', '.join(found)}"
    number = cores()
    return f"no GPU, {number} CPU core{'s' if number > 1 else ''}"


def recurrent_execution():
    """Return how a recurrent layer goes through a sequence here where it can choose, and why."""
    return layers.LSTM(1).execution()


def quickest_precision(size=1024):
    """Return ``"mixed_bfloat16"`` or ``"float32"``, and how many times as fast bfloat16 is here.

    Processors of the last years and most GPUs have instructions for products in bfloat16; others
    take them apart, and are slower. Less than half as fast again is not worth the digits.
    """
    matrices = {dtype: keras.ops.ones((size, size), dtype) for dtype in ("float32", "bfloat16")}
    seconds = {dtype: [] for dtype in matrices}
    for _ in range(8):  # in turns, so that what else the machine does meets both
        for dtype, matrix in matrices.items():
            begun = time.perf_counter()
            float(keras.ops.matmul(matrix, matrix)[0, 0])
            seconds[dtype].append(time.perf_counter() - begun)
    # The first one pays for what is set up.
    ratio = min(seconds["float32"][1:]) / min(seconds["bfloat16"][1:])
    return ("mixed_bfloat16" if ratio > 1.5 else "float32"), ratio


def description():
    """Return all of it for `session.report`, a dict of strings in the order to be shown."""
    name, version = backend()
    return {
        "seqlib": seqlib.__version__,
        "Python": platform.python_version(),
        "operating system": f"{platform.system()}, {platform.machine()}",
        "CPU cores": str(cores()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "Keras": keras.__version__,
        "backend": f"{name} {version}",
        "GPU": ", ".join(accelerators()) or "none found: everything runs on the CPU",
        "recurrent layers": "{0.name}: {0.reason}".format(recurrent_execution()),
        "NumPy": np.__version__,
        "data folder": data_folder(),
    }


def data_folder():
    """Return where fetched data is kept, in a form that is the same for every user."""
    if os.environ.get("SEQLIB_DATA"):
        return "$SEQLIB_DATA"
    folder, home = cache.root(), Path.home()
    return (
        f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)
    )
