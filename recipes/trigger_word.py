"""Train the trigger word detector whose weights the notebook 3-2_trigger_word loads.

    python recipes/trigger_word.py [--rounds 12] [--output FILE]

About a quarter of an hour on two cores. Each round makes new clips from the words of the training
voices and goes through them twice. It writes the weights in half precision, and who spoke in
training, to notebooks/weights/trigger_word.npz.
"""

import argparse
import time
from pathlib import Path

from seqlib.course.trigger_word import clips, corpus, model
from seqlib.course.trigger_word.voices import VOICES
from seqlib.metrics import threshold_sweep

# isort: split
import keras
import numpy as np

SEED = 0
OUTPUT = Path(__file__).parents[1] / "notebooks" / "weights" / "trigger_word.npz"


def prepared(part, count, generator, make, **options):
    """Return spectrograms of new clips in front of new backgrounds, and the clips."""
    behind = clips.Backgrounds(generator, part.sentences)
    return model.examples(lambda some: make(generator, part, behind, some, **options), count)


def main():
    """Train, say how validation fares on the way, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--clips", type=int, default=4000, help="new ones in each round")
    parser.add_argument("--epochs", type=int, default=2, help="times through them")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--batch-size", type=int, default=24)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    generator = np.random.default_rng(options.seed)

    training, validation = corpus.load("training"), corpus.load("validation")
    fixed = np.random.default_rng(100)
    heard, events = prepared(validation, 300, fixed, clips.make_clips)
    spoken, _ = prepared(validation, 60, fixed, clips.make_clips, seconds=60, most=(0, 4, 10))

    detector = model.build(filters=96, units=96)
    steps = options.rounds * options.epochs * (options.clips // options.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, int(0.95 * steps), 0.01, warmup_target=options.rate, warmup_steps=steps // 20
    )
    detector.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), "binary_crossentropy")
    started = time.monotonic()
    for number in range(1, options.rounds + 1):
        frames, made = prepared(training, options.clips, generator, clips.training_clips)
        fitted = detector.fit(
            frames, made.labels, batch_size=options.batch_size, epochs=options.epochs, verbose=0
        )
        found = [model.answers(detector, x, batch=10) for x in (heard, spoken)]
        scores = threshold_sweep(list(found[0]), events.events, [0.3, 0.5, 0.7, 0.9], model.STEP)
        alarms = threshold_sweep(list(found[1]), [[]] * 60, [0.3, 0.5, 0.7, 0.9], model.STEP)
        print(
            f"round {number}: loss {fitted.history['loss'][-1]:.4f}, validation F1 "
            f"{' '.join(f'{score.f1:.3f}' for score in scores)}, false alarms an hour "
            f"{' '.join(f'{score.false_alarms_per_hour:.0f}' for score in alarms)}, "
            f"{time.monotonic() - started:.0f} s",
            flush=True,
        )
        if number == options.rounds or number % 4 == 0:
            model.save(options.output, detector, voices=np.array(VOICES["training"]))


if __name__ == "__main__":
    main()
