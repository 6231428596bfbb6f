"""One voice of the chorale model: how a note of it is described, and how the next one is scored."""

import typing

import keras
from keras import ops

from course.chorales.intervals import (
    MOTIONS,
    at_degrees,
    at_pitches,
    degree,
    interval_row,
    motion_row,
)
from course.music import FIRST, PADDING, VOCABULARY_SIZE

MOVE = 24  # semitones: melodic intervals up to two octaves are told apart
SPAN = 48  # semitones: intervals between voices up to four octaves
MOTION_SCALE = 8.0  # so that the few numbers of this table get somewhere at the common rate


class VoiceContext(typing.NamedTuple):
    """The pitches around a note, arrays (...) of integers, -1 for a rest."""

    before: typing.Any  # the voice's own a step ago
    others: list  # those of the voices chosen before it in this step
    were: list  # those of the same voices a step ago
    sharps: typing.Any  # of the key signature


class Voice(keras.layers.Layer):
    r"""The tables and the hidden layer of one voice, before which `others` voices are chosen.

    A note is described by its pitch, by its degree in the key, by whether it is struck or held, by
    the interval that the voice moved, and by the intervals to the voices chosen before it:

    $$e = P[p] + D[p - \text{tonic}] + A[\text{struck}] + M[p - p'] + \sum_u I_u[p - p_u]$$

    with $p'$ the voice's pitch a step ago, $p_u$ those of the other voices and $p'_u$ theirs a
    step ago. The next token is scored from a hidden layer $z$; a pitch for itself, for its degree,
    for the intervals that it would make, and for the motion that it would be, which is a plain
    table $T_u$ (kind of motion, interval before, interval after):

    $$z = \mathrm{gelu}\big(W [\text{context}, B_u[p' - p'_u]] + c\big)$$

    $$\ell(p) = a_p \cdot z + d_{p - \text{tonic}} \cdot z + m_{p - p'} \cdot z
    + \sum_u \big(i_{u,\, p - p_u} \cdot z + T_u[p', p'_u, p, p_u]\big)$$

    so that what is learned about a fifth holds for every fifth. Rest and hold have a score of their
    own alone.
    """

    def __init__(self, others, width, hidden, dropout=0.0, seed=0, **kwargs):
        super().__init__(**kwargs)
        embed, dense = keras.layers.Embedding, keras.layers.Dense
        # Row 0 of a table of pitches, degrees or intervals stands for a rest.
        self.pitch = embed(129, width)
        self.degree = embed(13, width)
        self.struck = embed(2, width)
        self.move = embed(2 * MOVE + 2, width)
        self.interval = [embed(2 * SPAN + 2, width) for _ in range(others)]
        self.was = [embed(2 * SPAN + 2, width) for _ in range(others)]
        self.motion = [embed(MOTIONS, 1, embeddings_initializer="zeros") for _ in range(others)]
        self.hidden = dense(hidden, activation="gelu")
        self.score = dense(VOCABULARY_SIZE)
        self.score_degree = dense(12, use_bias=False)
        self.score_move = dense(2 * MOVE + 1, use_bias=False)
        self.score_interval = [dense(2 * SPAN + 1, use_bias=False) for _ in range(others)]
        self.dropout = keras.layers.Dropout(dropout, seed=seed)

    def build(self, *shapes):
        """Leave the making of weights to the parts, which know their sizes when they are called."""

    def describe(self, token, pitch, voice_context):
        """Return the description (..., width) of a token (...) that sounds as a pitch (...)."""
        in_key = ops.where(pitch >= 0, degree(pitch, voice_context.sharps) + 1, 0)
        described = (
            self.pitch(pitch + 1)
            + self.degree(in_key)
            + self.struck(ops.cast(token >= FIRST, "int32"))
            + self.move(interval_row(pitch, voice_context.before, MOVE))
        )
        for table, other in zip(self.interval, voice_context.others, strict=True):
            described = described + table(interval_row(pitch, other, SPAN))
        return described * ops.cast(token != PADDING, described.dtype)[..., None]  # 0 for padding

    def call(self, context, voice_context, training=False):
        """Return logits (..., vocabulary) of a context (..., features) and a `VoiceContext`."""
        before = voice_context.before
        intervals = [
            table(interval_row(before, were, SPAN))
            for table, were in zip(self.was, voice_context.were, strict=True)
        ]
        z = self.hidden(ops.concatenate([context, *intervals], axis=-1))
        z = self.dropout(z, training=training)
        pitches = at_degrees(self.score_degree(z), voice_context.sharps)  # (..., 128)
        pitches = pitches + at_pitches(self.score_move(z), before, MOVE)
        pairs = zip(voice_context.others, voice_context.were, strict=True)
        for number, (other, were) in enumerate(pairs):
            motion = self.motion[number](motion_row(before, were, other))[..., 0]
            pitches = pitches + at_pitches(self.score_interval[number](z), other, SPAN)
            pitches = pitches + MOTION_SCALE * motion
        others = ops.zeros_like(pitches[..., :FIRST])  # padding, rest and hold
        return self.score(z) + ops.concatenate([others, pitches], axis=-1)
