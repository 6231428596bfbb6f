"""Train the tagger of notebook 4-2_named_entities for longer than the notebook does.

    python recipes/named_entities.py [--epochs 30] [--output FILE]

The tagger is the notebook's, somewhat wider, and learns from the training part of CoNLL-2003 alone,
in small batches, with a moving average of the weights. The validation part is looked at on the way;
the test part is not, unless ``--test`` asks for it at the end. What was learnt is written in half
precision to notebooks/weights/named_entities.npz; the pretrained vectors are not in it, and no
text.
"""

import argparse
import time
from pathlib import Path

from seqlib import data, layers
from seqlib.course.named_entities import model as tagging
from seqlib.course.named_entities import tokens
from seqlib.metrics import entity_scores
from seqlib.word_vectors import WordVectors

# isort: split
import keras

OUTPUT = Path(__file__).parents[1] / "notebooks" / "weights" / "named_entities.npz"
SIZES = {"units": 200, "filters": 60}


class Validation(keras.callbacks.Callback):
    """Say how the averaged weights do on the validation part, every few epochs."""

    def __init__(self, reader, sentences, every):
        super().__init__()
        self.reader, self.sentences, self.every = reader, sentences, every
        self.begun = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Put the average in, answer, and put the weights back."""
        line = f"epoch {epoch + 1}: loss {logs['loss']:.4f}"
        if (epoch + 1) % self.every == 0:
            kept = self.model.get_weights()
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            line += f", validation F1 {f1(self.model, self.reader, self.sentences):.2f}"
            self.model.set_weights(kept)
        print(f"{line}, {time.monotonic() - self.begun:.0f} s", flush=True)


def f1(model, reader, sentences):
    """Return the strict F1 of a tagger, in percent."""
    answers = tagging.Tagger(model, reader)([words for words, _ in sentences])
    return 100 * entity_scores([tags for _, tags in sentences], answers).overall.f1


def main():
    """Train, say how validation fares on the way, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--average", type=float, default=0.999)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sentences", type=int, help="train on so many alone, to try it out")
    parser.add_argument("--every", type=int, default=5, help="epochs from look to look")
    parser.add_argument("--test", action="store_true", help="look at the test part at the end")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()

    conll, vectors = data.load("conll2003"), WordVectors(*data.load("glove"))
    reader = tokens.Reader([words for words, _ in conll["training"]], vectors)
    training = conll["training"][: options.sentences]
    batches = tokens.Batches(training, reader, batch_size=options.batch_size, seed=options.seed)
    keras.utils.set_random_seed(options.seed)
    pretrained = layers.PretrainedEmbedding(vectors, reader.pretrained, mask_zero=False)
    model = tagging.build(reader, pretrained, dropout=options.dropout, **SIZES)
    steps = options.epochs * len(batches)
    tagging.compile_for(model, steps, rate=options.rate, average=options.average)
    watch = Validation(reader, conll["validation"], options.every)
    model.fit(batches, epochs=options.epochs, verbose=0, callbacks=[watch])
    tagging.save(options.output, model)
    tagging.load(options.output, model)  # what is judged is what was written
    print(f"validation F1 {f1(model, reader, conll['validation']):.2f}")
    if options.test:
        print(f"test F1 {f1(model, reader, conll['test']):.2f}")
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
