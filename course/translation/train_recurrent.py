"""Train the recurrent translator whose weights the notebook 3-1_machine_translation loads.

    python -m course.translation.train_recurrent [--epochs 6] [--output FILE]

About an hour on two cores. After each epoch it prints BLEU on the validation sentences, and writes
weights in half precision, with the pieces of both languages. The test sentences are not used.
"""

import argparse
import time
from pathlib import Path

import keras

from course.schedules import warm_cosine
from course.translation.pairs import BUCKETS, Batches, split
from course.translation.recurrent import RecurrentTranslator
from course.translation.translator import Translator
from course.weights import COMMITTED, save_weights
from seqlib import data, metrics
from seqlib.losses import MaskedCrossentropy
from seqlib.text import Subwords

SEED = 6
PIECES = 4_000
BATCH_SIZE = 128
RATE = 2e-3
OUTPUT = COMMITTED / "english_spanish.npz"


def prepare(widths=BUCKETS):
    """Return the parts of the corpus, the pieces of both languages, and training batches."""
    parts = split(data.load("english_spanish"))
    pieces = [Subwords.train(list(side), size=PIECES) for side in zip(*parts.training, strict=True)]
    return parts, pieces, Batches(parts.training, *pieces, BATCH_SIZE, seed=SEED, widths=widths)


def save(path, model, settings, pieces):
    """Write weights, the settings of the model, and the pieces of both languages."""
    source, target = (one.to_json() for one in pieces)
    save_weights(path, model.weights, settings=settings, source=source, target=target)


def validation_bleu(translate, validation, **search):
    """Return BLEU on the validation sentences."""
    return metrics.bleu(translate(validation.english, **search), validation.references).score


def print_beams(translate, validation, penalties):
    """Print BLEU of a beam of five at several length penalties."""
    for penalty in penalties:
        score = validation_bleu(translate, validation, width=5, length_penalty=penalty)
        print(f"beam 5, length penalty {penalty}: validation BLEU {score:.2f}", flush=True)


def main():
    """Train, and write the weights after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(SEED)

    parts, pieces, batches = prepare()
    settings = {"source_size": len(pieces[0]), "target_size": len(pieces[1])}
    model = RecurrentTranslator(**settings, seed=SEED)
    steps = options.epochs * len(batches)
    rate = warm_cosine(RATE, steps, warmup=500 / steps)
    optimizer = keras.optimizers.Adam(rate, beta_2=0.98, global_clipnorm=1.0)
    model.compile(optimizer, MaskedCrossentropy(0.1), metrics=[metrics.MaskedAccuracy()])
    translate = Translator(model, *pieces)
    for epoch in range(options.epochs):
        started = time.monotonic()
        fitted = model.fit(batches, verbose=0).history
        seconds = time.monotonic() - started
        save(options.output, model, settings, pieces)
        score = validation_bleu(translate, parts.validation)
        print(
            f"epoch {epoch + 1}: loss {fitted['loss'][0]:.3f}, accuracy "
            f"{fitted['masked_accuracy'][0]:.3f}, validation BLEU {score:.2f} greedy, "
            f"{seconds:.0f} s",
            flush=True,
        )
    print_beams(translate, parts.validation, (0.0, 0.6, 1.0, 1.4))


if __name__ == "__main__":
    main()
