"""Train the word-level language model whose weights the notebook 1-2_dinosaur_names loads.

    python -m course.dinosaurs.train [--epochs 6] [--output FILE]

About twenty minutes on one core. The file, written after each epoch in half precision, also holds
the vocabulary and which addresses were held out.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from course.dinosaurs.word_model import PARAGRAPH, WordModel, address_tokens, split
from course.schedules import warm_cosine
from course.weights import COMMITTED, save_weights
from seqlib import data
from seqlib.text import Vocabulary

SEED = 2
VOCABULARY_SIZE = 8_000
WINDOW = 64
BATCH_SIZE = 32
OUTPUT = COMMITTED / "state_of_the_union.npz"


def windows(stream, offset):
    """Inputs and targets ``(windows, WINDOW)``, from a place that differs from epoch to epoch."""
    number = (len(stream) - offset - 1) // WINDOW
    ends = offset + number * WINDOW
    inputs, targets = stream[offset:ends], stream[offset + 1 : ends + 1]
    return inputs.reshape(number, WINDOW), targets.reshape(number, WINDOW)


def main():
    """Train, and write the weights after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(SEED)

    addresses = [address_tokens(text) for text in data.load("state_of_the_union")["text"]]
    parts = split(len(addresses))
    vocabulary = Vocabulary.from_sequences(
        [addresses[place] for place in parts["training"]], size=VOCABULARY_SIZE
    )
    streams = {
        part: np.array(
            [
                index
                for place in sorted(places)
                for index in vocabulary.encode(addresses[place], start=PARAGRAPH)
            ],
            dtype="int32",
        )
        for part, places in parts.items()
    }
    model = WordModel(np.bincount(streams["training"], minlength=len(vocabulary)), seed=SEED)
    steps = options.epochs * (len(streams["training"]) // WINDOW // BATCH_SIZE)
    rate = warm_cosine(4e-3, steps, warmup=300 / steps)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.01, beta_2=0.99, global_clipnorm=1.0))
    generator = np.random.default_rng(SEED)
    for epoch in range(options.epochs):
        started = time.monotonic()
        inputs, targets = windows(streams["training"], generator.integers(WINDOW))
        order = generator.permutation(len(inputs))[: len(inputs) // BATCH_SIZE * BATCH_SIZE]
        fitted = model.fit(inputs[order], targets[order], batch_size=BATCH_SIZE, verbose=0)
        seconds = time.monotonic() - started
        loss = -model.log_probabilities(streams["validation"]).mean()
        print(
            f"epoch {epoch + 1}: sampled loss {fitted.history['loss'][0]:.3f}, "
            f"validation perplexity {np.exp(loss):.2f}, {seconds:.0f} s",
            flush=True,
        )
        save_weights(
            options.output,
            model.trainable_weights,
            tokens=vocabulary.tokens,
            test=parts["test"],
        )


if __name__ == "__main__":
    main()
