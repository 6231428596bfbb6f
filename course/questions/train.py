"""Train the reader of spans whose weights the notebook 4-3_question_answering loads.

    python -m course.questions.train [--epochs 3] [--output FILE]

MiniLM learns where answers stand, on the training questions of SQuAD 1.1; some of its articles are
held out, and measured after each part of an epoch; the development set is not used. What training
changed in the blocks and the heads is written in four bits a number; the vectors of the pieces stay
as they are. ``--score`` answers the whole development set with the weights that are there, and
keeps the result beside them.

Processors that have instructions for bfloat16 multiply large matrices several times as fast in it,
so the reader is trained in mixed precision: weights, scores and loss stay in float32, and so does
the activation, which TensorFlow computes twice as fast so.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from course.questions.model import Batches, SpanReader, answers, load, save
from course.questions.windows import Windows
from course.schedules import TriangularSchedule
from course.weights import COMMITTED
from seqlib import data, metrics
from seqlib.files import whole_file
from seqlib.pretrained import WordPiece

SEED = 7
BATCH_SIZE = 32
RATE = 2e-4
LENGTH, STRIDE = 384, 256
HELD_OUT = 24  # articles
VALIDATION = 800  # questions of theirs
PARTS = 4  # of an epoch, after each of which the reader is measured
OUTPUT = COMMITTED / "question_answering.npz"


def parts():
    """Return the questions to train with, and some of the articles held out, two tables."""
    table = data.load("squad")
    table = table[table["part"] == "training"]
    titles = table["title"].unique()
    held_out = np.random.default_rng(SEED).permutation(titles)[:HELD_OUT]
    is_out = table["title"].isin(held_out)
    return table[~is_out], table[is_out].sample(VALIDATION, random_state=SEED)


def windows_of(wordpiece, table):
    """Return the `Windows` of a table's questions."""
    questions, passages = table["question"].tolist(), table["context"].tolist()
    return Windows(wordpiece, questions, passages, LENGTH, STRIDE)


def reader_to_train(steps):
    """Return a reader on MiniLM, its pieces' vectors frozen, compiled for so many steps."""
    reader = SpanReader.load(seed=SEED, dtype="mixed_bfloat16", dropout=0.1)
    reader.compile(
        keras.optimizers.AdamW(
            TriangularSchedule(RATE, steps), weight_decay=0.01, global_clipnorm=1.0
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() == "jax",
    )
    return reader


def train(epochs, output):
    """Train, measure, and write the weights after each part of an epoch."""
    keras.utils.set_random_seed(SEED)
    wordpiece, started = WordPiece.load(), time.monotonic()
    training, held_out = parts()
    windows, validation = (windows_of(wordpiece, table) for table in (training, held_out))
    labels = windows.labels(training["starts"].str[0].tolist(), training["answers"].str[0].tolist())
    batches = Batches(windows, labels, BATCH_SIZE, seed=SEED)
    model, reader = reader_to_train(epochs * len(batches)), SpanReader.load()
    for number in range(epochs * PARTS):
        fitted = model.fit(Part(batches, number % PARTS), verbose=0).history
        if number % PARTS == PARTS - 1:
            batches.on_epoch_end()
        save(output, model)
        load(output, reader)  # what is measured is what was written
        found, _ = answers(reader, validation)
        score = metrics.answer_score(found, held_out["answers"].tolist())
        print(
            f"{(number + 1) / PARTS} epochs, {time.monotonic() - started:.0f} s, "
            f"{time.process_time() / 60:.1f} minutes of a core: loss {fitted['loss'][0]:.3f}; "
            f"held out {score}",
            flush=True,
        )


def score(output):
    """Print how well the weights answer the whole development set."""
    table = data.load("squad")
    table = table[table["part"] == "development"]
    reader = SpanReader.load()
    load(output, reader)
    before = time.process_time()
    found, _ = answers(reader, windows_of(WordPiece.load(), table))
    found = metrics.answer_score(found, table["answers"].tolist())
    print(found)
    print(f"{(time.process_time() - before) / 60:.1f} minutes of a core")
    with np.load(output) as file:  # keep it beside the weights, which stay as they are
        arrays = dict(file)
    arrays["development"] = [found.exact_match, found.f1, found.number]
    with whole_file(output) as file:
        np.savez_compressed(file, **arrays)


class Part(keras.utils.PyDataset):
    """One part of an epoch of `Batches`, counted from 0."""

    def __init__(self, batches, number):
        super().__init__()
        size = -(-len(batches) // PARTS)
        self.batches = batches
        self.numbers = range(number * size, min((number + 1) * size, len(batches)))

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, number):
        return self.batches[self.numbers[number]]


def main():
    """Train, or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--score", action="store_true")
    options = parser.parse_args()
    if options.score:
        score(options.output)
    else:
        train(options.epochs, options.output)


if __name__ == "__main__":
    main()
