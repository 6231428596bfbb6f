"""Train the Transformer whose weights the notebook 4-1_transformer loads.

    python -m course.translation.train_transformer [--minutes 60] [--output FILE]

It trains for as long as it is told, on the pairs and pieces of `train_recurrent`: the rate rises
for a number of steps, then falls with the time that is left. The weights that are committed took an
hour on little more than one core: 66 minutes of a core, 8,414 steps, 46.9 BLEU greedily on the
validation sentences. The test sentences are not used.

Processors that have instructions for bfloat16 multiply large matrices several times as fast in it,
so the model is trained in mixed precision: weights, loss and softmax stay in float32. A second one,
in float32, takes its weights from the file after each epoch and does the translating.
"""

import argparse
import math
import time
from pathlib import Path

import keras

from course.translation.train_recurrent import (
    SEED,
    prepare,
    print_beams,
    save,
    validation_bleu,
)
from course.translation.translator import Translator
from course.weights import COMMITTED, load_weights
from seqlib import metrics
from seqlib.layers import Transformer
from seqlib.losses import MaskedCrossentropy

RATE, WARMUP = 1.5e-3, 1_000
WIDTHS = (5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 32)  # nothing is compiled anew for a width
SETTINGS = {
    "units": 240,
    "num_layers": 3,
    "num_heads": 4,
    "inner_dim": 512,
    "norm_first": True,
    "tie_embeddings": "output",
}
OUTPUT = COMMITTED / "english_spanish_transformer.npz"


class Clock(keras.callbacks.Callback):
    """Let the rate rise by steps and fall, as a cosine, with what is left of so many seconds."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.begun, self.steps = seconds, time.monotonic(), 0

    def spent(self):
        """Return the share of the time that is spent."""
        return min(1.0, (time.monotonic() - self.begun) / self.seconds)

    def on_train_batch_begin(self, batch, logs=None):
        """Set the rate."""
        self.steps += 1
        fallen = 0.5 * (1 + math.cos(math.pi * self.spent()))
        rate = RATE * min(1.0, self.steps / WARMUP) * max(0.01, fallen)
        self.model.optimizer.learning_rate.assign(rate)

    def on_train_batch_end(self, batch, logs=None):
        """Stop when the time is up."""
        if self.spent() >= 1:
            self.model.stop_training = True


def main():
    """Train, and write the weights after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(SEED)

    parts, pieces, batches = prepare(WIDTHS)
    sizes = {"source_vocabulary": len(pieces[0]), "target_vocabulary": len(pieces[1])}
    settings = {**sizes, **SETTINGS, "dropout": 0.1}
    model = Transformer(**settings, seed=SEED, dtype="mixed_bfloat16")
    reader = Transformer(**settings)
    reader.build()
    optimizer = keras.optimizers.Adam(RATE, beta_2=0.98, global_clipnorm=1.0)
    accuracy = metrics.MaskedAccuracy()
    model.compile(optimizer, MaskedCrossentropy(0.1), metrics=[accuracy], jit_compile=False)
    translate = Translator(reader, *pieces)
    clock, epoch = Clock(60 * options.minutes), 0
    while clock.spent() < 1:
        fitted = model.fit(batches, verbose=0, callbacks=[clock]).history
        epoch += 1
        save(options.output, model, settings, pieces)
        load_weights(options.output, reader.weights)
        score = validation_bleu(translate, parts.validation)
        print(
            f"epoch {epoch}, {clock.steps} steps, {clock.spent():.1%} of the time, "
            f"{time.process_time() / 60:.1f} minutes of a core: loss {fitted['loss'][0]:.3f}, "
            f"accuracy {fitted['masked_accuracy'][0]:.3f}, "
            f"validation BLEU {score:.2f} greedy",
            flush=True,
        )
    print_beams(translate, parts.validation, (0.6, 1.0, 1.4))


if __name__ == "__main__":
    main()
