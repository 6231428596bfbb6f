"""Train the chorale model whose weights the notebook 1-3_music_generation loads.

    python -m course.chorales.train [--epochs 40] [--output FILE]

About five minutes on two cores. The file, in half precision, also says which works were held out.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from course import chorales, music
from course.chorales import ChoraleModel
from course.music import FIRST
from course.schedules import warm_cosine
from course.weights import COMMITTED, save_weights

SEED = 0
OUTPUT = COMMITTED / "bach_chorales.npz"


def nats_per_note(model, works, known):
    """Surprise at works that the model has not seen, over the number of notes in them."""
    scores = model.score_works(works, known=known)
    notes = sum(np.count_nonzero(work.tokens >= FIRST) for work in works)
    return -sum(score.log_probabilities.sum() for score in scores) / notes


def main():
    """Train, say how validation fares on the way, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--input-dropout", type=float, default=0.3)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)

    works = chorales.works(music.load_corpus("bach_chorales"))
    parts = chorales.split(chorales.families([work.melody for work in works]))
    training, validation = ([works[i] for i in parts[p]] for p in ("training", "validation"))
    batches = chorales.Excerpts(training, batch_size=options.batch_size, seed=options.seed)
    model = ChoraleModel(
        dropout=options.dropout, input_dropout=options.input_dropout, seed=options.seed
    )
    steps = options.epochs * len(batches)
    rate = warm_cosine(options.rate, steps, warmup=0.1)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.99, global_clipnorm=1.0))
    started = time.monotonic()
    for epoch in range(options.epochs):
        fitted = model.fit(batches, initial_epoch=epoch, epochs=epoch + 1, verbose=0)
        if (epoch + 1) % 10 == 0 or epoch + 1 == options.epochs:
            free, known = (nats_per_note(model, validation, flag) for flag in (False, True))
            print(
                f"epoch {epoch + 1}: loss {fitted.history['loss'][0]:.3f}, validation "
                f"{free:.3f} nats a note, {known:.3f} with the melody known beforehand, "
                f"{time.monotonic() - started:.0f} s",
                flush=True,
            )
    held_out = [works[place].piece.title for place in parts["test"]]
    save_weights(options.output, model.trainable_weights, test=held_out)


if __name__ == "__main__":
    main()
