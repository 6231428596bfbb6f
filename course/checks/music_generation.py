"""Checks of the exercises in notebook 1-3, music generation."""

import keras
import numpy as np

from course import music
from course.checks import CheckFailed, answered, attempt, compare, passed
from course.music import FIRST, HOLD, REST
from seqlib import layers

# A line on the grid as notes (onset, duration, pitch) in steps, and as tokens.
_LINES = [
    ([(0, 4, 60)], 4, [FIRST + 60, HOLD, HOLD, HOLD]),
    ([(1, 2, 67), (3, 1, 67)], 6, [REST, FIRST + 67, HOLD, FIRST + 67, REST, REST]),
    ([], 2, [REST, REST]),
]


def to_tokens(learner):
    """Check the way from notes to tokens."""
    hint = (
        "begin with an array full of REST; for each note set [onset : onset + duration] to HOLD, "
        "then [onset] to FIRST + pitch."
    )
    for notes, length, tokens in _LINES:
        with attempt("to_tokens", hint):
            value = learner(notes, length)
        value = np.asarray(answered("to_tokens", value, hint))
        compare("to_tokens", value, np.array(tokens), hint)
    passed("to_tokens", "rests, holds, and a repeated note that is struck again")


def to_notes(learner):
    """Check the way from tokens back to notes."""
    hint = (
        "go through the tokens: a struck note opens an entry of duration 1, each HOLD after it "
        "makes that one longer, a rest closes it."
    )
    for notes, _, tokens in _LINES:
        with attempt("to_notes", hint):
            value = learner(np.array(tokens))
        value = np.array(answered("to_notes", value, hint), dtype=int).reshape(-1, 3)
        compare("to_notes", value, np.array(notes, dtype=int).reshape(-1, 3), hint)
    passed("to_notes", "what to_tokens has put on the grid comes back")


def shift_to_common_key(learner):
    """Check the transposition that takes all sharps and flats away."""
    hint = (
        "a key with one sharp more lies seven semitones higher, so move by -7 * sharps; take that "
        "modulo 12, and subtract 12 where it is more than 6."
    )
    for sharps, shift in ((0, 0), (1, 5), (2, -2), (-1, -5), (-3, -3), (4, -4), (6, 6)):
        with attempt("shift_to_common_key", hint):
            value = learner(sharps)
        value = answered("shift_to_common_key", value, hint)
        compare(f"shift_to_common_key({sharps})", value, shift, hint)
    passed(
        "shift_to_common_key", "D major down to C, E flat major down to C, none beyond a tritone"
    )


def shared_layer_loop(learner):
    """Check the loop over time against the layer that has the loop inside."""
    hint = (
        "embed the tokens once; start with h and c of zeros; at each step call "
        "cell(x[:, t], [h, c]), which returns h and the list [h, c], and append dense(h); stack "
        "the logits along axis 1."
    )
    lstm = layers.LSTM(4, return_sequences=True)
    embedding, dense = keras.layers.Embedding(6, 3), keras.layers.Dense(6)
    tokens = np.array([[1, 2, 3, 4, 5], [5, 5, 1, 2, 1]])
    expected = keras.ops.convert_to_numpy(dense(lstm(embedding(tokens))))
    with attempt("shared_layer_loop", hint):
        value = learner(embedding, lstm.cell, dense, tokens)
    value = answered("shared_layer_loop", value, hint)
    compare("shared_layer_loop", value, expected, hint, tolerance=1e-5)
    passed("shared_layer_loop", "the same logits as from the layer, one step after the other")


