"""Checks of the exercises in notebook 1-3, music generation."""

import keras
import numpy as np

from course import music
from course.checks import exercise
from course.music import FIRST, HOLD, REST
from seqlib import layers

# A line on the grid as notes (onset, duration, pitch) in steps, and as tokens.
_LINES = [
    ([(0, 4, 60)], [FIRST + 60, HOLD, HOLD, HOLD]),
    ([(1, 2, 67), (3, 1, 67)], [REST, FIRST + 67, HOLD, FIRST + 67, REST, REST]),
    ([], [REST, REST]),
]


@exercise(
    "begin with an array full of REST; for each note set [onset : onset + duration] to HOLD, "
    "then [onset] to FIRST + pitch."
)
def to_tokens(check):
    for notes, tokens in _LINES:
        check.case(notes, len(tokens), expected=np.array(tokens))
    check.passed("rests, holds, and a repeated note that is struck again")


@exercise(
    "go through the tokens: a struck note opens an entry of duration 1, each HOLD after it "
    "makes that one longer, a rest closes it."
)
def to_notes(check):
    for notes, tokens in _LINES:
        check.case(np.array(tokens), expected=notes)
    check.passed("what to_tokens has put on the grid comes back")


@exercise(
    "a key with one sharp more lies seven semitones higher, so move by -7 * sharps; take that "
    "modulo 12, and subtract 12 where it is more than 6."
)
def shift_to_common_key(check):
    for sharps, shift in ((0, 0), (1, 5), (2, -2), (-1, -5), (-3, -3), (4, -4), (6, 6)):
        check.case(sharps, expected=shift)
    check.passed("D major down to C, E flat major down to C, none beyond a tritone")


@exercise(
    "embed the tokens once; start with h and c of zeros; at each step call "
    "cell(x[:, t], [h, c]), which returns h and the list [h, c], and append dense(h); stack "
    "the logits along axis 1."
)
def shared_layer_loop(check):
    lstm = layers.LSTM(4, return_sequences=True)
    embedding, dense = keras.layers.Embedding(6, 3), keras.layers.Dense(6)
    tokens = np.array([[1, 2, 3, 4, 5], [5, 5, 1, 2, 1]])
    expected = dense(lstm(embedding(tokens)))
    check.case(embedding, lstm.cell, dense, tokens, expected=expected, tolerance=1e-5)
    check.passed("the same logits as from the layer, one step after the other")


@exercise(
    "token = first; then `length` times: probabilities, states = step(token, states); token = "
    "int(generator.choice(len(probabilities), p=probabilities)); append it."
)
def play_on(check):
    given = []

    def counting(token, states):
        given.append((int(token), states))
        return np.eye(9)[(token + 1) % 9], states + 1

    generator = np.random.default_rng(0)
    check.case(counting, 0, 4, 3, generator, expected=np.array([5, 6, 7]))
    check.compare(given, [(4, 0), (5, 1), (6, 2)], ", token and states given to each step")
    shares = np.array([0.0, 0.25, 0.75])
    played = check.run(lambda *_: (shares, None), None, 0, 4000, generator)
    hint = "draw with p=probabilities; the likeliest token every time would be another thing."
    share = np.mean(np.array(played) == 2)
    check.compare(share, 0.75, ", share of a token", hint=hint, tolerance=0.05)
    check.passed("tokens and states handed on, drawn in the right shares")


@exercise("minus the sum of all log-probabilities, over the number of tokens >= FIRST.")
def nats_per_note(check):
    tokens = np.array([[FIRST + 60, REST], [HOLD, FIRST + 50], [FIRST + 62, HOLD]])
    log_probabilities = -np.array([[1.0, 0.5], [0.25, 2.0], [0.75, 1.5]])
    check.case(log_probabilities, tokens, expected=6.0 / 3)
    check.passed("holds and rests cost, and the cost is shared among the notes")


@exercise(
    "same = pitches[1:] == pitches[:-1]; the first share is same.mean(), the second that of "
    "same where tokens[1:] >= FIRST."
)
def repeat_accuracy(check):
    tokens = np.array([[60, 48], [-1, -1], [60, 50], [62, 52], [-1, -1]])
    tokens = np.where(tokens < 0, HOLD, tokens + FIRST)
    check.case(tokens, music.sounding(tokens), expected=(5 / 8, 1 / 4))
    check.passed("all steps, and only those at which something happens")


@exercise(
    "the interval from the reference to pitch p is p - reference, and its score stands at "
    "scores[p - reference + limit]; beyond the limit a pitch gets 0."
)
def scores_at_pitches(check):
    scores = np.arange(1.0, 6.0)  # of the intervals -2 ... 2
    for reference, pitches in ((60, range(58, 63)), (1, range(4)), (127, range(125, 128))):
        expected = np.zeros(128)
        for pitch in pitches:
            expected[pitch] = scores[pitch - reference + 2]
        check.case(scores, reference, expected=expected)
    check.passed("every interval at its pitch, at both ends of the keyboard too")


@exercise(
    "moves = np.diff of each voice; count where both intervals (upper - lower) % 12 are the "
    "one asked for and the product of the two moves is positive."
)
def count_parallels(check):
    upper = np.array([67, 69, 69, 71, 67, 79, 72])
    lower = np.array([60, 62, 62, 64, 72, 60, 55])
    check.case(upper, lower, 7, expected=2)
    check.case(upper, lower, 0, expected=0)
    check.case(np.array([72, 74, 72]), np.array([60, 62, 60]), 0, expected=2)
    check.passed("both move, the same way; repeated chords and contrary motion do not")
