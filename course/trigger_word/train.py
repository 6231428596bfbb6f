"""Train the trigger word detector whose weights the notebook 3-2_trigger_word loads.

    python -m course.trigger_word.train [--rounds 22] [--output FILE]

Fifty minutes on two cores. Each round makes new clips from the words of the training voices and
goes through them twice. Then come rounds of *hard negatives*: hours of speech of these voices are
searched for the moments in which the detector is tempted, and these are put among new clips.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from course.schedules import warm_cosine
from course.trigger_word import clips, corpus, model
from course.trigger_word.events import threshold_sweep
from course.trigger_word.voices import VOICES
from course.weights import COMMITTED, from_weights, save_weights

SEED = 0
OUTPUT = COMMITTED / "trigger_word.npz"
TEMPTED = 0.05  # probability from which a clip without the word counts as hard
SPEECH = {"most": (0, 1, 3)}  # clips of speech without the word


def prepared(part, count, generator, make, **options):
    """Return spectrograms of new clips in front of new backgrounds, and the clips."""
    behind = clips.Backgrounds(generator, part.sentences)
    return model.examples(lambda some: make(generator, part, behind, some, **options), count)


def compile_for(detector, steps, rate):
    """Get ready for so many steps, with a rate that rises for a twentieth and then falls."""
    optimizer = keras.optimizers.Adam(warm_cosine(rate, steps), global_clipnorm=1.0)
    detector.compile(optimizer, "binary_crossentropy")


class Validation:
    """Clips of the validation voices, and an hour of their speech with near misses."""

    def __init__(self):
        part, fixed = corpus.load("validation"), np.random.default_rng(100)
        self.heard, self.made = prepared(part, 300, fixed, clips.make_clips)
        crowded = {"seconds": 60, "most": (0, 4, 10)}
        self.spoken, _ = prepared(part, 60, fixed, clips.make_clips, **crowded)
        self.started = time.monotonic()

    def say(self, name, detector, loss):
        """Print how the detector fares at four thresholds."""
        thresholds = [0.3, 0.5, 0.7, 0.9]
        found, spoken = (model.probabilities(detector, x, 10) for x in (self.heard, self.spoken))
        scores = threshold_sweep(list(found), self.made.events, thresholds, model.STEP)
        alarms = threshold_sweep(list(spoken), [[]] * 60, thresholds, model.STEP)
        print(
            f"{name}: loss {loss:.4f}, validation F1 "
            f"{' '.join(f'{score.f1:.3f}' for score in scores)}, false alarms an hour "
            f"{' '.join(f'{score.false_alarms_per_hour:.0f}' for score in alarms)}, "
            f"{time.monotonic() - self.started:.0f} s",
            flush=True,
        )


def main():
    """Train, say how validation fares on the way, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=22)
    parser.add_argument("--clips", type=int, default=4000, help="new ones in each round")
    parser.add_argument("--epochs", type=int, default=2, help="times through them")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--hard-rounds", type=int, default=6)
    parser.add_argument("--searched", type=int, default=4000, help="clips, in each hard round")
    parser.add_argument("--hard-rate", type=float, default=1e-3)
    parser.add_argument("--batch-size", type=int, default=24)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--resume", type=Path, help="weights to begin the hard rounds with")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    generator = np.random.default_rng(options.seed + (1 if options.resume else 0))

    training, validation = corpus.load("training"), Validation()
    settings = {"filters": 96, "units": 96}
    detector = model.build(**settings)
    if options.resume:
        detector, _ = from_weights(model.build, options.resume)
    beside = {"settings": settings, "voices": VOICES["training"]}

    rounds = 0 if options.resume else options.rounds
    each = options.epochs * (options.clips // options.batch_size)
    compile_for(detector, max(1, rounds) * each, options.rate)
    for number in range(1, rounds + 1):
        x, made = prepared(training, options.clips, generator, clips.training_clips)
        fitted = detector.fit(
            x, made.labels, batch_size=options.batch_size, epochs=options.epochs, verbose=0
        )
        validation.say(f"round {number}", detector, fitted.history["loss"][-1])
    if rounds:
        save_weights(options.output, detector.weights, **beside)

    hard = []
    compile_for(detector, max(1, options.hard_rounds) * each, options.hard_rate)
    for number in range(1, options.hard_rounds + 1):
        x, _ = prepared(training, options.searched, generator, clips.make_clips, **SPEECH)
        hard.append(x[model.probabilities(detector, x, 20).max(axis=1) > TEMPTED])
        x, made = prepared(training, options.clips, generator, clips.training_clips)
        tempting = np.concatenate(hard)
        x = np.concatenate([x, *[tempting] * 3])
        labels = np.pad(made.labels, ((0, len(x) - len(made.labels)), (0, 0)))
        fitted = detector.fit(
            x, labels, batch_size=options.batch_size, epochs=options.epochs, verbose=0
        )
        name = f"hard round {number}, {len(tempting)} hard clips"
        validation.say(name, detector, fitted.history["loss"][-1])
        save_weights(options.output, detector.weights, **beside)


if __name__ == "__main__":
    main()
