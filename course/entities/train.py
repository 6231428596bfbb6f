"""Train the taggers of notebook 4-2_named_entities that take longer than the notebook has.

    python -m course.entities.train --encoder [--epochs 10] [--output FILE]

It is the notebook's tagger, somewhat wider, with MiniLM below it, which is trained further at a
tenth of the rate: the words come as pieces, with the sentences around as their context, and what
MiniLM does not see, letters, forms and capitals, still comes from the side.

Without ``--encoder`` it is the tagger alone, trained for longer in smaller batches. That is no
better on later news than what the notebook trains in a minute (three seeds: 93.1 to 93.3 on the
validation part, 88.5 to 89.0 on the test part), and several together are hardly better than one
(three of 92.9 have 93.1), so there are no weights of it in the repository.

Both learn from the training part of CoNLL-2003 alone, and end with a moving average of their
weights; the test part is looked at where ``--test`` asks for it.
"""

import argparse
import time
from pathlib import Path

import keras

from course.entities import encoder as encoders
from course.entities import model as tagging
from course.entities import tokens
from course.entities.pieces import WordPieceEncoder
from course.weights import COMMITTED, load_encoder, load_weights, save_weights
from seqlib import data, layers
from seqlib.metrics import entity_scores
from seqlib.pretrained import WordPiece
from seqlib.word_vectors import WordVectors

SIZES = {"units": 200, "filters": 60}
WIDTHS = (32, 64, 128)  # with the encoder; words are padded, its cost is that of the pieces
ALONE = 0.15  # share of the sentences that the encoder reads without their neighbors


class Validation(keras.callbacks.Callback):
    """Say how the averaged weights do on the validation part, every few epochs."""

    def __init__(self, tagger, sentences, every):
        super().__init__()
        self.tagger, self.sentences, self.every = tagger, sentences, every
        self.begun = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Put the average in, answer, and put the weights back."""
        line = f"epoch {epoch + 1}: loss {logs['loss']:.4f}"
        if (epoch + 1) % self.every == 0:
            kept = self.model.get_weights()
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            # On JAX the average and the weights are now one and the same arrays: copy them.
            self.model.set_weights(self.model.get_weights())
            line += f", validation F1 {f1(self.tagger, self.sentences):.2f}"
            self.model.set_weights(kept)
        print(f"{line}, {time.monotonic() - self.begun:.0f} s", flush=True)


def f1(tagger, sentences):
    """Return the strict F1 of a tagger, in percent."""
    answers = tagger([words for words, _ in sentences])
    return 100 * entity_scores([tags for _, tags in sentences], answers).overall.f1


def main():
    """Train, say how validation fares on the way, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", action="store_true", help="put MiniLM below the tagger")
    parser.add_argument("--epochs", type=int, help="30, and 10 with the encoder")
    parser.add_argument("--batch-size", type=int, help="16, and 32 with the encoder")
    parser.add_argument("--rate", type=float, help="0.002, and 0.001 with the encoder")
    parser.add_argument("--slower", type=float, default=0.1, help="the encoder's share of it")
    parser.add_argument("--length", type=int, default=128, help="pieces of a sentence in context")
    parser.add_argument("--average", type=float, default=0.999)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--sentences", type=int, help="train on so many alone, to try it out")
    parser.add_argument("--every", type=int, default=5, help="epochs from look to look")
    parser.add_argument("--test", action="store_true", help="look at the test part at the end")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    name = "named_entities_encoder" if options.encoder else "named_entities"
    output = options.output or COMMITTED / f"{name}.npz"
    epochs = options.epochs or (10 if options.encoder else 30)
    batch_size = options.batch_size or (32 if options.encoder else 16)
    rate = options.rate or (1e-3 if options.encoder else 2e-3)

    conll, vectors = data.load("conll2003"), WordVectors(*data.load("glove"))
    known, training = [words for words, _ in conll["training"]], conll["training"]
    training = training[: options.sentences]
    keras.utils.set_random_seed(options.seed)
    encoder = prepared = None
    widths = tokens.BUCKETS
    if options.encoder:
        word_encoder = WordPieceEncoder(known, vectors, WordPiece.load(), options.length)
        prepared = word_encoder.prepare([words for words, _ in training], ALONE, options.seed)
        encoder, widths = load_encoder(dropout=0.1), WIDTHS
    else:
        word_encoder = tokens.WordEncoder(known, vectors)
    batches = tokens.Batches(
        training,
        word_encoder,
        batch_size=batch_size,
        seed=options.seed,
        widths=widths[:-1],
        prepared=prepared,
    )
    pretrained = layers.PretrainedEmbedding(vectors, word_encoder.pretrained, mask_zero=False)
    model = tagging.build(word_encoder, pretrained, encoder, dropout=options.dropout, **SIZES)
    steps = epochs * len(batches)
    if encoder is None:
        tagging.compile_for(model, steps, rate, options.average)
    else:
        encoders.compile_for(model, encoder, steps, rate, options.slower, options.average)
    tagger = tagging.Tagger(model, word_encoder, widths=widths)
    watch = Validation(tagger, conll["validation"], options.every)
    model.fit(batches, epochs=epochs, verbose=0, callbacks=[watch])

    # What is judged is what was written.
    if encoder is None:
        save_weights(output, model.trainable_weights)
        load_weights(output, model.trainable_weights)
    else:
        encoders.save(output, model)
        encoders.load(output, model)
    print(f"validation F1 {f1(tagger, conll['validation']):.2f}")
    if options.test:
        print(f"test F1 {f1(tagger, conll['test']):.2f}")
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
