"""Measure, print as it goes, and write down: ``make bench`` or ``python -m benchmarks``.

A whole run writes ``results.json``, ``results.svg`` and ``README.md`` into ``benchmarks/``. A run
of a part of it, or a hasty one, only prints, unless ``--output`` names a file.
"""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 2.0
HASTY = 1.0  # seconds a pair below which the figures are no record
PARTS = (
    "recurrent", "attention", "acceleration", "decoder", "generation",
    "beam", "ctc", "transformer", "embeddings", "word2vec",
)  # fmt: skip


def arguments(words=None):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(":")[0])
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="time for each pair (default: %(default)s)"
    )
    parser.add_argument("--only", choices=PARTS, help="run one benchmark alone")
    parser.add_argument(
        "--layers",
        nargs="+",
        choices=("LSTM", "GRU", "SimpleRNN"),
        help="measure these layers alone (default: all)",
    )
    parser.add_argument("--output", type=Path, help="JSON file to write, the chart beside it")
    options = parser.parse_args(words)
    if options.seconds < 0:
        parser.error("--seconds: a number from 0 up")
    if options.output and options.output.suffix != ".json":
        parser.error("--output: a file that ends in .json")
    if options.output and not options.output.resolve().parent.is_dir():
        parser.error(f"--output: there is no folder {options.output.parent}")
    return options


def main(words=None):
    """Run what the command line asks for; return an exit code."""
    options = arguments(words)
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the processor is what is measured, for all sides
    import keras

    if keras.backend.backend() != "tensorflow":
        print("The benchmarks compare on the TensorFlow backend: unset KERAS_BACKEND.")
        return 2
    import tensorflow as tf

    from benchmarks import chart, loaders, results, tables, torch_layers

    tf.get_logger().setLevel("ERROR")  # that many shapes are traced is meant here
    keras.utils.set_random_seed(0)
    torch_layers.threads()
    for name in ("torch", "gensim", "pandas"):
        if not loaders.installed(name):
            print(f"{name} is left out; to compare with it: pip install {name}\n")
    for name, text in results.machine.description().items():
        print(f"{name:17} {text}")
    begun = time.perf_counter()
    rows = []
    for row in measured(options):
        rows.append(row)
        print("\n" + tables.block(row), flush=True)
    record = results.record(rows, options.seconds)
    if record["summary"]:
        print("\n" + tables.overview(record["summary"]))
    print(f"\n{(time.perf_counter() - begun) / 60:.1f} minutes")

    is_whole = not options.only and not options.layers and options.seconds >= HASTY
    output = options.output or (ROOT / "benchmarks" / "results.json" if is_whole else None)
    if output is None:
        print("Not written down: a part, or a hasty run. Name a file with --output.")
        return 0
    results.write(output, record)
    record = results.read(output)
    chart.write(output.with_suffix(".svg"), record)
    if options.output is None:
        results.write_text(output.with_name("README.md"), tables.page(record))
    print(f"Written: {output.name}, with its chart.")
    return 0


def measured(options):
    """Yield the rows that the command line asks for, one at a time."""
    from benchmarks.turns import Effort

    effort = Effort(options.seconds, attempts=1 if options.seconds < HASTY else 3)
    for name in [options.only] if options.only else PARTS:
        part = importlib.import_module(f"benchmarks.{name}")
        chosen = [options.layers] if name == "recurrent" and options.layers else []
        yield from part.rows(effort, *chosen)


if __name__ == "__main__":
    sys.exit(main())
