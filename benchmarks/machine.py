"""What the measurements stand on: processor, memory, system, versions, threads."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path

import numpy as np

from benchmarks import torch_layers
from course import machine
from seqlib.compiled.backend import cores


def description():
    """Return what a reader needs to judge the figures, and nothing that names the machine."""
    known = machine.description()
    left_out = ("GPU", "data folder", "NumPy")  # the benchmark runs on the processor
    return {
        "CPU": processor_model(),
        **{name: text for name, text in known.items() if name not in left_out},
        "NumPy": f"{np.__version__}, {_blas()}",
        "PyTorch": _version("torch"),
        "gensim": _version("gensim"),
        "pandas": _version("pandas"),
        "threads": f"{cores()} for TensorFlow, {torch_layers.threads() or 'none'} for PyTorch",
    }


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def processor_model():
    """Return the name that the processor gives itself."""
    name = ""
    if platform.system() == "Linux":
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        name = text.partition("model name")[2].partition(":")[2].partition("\n")[0]
    elif platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(command, capture_output=True, encoding="utf-8", check=False).stdout
    return name.strip() or platform.processor() or platform.machine()


def _blas():
    """Return the name of the library that multiplies NumPy's matrices."""
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return blas.get("name", "unknown BLAS")