def play_on(learner):
    """Check the loop that feeds its own output back."""
    hint = (
        "token = first; then `length` times: probabilities, states = step(token, states); token = "
        "int(generator.choice(len(probabilities), p=probabilities)); append it."
    )
    seen = []

    def counting(token, states):
        seen.append((token, states))
        return np.eye(9)[(token + 1) % 9], states + 1

    with attempt("play_on", hint):
        value = learner(counting, 0, first=4, length=3, generator=np.random.default_rng(0))
    value = answered("play_on", value, hint)
    compare("play_on", np.array(value), np.array([5, 6, 7]), hint)
    if seen != [(4, 0), (5, 1), (6, 2)]:
        raise CheckFailed(
            "play_on: each step is given the token drawn last and the states that the step before "
            f"returned; it was given {seen}; expected [(4, 0), (5, 1), (6, 2)].\n  Hint: {hint}"
        )
    shares, generator = np.array([0.0, 0.25, 0.75]), np.random.default_rng(0)
    with attempt("play_on", hint):
        value = learner(lambda *_: (shares, None), None, first=0, length=4000, generator=generator)
    hint = "draw with p=probabilities; the likeliest token every time would be another thing."
    compare("play_on", np.mean(np.array(value) == 2), 0.75, hint, tolerance=0.05)
    passed("play_on", "tokens and states handed on, drawn in the right shares")


def nats_per_note(learner):
    """Check the surprise over the number of notes."""
    hint = "minus the sum of all log-probabilities, over the number of tokens >= FIRST."
    tokens = np.array([[FIRST + 60, REST], [HOLD, FIRST + 50], [FIRST + 62, HOLD]])
    log_probabilities = -np.array([[1.0, 0.5], [0.25, 2.0], [0.75, 1.5]])
    with attempt("nats_per_note", hint):
        value = learner(log_probabilities, tokens)
    compare("nats_per_note", answered("nats_per_note", value, hint), 6.0 / 3, hint)
    passed("nats_per_note", "holds and rests cost, and the cost is shared among the notes")


def repeat_accuracy(learner):
    """Check how often a pitch is the one before, at all steps and where a note is struck."""
    hint = (
        "same = pitches[1:] == pitches[:-1]; the first share is same.mean(), the second that of "
        "same where tokens[1:] >= FIRST."
    )
    tokens = np.array([[60, 48], [-1, -1], [60, 50], [62, 52], [-1, -1]]) + FIRST
    tokens[tokens == FIRST - 1] = HOLD
    with attempt("repeat_accuracy", hint):
        value = learner(tokens, music.sounding(tokens))
    value = np.array(answered("repeat_accuracy", value, hint), dtype=float)
    compare("repeat_accuracy", value, np.array([5 / 8, 1 / 4]), hint)
    passed("repeat_accuracy", "all steps, and only those at which something happens")


def scores_at_pitches(learner):
    """Check that scores of intervals become scores of pitches."""
    hint = (
        "the interval from the reference to pitch p is p - reference, and its score stands at "
        "scores[p - reference + limit]; beyond the limit a pitch gets 0."
    )
    scores = np.arange(1.0, 6.0)  # of the intervals -2 ... 2
    for reference, places in ((60, range(58, 63)), (1, range(4)), (127, range(125, 128))):
        expected = np.zeros(128)
        for pitch in places:
            expected[pitch] = scores[pitch - reference + 2]
        with attempt("scores_at_pitches", hint):
            value = learner(scores, reference)
        value = answered("scores_at_pitches", value, hint)
        compare(f"scores_at_pitches, reference {reference}", value, expected, hint)
    passed("scores_at_pitches", "every interval at its pitch, at both ends of the keyboard too")


def count_parallels(learner):
    """Check the count of parallel fifths or octaves between two voices."""
    hint = (
        "moves = np.diff of each voice; count where both intervals (upper - lower) % 12 are the "
        "one asked for and the product of the two moves is positive."
    )
    upper = np.array([67, 69, 69, 71, 67, 79, 72])
    lower = np.array([60, 62, 62, 64, 72, 60, 55])
    for interval, number in ((7, 2), (0, 0)):
        with attempt("count_parallels", hint):
            value = learner(upper, lower, interval)
        value = answered("count_parallels", value, hint)
        compare(f"count_parallels, interval {interval}", value, number, hint)
    with attempt("count_parallels", hint):
        value = learner(np.array([72, 74, 72]), np.array([60, 62, 60]), 0)
    compare("count_parallels, octaves", value, 2, hint)
    passed("count_parallels", "both move, the same way; repeated chords and contrary motion do not")
