"""Sentences a second by beam search: `seqlib.decoding.beam_search` beside a loop over `predict`.

One model throughout, with attention: a bidirectional LSTM reads the source, an LSTM cell writes the
target and looks at the source with additive attention before each token. The loops in Python do
their bookkeeping in NumPy and call `predict` of the decoder once for each target position: with the
hypotheses of one sentence, as courses write it, or with those of the whole batch. Encoding is part
of the time. All sides have the same weights, and have to find the same sentences before they are
timed.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from benchmarks.turns import Contestant, compare, fastest, row
from seqlib import layers
from seqlib.decoding import beam_search

BATCHES = (1, 64)
WIDTH = 5
SIZES = {"source": 30, "target": 10, "hidden": 64}
SOURCE_VOCABULARY, TARGET_VOCABULARY = 37, 11  # dates as people write them, and as machines do
START = 0  # the token before the first
_SENTENCES = 4  # batches of sentences that are taken in turn


def rows(effort, batches=BATCHES, sizes=SIZES):
    """Measure each batch size."""
    encoder, decoder = attention_model(layers, sizes)
    keras_encoder, keras_decoder = attention_model(keras.layers, sizes)
    keras_encoder.set_weights(encoder.get_weights())
    keras_decoder.set_weights(decoder.get_weights())
    searches = {
        "one XLA program": compiled(encoder, decoder, sizes, jit_compile=True),
        "the search in parts": compiled(encoder, decoder, sizes, jit_compile=False),
    }
    loop = PredictLoop(keras_encoder, keras_decoder, sizes)
    draw = np.random.default_rng(0).integers
    for batch in batches:
        sources = [
            draw(SOURCE_VOCABULARY, size=(batch, sizes["source"]), dtype="int32")
            for _ in range(_SENTENCES)
        ]

        def whole(translate, sources=sources):
            return lambda k: translate(sources[k % len(sources)])

        def first(translate, sources=sources):
            return lambda k: translate(sources[k % len(sources)][:1])

        ways = [Contestant(way, whole(translate)) for way, translate in searches.items()]
        best = fastest(ways, rounds=9)
        contestants = [Contestant("seqlib", best.call, work=batch)]
        contestants.append(Contestant("predict, one sentence", first(loop), work=1))
        if batch > 1:
            contestants.append(Contestant("predict, whole batch", whole(loop), work=batch))
        shape = {"batch": batch, **sizes}
        measured = compare(contestants, effort, check=_check_agreement)
        what = f"beam search, width {WIDTH}"
        yield row("beam", "LSTM with attention", what, shape, "sentence", measured, path=best.name)


def attention_model(package, sizes):
    r"""Return encoder and decoder, made with `seqlib.layers` or with `keras.layers`.

    $$e_s = v^\top \tanh(W a_s + U h_{t-1}), \qquad
    (h_t, c_t) = \text{LSTM}\Big(\Big[y_{t-1}, \sum_s \text{softmax}(e)_s\, a_s\Big]\Big)$$
    """
    steps, units = sizes["source"], sizes["hidden"]
    source = keras.Input((steps,), dtype="int32")
    lstm = package.LSTM(units, return_sequences=True)
    annotations = keras.layers.Bidirectional(lstm)(ops.one_hot(source, SOURCE_VOCABULARY))
    keys = keras.layers.Dense(units, use_bias=False)(annotations)
    encoder = keras.Model(source, [annotations, keys])

    token = keras.Input((), dtype="int32")
    h, c = keras.Input((units,)), keras.Input((units,))
    annotations, keys = keras.Input((steps, 2 * units)), keras.Input((steps, units))
    query = keras.layers.Dense(units)(h)  # (batch, units)
    energies = keras.layers.Dense(1, use_bias=False)(ops.tanh(keys + query[:, None]))
    weights = ops.softmax(energies, axis=1)  # (batch, steps, 1)
    context = ops.sum(weights * annotations, axis=1)  # (batch, 2 * units)
    x = ops.concatenate([ops.one_hot(token, TARGET_VOCABULARY), context], axis=-1)
    new_h, (_, new_c) = package.LSTMCell(units)(x, [h, c])
    logits = keras.layers.Dense(TARGET_VOCABULARY)(new_h)
    return encoder, keras.Model([token, h, c, annotations, keys], [logits, new_h, new_c])


def compiled(encoder, decoder, sizes, jit_compile):
    """Return a function from sources to the best sentence of each and its score, compiled."""

    def step(tokens, states):
        h, c, annotations, keys = states
        logits, h, c = decoder([tokens, h, c, annotations, keys])
        return logits, (h, c, annotations, keys)

    # XLA compiles the whole as one program; or the search alone, cut into a part for each core.
    @tf.function(jit_compile=jit_compile)
    def translate(source):
        annotations, keys = encoder(source)
        zeros = ops.zeros((len(source), sizes["hidden"]))
        states = (zeros, zeros, annotations, keys)
        first = ops.full((len(source),), START, "int32")
        tokens, scores = beam_search(step, states, first, length=sizes["target"], width=WIDTH)
        return tokens[:, 0], scores[:, 0]

    return lambda source: [ops.convert_to_numpy(one) for one in translate(tf.constant(source))]


class PredictLoop:
    """Beam search in Python: `predict` for every target position, bookkeeping in NumPy."""

    def __init__(self, encoder, decoder, sizes):
        self.encoder, self.decoder, self.sizes = encoder, decoder, sizes

    def __call__(self, source):
        """Return the best sentence for each source, (batch, target), and its score."""
        batch = len(source)
        annotations, keys = (
            np.repeat(array, WIDTH, axis=0) for array in self.encoder.predict(source, verbose=0)
        )
        h = c = np.zeros((batch * WIDTH, self.sizes["hidden"]), "float32")
        tokens = np.full(batch * WIDTH, START, "int32")
        sentences = np.zeros((batch * WIDTH, 0), "int32")
        # At first all hypotheses of a sentence are the same, and only one of them counts.
        scores = np.tile([0.0] + [-np.inf] * (WIDTH - 1), batch)  # (batch * width,)
        for _ in range(self.sizes["target"]):
            logits, h, c = self.decoder.predict([tokens, h, c, annotations, keys], verbose=0)
            shifted = logits - logits.max(axis=-1, keepdims=True)
            log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            totals = (scores[:, None] + log_probabilities).reshape(batch, -1)
            best = np.argsort(-totals, axis=-1)[:, :WIDTH]  # (batch, width) of width * vocabulary
            scores = np.take_along_axis(totals, best, axis=-1).ravel()
            parents, tokens = np.divmod(best, TARGET_VOCABULARY)
            parents = (parents + WIDTH * np.arange(batch)[:, None]).ravel()
            tokens = tokens.ravel().astype("int32")
            sentences = np.concatenate([sentences[parents], tokens[:, None]], axis=1)
            h, c = h[parents], c[parents]
        return sentences[::WIDTH], scores[::WIDTH]


def _check_agreement(results):
    """Raise where the sides do not find the same; two sentences may be as good to rounding."""
    sentences, scores = results["seqlib"]
    for name, (theirs, their_scores) in results.items():
        count = len(theirs)
        same = (theirs == sentences[:count]).all(axis=-1)
        if same.mean() <= 0.5 or not np.allclose(their_scores, scores[:count], atol=1e-3):
            raise RuntimeError(f"{name} does not find the sentences that seqlib finds.")
