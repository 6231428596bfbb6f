"""The checks of notebook 1-3: right answers pass, typical wrong ones and empty ones do not."""

import numpy as np
import pytest
from keras import ops

from course.checks import CheckFailed
from course.checks import music_generation as checks
from course.music import FIRST, HOLD, REST


def to_tokens(notes, length):
    tokens = np.full(length, REST)
    for onset, duration, pitch in notes:
        tokens[onset : onset + duration] = HOLD
        tokens[onset] = FIRST + pitch
    return tokens


def to_notes(tokens):
    found, sounds = [], False
    for step, token in enumerate(tokens):
        if token >= FIRST:
            found.append([step, 1, int(token - FIRST)])
            sounds = True
        elif token == HOLD and sounds:
            found[-1][1] += 1
        else:
            sounds = False
    return [tuple(note) for note in found]


def shift_to_common_key(sharps):
    shift = -7 * sharps % 12
    return shift - 12 if shift > 6 else shift


def shared_layer_loop(embedding, cell, dense, tokens):
    x = embedding(tokens)
    states = [ops.zeros((len(tokens), cell.units)) for _ in range(2)]
    logits = []
    for t in range(x.shape[1]):
        h, states = cell(x[:, t], states)
        logits.append(dense(h))
    return ops.stack(logits, axis=1)


def play_on(step, states, first, length, generator):
    token, tokens = first, []
    for _ in range(length):
        probabilities, states = step(token, states)
        token = int(generator.choice(len(probabilities), p=probabilities))
        tokens.append(token)
    return tokens


def nats_per_note(log_probabilities, tokens):
    return -log_probabilities.sum() / (tokens >= FIRST).sum()


def repeat_accuracy(tokens, pitches):
    same = pitches[1:] == pitches[:-1]
    return same.mean(), same[tokens[1:] >= FIRST].mean()


def scores_at_pitches(scores, reference):
    limit = len(scores) // 2
    place = np.arange(128) - reference + limit
    inside = (place >= 0) & (place < len(scores))
    return np.where(inside, scores[np.clip(place, 0, len(scores) - 1)], 0.0)


def count_parallels(upper, lower, interval):
    kept = (upper - lower) % 12 == interval
    alike = np.diff(upper) * np.diff(lower) > 0
    return int(np.sum(kept[1:] & kept[:-1] & alike))


SOLUTIONS = [
    to_tokens,
    to_notes,
    shift_to_common_key,
    shared_layer_loop,
    play_on,
    nats_per_note,
    repeat_accuracy,
    scores_at_pitches,
    count_parallels,
]


def always_struck(notes, length):
    tokens = np.full(length, REST)
    for onset, duration, pitch in notes:
        tokens[onset : onset + duration] = FIRST + pitch
    return tokens


def likeliest(step, states, first, length, generator):
    token, tokens = first, []
    for _ in range(length):
        probabilities, states = step(token, states)
        token = int(np.argmax(probabilities))
        tokens.append(token)
    return tokens


def states_forgotten(step, states, first, length, generator):
    token, tokens = first, []
    for _ in range(length):
        probabilities, _ = step(token, states)
        token = int(generator.choice(len(probabilities), p=probabilities))
        tokens.append(token)
    return tokens


def no_memory(embedding, cell, dense, tokens):
    x = embedding(tokens)
    empty = [ops.zeros((len(tokens), cell.units)) for _ in range(2)]
    return ops.stack([dense(cell(x[:, t], empty)[0]) for t in range(x.shape[1])], axis=1)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("to_tokens", always_struck),
        ("to_tokens", lambda notes, length: np.where(to_tokens(notes, length) == REST, 0, HOLD)),
        ("to_notes", lambda tokens: to_notes(tokens)[:1]),
        ("shift_to_common_key", lambda sharps: 7 * sharps % 12),
        ("shift_to_common_key", lambda sharps: -7 * sharps % 12),
        ("shift_to_common_key", lambda sharps: -sharps),
        ("shared_layer_loop", no_memory),
        ("shared_layer_loop", lambda e, c, d, tokens: d(e(tokens))),
        ("play_on", likeliest),
        ("play_on", states_forgotten),
        ("nats_per_note", lambda scores, tokens: -scores.mean()),
        ("nats_per_note", lambda scores, tokens: -scores[tokens >= FIRST].mean()),
        ("repeat_accuracy", lambda tokens, pitches: (0.625, 0.625)),
        ("scores_at_pitches", lambda scores, reference: np.resize(scores, 128)),
        ("scores_at_pitches", lambda s, r: np.roll(np.pad(s, (0, 128 - len(s))), r - 2)),
        ("count_parallels", lambda a, b, i: int(np.sum(((a - b) % 12 == i)[1:]))),
        ("count_parallels", lambda a, b, i: int(np.sum(np.diff(a) * np.diff(b) > 0))),
    ],
)
def test_typical_wrong_answers_fail(check, wrong):
    with np.errstate(all="ignore"), pytest.raises(CheckFailed, match="Hint"):
        getattr(checks, check)(wrong)
