"""Train the recurrent translator whose weights the notebook 3-1_machine_translation loads.

    python -m course.translation.train_recurrent [--epochs 6] [--output FILE]

About an hour on two cores. After each epoch it prints BLEU on the validation sentences, and writes
weights in half precision, with the pieces of both languages, to
notebooks/weights/english_spanish.npz. The test sentences are not used.
"""

import argparse
import time
from pathlib import Path

import keras

from course.schedules import warm_cosine
from course.translation.pairs import Batches, split
from course.translation.recurrent import RecurrentTranslator
from course.translation.translator import Translator
from course.weights import save_weights
from seqlib import data, metrics
from seqlib.losses import MaskedCrossentropy
from seqlib.text import Subwords

SEED = 6
PIECES = 4_000
BATCH_SIZE = 128
RATE = 2e-3
OUTPUT = Path(__file__).parents[2] / "notebooks" / "weights" / "english_spanish.npz"


def main():
    """Train, and write the weights after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(SEED)

    parts = split(data.load("english_spanish"))
    english, spanish = zip(*parts.training, strict=True)
    source = Subwords.train(list(english), size=PIECES)
    target = Subwords.train(list(spanish), size=PIECES)
    batches = Batches(parts.training, source, target, BATCH_SIZE, seed=SEED)
    settings = {"source_size": len(source), "target_size": len(target)}
    model = RecurrentTranslator(**settings, seed=SEED)
    steps = options.epochs * len(batches)
    rate = warm_cosine(RATE, steps, warmup=500 / steps)
    optimizer = keras.optimizers.Adam(rate, beta_2=0.98, global_clipnorm=1.0)
    model.compile(optimizer, MaskedCrossentropy(0.1), metrics=[metrics.MaskedAccuracy()])
    translate = Translator(model, source, target)
    for epoch in range(options.epochs):
        started = time.monotonic()
        fitted = model.fit(batches, verbose=0).history
        seconds = time.monotonic() - started
        save_weights(
            options.output,
            model.weights,
            settings=settings,
            source=source.to_json(),
            target=target.to_json(),
        )
        found = translate(parts.validation.english)
        score = metrics.bleu(found, parts.validation.references)
        print(
            f"epoch {epoch + 1}: loss {fitted['loss'][0]:.3f}, accuracy "
            f"{fitted['masked_accuracy'][0]:.3f}, validation BLEU {score.score:.2f} greedy, "
            f"{seconds:.0f} s",
            flush=True,
        )
    for penalty in (0.0, 0.6, 1.0, 1.4):
        found = translate(parts.validation.english, width=5, length_penalty=penalty)
        score = metrics.bleu(found, parts.validation.references)
        print(f"beam 5, length penalty {penalty}: validation BLEU {score.score:.2f}", flush=True)


if __name__ == "__main__":
    main()
