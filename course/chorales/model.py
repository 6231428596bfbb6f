r"""The chorale model of notebook 1-3, shared with the recipe that trains its weights.

The probability of a chorale is a product over steps $t$ and, within a step, over voices $v$:

$$\prod_t \prod_v p(x_{t,v} \mid x_{<t},\ x_{t,u}\ (u\ \text{before}\ v),\ \text{form})$$
"""

import typing

import keras
import numpy as np
from keras import ops
from scipy import special

from course import music
from course.chorales.voice import Voice, VoiceContext
from course.chorales.works import LONGEST_BAR
from course.music import FIRST, HOLD, PADDING, VOCABULARY_SIZE
from seqlib import decoding, layers

ORDER = (0, 3, 1, 2)  # within a step: soprano, bass, alto, tenor
BATCH = 16  # works that are scored side by side


class Scores(typing.NamedTuple):
    """What a model makes of a work, each an array (time, 4)."""

    log_probabilities: np.ndarray  # of each token, in nats
    likeliest: np.ndarray  # the token held for likeliest
    likeliest_pitch: np.ndarray  # the same among pitches, should a note be struck


class ChoraleModel(keras.Model):
    r"""A recurrent network over time, and within a step one voice after the other.

    A GRU reads what all four voices did (see `Voice`) and the form, which is printed on the page:
    $h_t = \mathrm{GRU}(h_{t-1}, [e_{t-1}, f_t])$. In the context $[h_t, e_{t-1}, f_t, b_t]$, with
    the descriptions of the voices before it in `ORDER`, each voice is scored. $b_t$ is what a
    second GRU, reading the *soprano alone* from its end back to $t$, has to say; it counts where
    the melody is known beforehand, and is zero elsewhere.

    It takes tokens (batch, time, 4), the pitches that sound (the same), the form (batch, time, 3)
    and `known` (batch,), 1 or 0, and returns logits (batch, time, 4, vocabulary). `width` is the
    size of the description of a voice, `hidden` that of its hidden layer, `ahead` that of the
    second GRU.

    Example:
        >>> model = ChoraleModel(units=8, width=4, hidden=8, ahead=4)
        >>> tokens, form = np.ones((1, 5, 4), "int32"), np.zeros((1, 5, 3), "int32")
        >>> tuple(model((tokens, music.sounding(tokens), form, np.zeros(1))).shape)
        (1, 5, 4, 131)
    """

    def __init__(
        self, units=256, width=32, hidden=256, ahead=128, dropout=0.5, input_dropout=0.2, seed=0
    ):
        super().__init__()
        self.units, self.width = units, width
        self.voices = [Voice(k, width, hidden, dropout, seed + k) for k in range(len(ORDER))]
        self.position = keras.layers.Embedding(LONGEST_BAR, 16)
        self.sharps = keras.layers.Embedding(12, 16)
        self.fermata = keras.layers.Embedding(2, 8)
        self.gru = layers.GRU(units, return_sequences=True)
        self.melody = layers.GRU(ahead, return_sequences=True, go_backwards=True)
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        self.input_dropout = keras.layers.Dropout(input_dropout, seed=seed + 1)
        nothing = np.zeros((1, 2, 4), "int32")
        self((nothing, nothing, nothing[..., :3], np.ones(1)))  # make all weights

    def call(self, inputs, training=False):
        """Return the logits of every voice at every step; see the class."""
        tokens, pitches, form, known = inputs
        pitches = ops.cast(pitches, "int32")
        before = ops.pad(pitches + 1, ((0, 0), (1, 0), (0, 0)))[:, :-1] - 1  # a step ago
        sharps = ops.cast(form[..., 1], "int32")
        contexts = [
            VoiceContext(
                before[..., voice],
                [pitches[..., other] for other in ORDER[:k]],
                [before[..., other] for other in ORDER[:k]],
                sharps,
            )
            for k, voice in enumerate(ORDER)
        ]
        described = [  # by place in ORDER, each (batch, time, width)
            self.voices[k].describe(tokens[..., voice], pitches[..., voice], contexts[k])
            for k, voice in enumerate(ORDER)
        ]
        page = self._page(form)
        ahead = self._ahead(described[0], page) * ops.cast(known, page.dtype)[:, None, None]
        ahead = self.dropout(ahead, training=training)
        past = ops.concatenate(described, axis=-1)  # (batch, time, 4 * width)
        past = ops.pad(past, ((0, 0), (1, 0), (0, 0)))[:, :-1]
        past = self.input_dropout(past, training=training)
        read = self.gru(ops.concatenate([past, page], axis=-1), training=training)
        read = self.dropout(read, training=training)
        context = [read, past, page, ahead]
        logits = [None] * len(ORDER)
        for k, voice in enumerate(ORDER):
            logits[voice] = self.voices[k](
                ops.concatenate(context, axis=-1), contexts[k], training=training
            )
            context.append(self.input_dropout(described[k], training=training))
        return ops.stack(logits, axis=2)

    def _page(self, form):
        """Return (..., 40) for a form (..., 3)."""
        tables = (self.position, self.sharps, self.fermata)
        return ops.concatenate([table(form[..., i]) for i, table in enumerate(tables)], axis=-1)

    def _ahead(self, soprano, page):
        """Return (batch, time, ahead): the soprano from its end back to each step."""
        return ops.flip(self.melody(ops.concatenate([soprano, page], axis=-1)), axis=1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the mean surprise in nats over voices and steps that are not padding."""
        real = ops.cast(y != PADDING, y_pred.dtype)
        return ops.sum(self.surprise(y, y_pred) * real) / ops.sum(real)

    def surprise(self, tokens, logits):
        """Return minus the log-probability of each token, (batch, time, 4), in nats."""
        return ops.sparse_categorical_crossentropy(
            ops.cast(tokens, "int32"), logits, from_logits=True
        )

    def score_works(self, some_works, known=False):
        """Return the `Scores` of each `Work`; `known` where the soprano is known beforehand."""
        longest, scores = max(len(work.tokens) for work in some_works), []
        for first in range(0, len(some_works), BATCH):  # the logits of all take too much memory
            batch = some_works[first : first + BATCH]
            rows = [work.inputs(slice(0, longest), longest) for work in batch]
            rows += rows[:1] * (BATCH - len(rows))  # whole batches: one shape, compiled once
            arrays = (np.stack(column) for column in zip(*rows, strict=True))
            flags = np.full(BATCH, float(known), "float32")
            logits = self.predict_on_batch((*arrays, flags))
            for padded, work in zip(logits, batch, strict=False):
                scores.append(_scores(padded[: len(work.tokens)], work.tokens))
        return scores

    def generate(self, form, given=None, *, count=1, temperature=1.0, top_p=None, seed=None):
        """Write `count` chorales, in whole or around what is given: tokens (count, time, 4).

        The form (time, 3) is such as `plan` makes. Of `given` (time, 4) the tokens are kept, and
        the model is free where it is `PADDING`; a soprano that is given whole is known beforehand.
        Temperature and `top_p` are as for `seqlib.decoding.filter_logits`; a seed of None writes
        others each time.
        """
        states = self.initial_state(form, given, count)
        tokens, _ = decoding.sample(
            self.step,
            states,
            np.full(count, PADDING, "int32"),
            length=states["given"].shape[1],
            temperature=temperature,
            top_p=top_p,
            seed=seed,
        )
        chosen = ops.convert_to_numpy(tokens).reshape(count, -1, 4)  # voices by place in ORDER
        return chosen[:, :, np.argsort(ORDER)]

    def initial_state(self, form, given=None, count=1):
        """Return the states before the first token of `count` chorales; see `generate`."""
        form = np.asarray(form, "int32")
        given = np.full((len(form), 4), PADDING) if given is None else np.asarray(given)
        if form.shape != (len(given), 3) or given.shape != (len(form), 4):
            raise ValueError(
                f"form must be (time, 3) and given (time, 4) with the same time; got {form.shape} "
                f"and {given.shape}."
            )
        page = self._page(form[None])  # (1, time, 40)
        ahead = ops.zeros((1, len(form), self.melody.units))
        if np.all(given[:, ORDER[0]] != PADDING):
            line = given[:, ORDER[0]]
            pitch = music.sounding(line[:, None])[:, 0].astype("int32")
            context = VoiceContext(np.append(-1, pitch[:-1])[None], [], [], form[None, :, 1])
            ahead = self._ahead(self.voices[0].describe(line[None], pitch[None], context), page)
        forced = given[:, ORDER].reshape(1, -1).astype("int32")  # (1, 4 * time)
        whole = {"page": page, "ahead": ahead, "given": forced, "sharps": form[None, :1, 1]}
        return {
            "place": ops.zeros((), "int32"),  # 4 * step + turn
            "h": ops.zeros((count, self.units)),
            "past": ops.zeros((count, 4 * self.width)),
            "described": ops.zeros((count, 4 * self.width)),
            "before": ops.full((count, 4), -1, "int32"),
            "pitches": ops.full((count, 4), -1, "int32"),
            **{name: ops.repeat(array, count, axis=0) for name, array in whole.items()},
        }

    def step(self, tokens, states):
        """Take in a voice's token (batch,); return logits of the next voice, and the states."""
        turns = [lambda t, s, k=k: self._turn(k, t, s) for k in range(len(ORDER))]
        logits, states = ops.switch(states["place"] % 4, turns, tokens, states)
        forced = ops.take(states["given"], states["place"], axis=1)[:, None]  # (batch, 1)
        ids = ops.arange(VOCABULARY_SIZE, dtype="int32")
        barred = ops.where(forced == PADDING, ids == PADDING, ids != forced)
        logits = ops.where(barred, -1e9, logits)
        return logits, {**states, "place": states["place"] + 1}

    def _turn(self, k, tokens, states):
        """Take in the voice before number `k` of ORDER, and score voice number `k`."""
        states = self._take_in((k - 1) % 4, tokens, states)
        time = states["place"] // 4
        page, ahead = (ops.take(states[name], time, axis=1) for name in ("page", "ahead"))
        if k == 0:  # a step is whole: the network over time reads it
            read = ops.concatenate([states["described"], page], axis=-1)
            h, _ = self.gru.cell(read, [states["h"]])
            last = {"past": states["described"], "before": states["pitches"]}
            states = {**states, "h": h, **last}
        described = states["described"][:, : k * self.width]
        context = [states["h"], states["past"], page, ahead, described]
        logits = self.voices[k](ops.concatenate(context, axis=-1), self._voice_context(k, states))
        return logits, states

    def _take_in(self, k, tokens, states):
        """Describe the token of voice number `k` of ORDER, and note its pitch."""
        before = states["before"][:, k]
        pitch = ops.where(tokens == HOLD, before, ops.where(tokens >= FIRST, tokens - FIRST, -1))
        described = ops.split(states["described"], 4, axis=-1)
        described[k] = self.voices[k].describe(tokens, pitch, self._voice_context(k, states))
        pitches = [states["pitches"][:, j] for j in range(4)]
        pitches[k] = pitch
        return {
            **states,
            "described": ops.concatenate(described, axis=-1),
            "pitches": ops.stack(pitches, axis=1),
        }

    def _voice_context(self, k, states):
        """Return the `VoiceContext` of voice number `k` of ORDER."""
        before, pitches = states["before"], states["pitches"]
        others = [pitches[:, j] for j in range(k)]
        were = [before[:, j] for j in range(k)]
        return VoiceContext(before[:, k], others, were, states["sharps"][:, 0])


def _scores(logits, tokens):
    """Return the `Scores` of logits (time, 4, vocabulary) for a work's tokens (time, 4)."""
    log_p = logits - special.logsumexp(logits, axis=-1, keepdims=True)
    own = np.take_along_axis(log_p, tokens[..., None].astype(int), axis=-1)[..., 0]
    return Scores(own, logits.argmax(axis=-1), logits[..., FIRST:].argmax(axis=-1))
