"""Train the reader of spans whose weights the notebook 4-3_question_answering loads.

    python recipes/question_answering.py [--minutes 120] [--epochs 2] [--output FILE]

MiniLM learns where answers stand, on the training questions of SQuAD 1.1. Some of its articles are
held out, and after each part of an epoch the answers to their questions are measured; those of the
development set are not used. The rate rises for a short while and then falls to zero with the time
or the steps that are left, whichever is less. What training changed in the blocks and the heads is
written to notebooks/weights/question_answering.npz in four bits a number; the vectors of the pieces
stay as they are.

Passages are short or long: a batch is of windows of like lengths, and no wider than they are. Large
matrix products are several times as fast in bfloat16 where the processor has instructions for it,
so the reader is trained in mixed precision: weights, scores and loss stay in float32, and so does
the activation, which TensorFlow computes twice as fast so. `--steps N` measures N steps of each
width instead, in both precisions, and says how long an epoch takes; `--score` answers the whole
development set with the weights that are there.
"""

import argparse
import time
from pathlib import Path

from seqlib import layers  # noqa: F401  (first: it imports Keras without the chatter)

# isort: split
import keras
import numpy as np
from keras import ops

from seqlib import data, metrics
from seqlib.course.question_answering.model import WIDTHS, Batches, SpanReader, answers
from seqlib.course.question_answering.windows import Windows
from seqlib.pretrained import WordPiece

SEED = 7
BATCH_SIZE = 32
RATE, WARMUP = 2e-4, 0.06  # the share of the time in which the rate rises
LENGTH, STRIDE = 384, 256
HELD_OUT = 24  # articles
VALIDATION = 800  # questions of theirs
PARTS = 4  # of an epoch, after each of which the reader is measured
OUTPUT = Path(__file__).parents[1] / "notebooks" / "weights" / "question_answering.npz"


class Clock(keras.callbacks.Callback):
    """Let the rate rise, then fall to zero in a straight line, with time or steps.

    Args:
        seconds: How long to train at most.
        steps: How many steps to train at most.
    """

    def __init__(self, seconds, steps):
        super().__init__()
        self.seconds, self.steps = seconds, steps
        self.begun, self.done = time.monotonic(), 0

    def spent(self):
        """Return the share that is spent."""
        passed = (time.monotonic() - self.begun) / self.seconds
        return min(1.0, max(passed, self.done / self.steps))

    def on_train_batch_begin(self, batch, logs=None):
        """Set the rate."""
        spent = self.spent()
        rate = RATE * min(spent / WARMUP, (1 - spent) / (1 - WARMUP))
        self.model.optimizer.learning_rate.assign(max(rate, RATE / 1000))

    def on_train_batch_end(self, batch, logs=None):
        """Count, and stop when all is spent."""
        self.done += 1
        if self.spent() >= 1:
            self.model.stop_training = True


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


def gelu_in_full(x):
    """Return the activation of the BERT family, computed in float32."""
    return ops.cast(keras.activations.gelu(ops.cast(x, "float32"), approximate=False), x.dtype)


def reader_to_train(dtype="mixed_bfloat16"):
    """Return a compiled reader on MiniLM, its pieces' vectors frozen."""
    reader = SpanReader.load(seed=SEED, dtype=dtype, dropout=0.1)
    reader.freeze_embeddings()
    for block in reader.encoder.encoder.blocks:
        block.inner.activation = gelu_in_full
    reader.compile(
        keras.optimizers.AdamW(RATE, weight_decay=0.01, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    return reader


def measure(steps, batch_size):
    """Print the seconds of a step for each width and precision, and those of an epoch."""
    windows = windows_of(WordPiece.load(), parts()[0])
    labels = np.zeros((len(windows), 2), np.int32)
    batches = Batches(windows, labels, batch_size, seed=SEED)
    counts = {width: sum(each == width for each, _ in batches.order) for width in WIDTHS}
    for dtype in ("mixed_bfloat16", "float32"):
        reader, total = reader_to_train(dtype), 0.0
        for width, count in counts.items():
            number = next(n for n, (each, _) in enumerate(batches.order) if each == width)
            inputs, wanted = batches[number]
            reader.train_on_batch(inputs, wanted)  # compiles
            spent = []
            for _ in range(steps):
                before = time.process_time()
                reader.train_on_batch(inputs, wanted)
                spent.append(time.process_time() - before)
            total += count * float(np.median(spent))
            print(
                f"{dtype}, {batch_size} windows of {width}: {np.median(spent):.2f} seconds of a "
                f"core a step, {count} steps an epoch",
                flush=True,
            )
        print(f"{dtype}: {total / 3600:.2f} core-hours an epoch", flush=True)


def train(minutes, epochs, output):
    """Train, measure, and write the weights after each part of an epoch."""
    keras.utils.set_random_seed(SEED)
    wordpiece = WordPiece.load()
    training, held_out = parts()
    windows, validation = (windows_of(wordpiece, table) for table in (training, held_out))
    labels = windows.labels(training["starts"].str[0].tolist(), training["answers"].str[0].tolist())
    batches = Batches(windows, labels, BATCH_SIZE, seed=SEED)
    model, reader = reader_to_train(), SpanReader.load()
    steps = len(batches)
    clock, round_ = Clock(60 * minutes, epochs * steps), 0
    while clock.spent() < 1:
        part = -(-steps // PARTS)
        fitted = model.fit(
            Slice(batches, round_ % PARTS, part), verbose=0, callbacks=[clock]
        ).history
        round_ += 1
        if round_ % PARTS == 0:
            batches.on_epoch_end()
        model.save_differences(output)
        reader.load_differences(output)
        found, _ = answers(reader, validation)
        score = metrics.answer_score(found, held_out["answers"].tolist())
        print(
            f"{clock.done} steps, {clock.spent():.1%}, {time.process_time() / 60:.1f} minutes of a "
            f"core: loss {fitted['loss'][0]:.3f}; held out {score}",
            flush=True,
        )


def score(output):
    """Print how well the weights answer the whole development set."""
    table = data.load("squad")
    table = table[table["part"] == "development"]
    reader = SpanReader.load()
    reader.load_differences(output)
    before = time.process_time()
    found, _ = answers(reader, windows_of(WordPiece.load(), table))
    print(metrics.answer_score(found, table["answers"].tolist()))
    print(f"{(time.process_time() - before) / 60:.1f} minutes of a core")


class Slice(keras.utils.PyDataset):
    """One part of an epoch.

    Args:
        batches: `Batches`.
        number: Which part.
        size: Number of batches in a part.
    """

    def __init__(self, batches, number, size):
        super().__init__()
        self.batches = batches
        self.numbers = range(number * size, min((number + 1) * size, len(batches)))

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, number):
        return self.batches[self.numbers[number]]


def main():
    """Train, or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--score", action="store_true")
    options = parser.parse_args()
    if options.steps:
        measure(options.steps, BATCH_SIZE)
    elif options.score:
        score(options.output)
    else:
        train(options.minutes, options.epochs, options.output)


if __name__ == "__main__":
    main()
