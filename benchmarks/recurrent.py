"""Time a training step and inference of our recurrent layers beside those of `keras.layers`.

Both run in one process and take turns (A B A B ...), so that a machine whose speed drifts treats
them alike; what is reported is the median of the ratios of neighbouring runs. Run it with
``make bench`` or ``python benchmarks/recurrent.py``; ``--seconds`` sets the time for each pair.
"""

import argparse
import statistics
import time

from seqlib import layers  # first: it imports Keras without the backend's chatter

# isort: split
import keras
import numpy as np

SHAPES = [  # (batch, time, features, units)
    (32, 20, 100, 128),
    (64, 100, 64, 256),
    (128, 40, 27, 64),
    (16, 512, 101, 128),
]


def actions(package, name, shape):
    """Return two functions for one layer: a training step, and inference, each waited for.

    Args:
        package: `seqlib.layers` or `keras.layers`.
        name: Name of the layer in it.
        shape: (batch, time, features, units).

    Returns:
        Dict from what is done to a function without arguments.
    """
    batch, length, features, units = shape
    x = np.random.default_rng(0).normal(size=(batch, length, features)).astype("float32")
    y = np.zeros((batch, units), "float32")
    model = keras.Sequential([keras.Input((length, features)), getattr(package, name)(units)])
    model.compile("sgd", "mse", jit_compile=False)
    return {
        "train": lambda: model.train_on_batch(x, y),
        "infer": lambda: model.predict_on_batch(x),
    }


def compare(ours, theirs, seconds):
    """Time two functions in turn.

    Args:
        ours: Function to time.
        theirs: Function to compare with.
        seconds: How long to go on, after a warm-up.

    Returns:
        Median milliseconds of each, and the median ratio theirs / ours: above 1, ours is faster.
    """
    for function in (ours, theirs, ours, theirs):
        function()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        times.append((timed(ours), timed(theirs)))
    mine, others = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    return mine, others, statistics.median(b / a for a, b in times)


def timed(function):
    """Return the seconds that a call takes."""
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each pair")
    seconds = parser.parse_args().seconds
    columns = "{:10} {:7} {:>20} {:>10} {:>12} {:>7}"
    print(columns.format("layer", "what", "batch time in units", "seqlib ms", "keras ms", "ratio"))
    for name in ("SimpleRNN", "GRU", "LSTM"):
        for shape in SHAPES:
            ours, theirs = (actions(package, name, shape) for package in (layers, keras.layers))
            for what in ours:
                mine, others, ratio = compare(ours[what], theirs[what], seconds)
                text = " ".join(map(str, shape))
                row = (name, what, text, f"{mine:.1f}", f"{others:.1f}", f"{ratio:.2f}")
                print(columns.format(*row), flush=True)


if __name__ == "__main__":
    main()
