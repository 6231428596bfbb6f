"""What is wrong with a call or a step function is said, by every way of decoding."""

import re

import numpy as np
import pytest
from keras import ops

from seqlib import decoding

WAYS = [decoding.sample, decoding.greedy, decoding.beam_search]
each_way = pytest.mark.parametrize("decode", WAYS, ids=lambda way: way.__name__)


def uniform(tokens, states):
    return ops.zeros((tokens.shape[0], 3)), states


@each_way
def test_shapes_and_end_tokens_that_cannot_be_decoded_are_refused(decode):
    for first in ([[0]], 0, []):
        with pytest.raises(ValueError, match="`first_token` has the shape"):
            decode(uniform, (), first, length=3)
    with pytest.raises(ValueError, match="`first_token` holds -1"):
        decode(uniform, (), [0, -1], length=3)
    for length in (0, 1.5, True):
        with pytest.raises(ValueError, match=f"`length` got {length}"):
            decode(uniform, (), [0], length=length)
    for end_token in (-1, 0.5):
        with pytest.raises(ValueError, match=f"`end_token` got {end_token}"):
            decode(uniform, (), [0], length=3, end_token=end_token)
    with pytest.raises(ValueError, match="scores a vocabulary of 3"):
        decode(uniform, (), [0], length=3, end_token=3)
    with pytest.raises(ValueError, match=re.escape("`states`['memory'] got None")):
        decode(uniform, {"memory": None}, [0], length=2)


@each_way
@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda tokens, states: ops.zeros((3, 3)), "Allowed: (logits, states)"),
        (lambda tokens, states: (ops.zeros((3, 1, 3)), states), "logits of the shape (3, 1, 3)"),
        (lambda tokens, states: (ops.zeros((4, 3)), states), "logits of the shape (4, 3)"),
        (lambda tokens, states: (ops.zeros((3,)), states), "logits of the shape (3,)"),
    ],
)
def test_logits_of_another_shape_are_refused(decode, step, message):
    how = {"width": 1} if decode is decoding.beam_search else {}
    with pytest.raises(ValueError, match=re.escape(message)):
        decode(step, (), [0, 0, 0], length=2, **how)


@each_way
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: {"h": h}, "another structure than it got"),
        (lambda h: {"h": h, "c": h[:, :1]}, "changed the state['c'] from shape (2, 4), float32"),
        (lambda h: {"h": ops.cast(h, "int32"), "c": h}, "changed the state['h']"),
        (lambda h: {"h": ops.concatenate([h, h], axis=1), "c": h}, "to (2, 8), float32"),
    ],
)
def test_states_that_change_their_form_are_refused(decode, change, message):
    def step(tokens, states):
        return ops.zeros((tokens.shape[0], 3)), change(states["h"])

    how = {"width": 1} if decode is decoding.beam_search else {}
    states = {"h": ops.zeros((2, 4)), "c": ops.zeros((2, 4))}
    with pytest.raises(ValueError, match=re.escape(message)):
        decode(step, states, [0, 0], length=2, **how)


@pytest.mark.parametrize(
    ("decode", "states"),
    [
        (decoding.greedy, ()),
        (decoding.greedy, {"a": [], "b": ()}),
        (decoding.beam_search, np.zeros((2, 3), "float32")),
        (decoding.beam_search, {"a": [], "b": ()}),
    ],
)
def test_states_may_be_anything_or_nothing(decode, states):
    tokens, _ = decode(uniform, states, [0, 1], length=2)
    assert tokens.shape[0] == 2


def test_a_beam_has_a_width_room_for_what_is_asked_and_states_with_rows():
    for wrong, name in (
        ({"width": 0}, "`width` got 0"),
        ({"width": 2.0}, "`width` got 2.0"),
        ({"width": 2, "n_best": 3}, "`n_best` got 3. Allowed: an integer from 1 to `width`"),
        ({"n_best": 0}, "`n_best` got 0"),
        ({"length_penalty": float("inf")}, "`length_penalty` got inf"),
        ({"length_penalty": "long"}, "`length_penalty` got 'long'"),
    ):
        with pytest.raises(ValueError, match=re.escape(name)):
            decoding.beam_search(uniform, (), [0], length=2, **wrong)
    with pytest.raises(ValueError, match=re.escape("`states`[1] has the shape (3, 2)")):
        decoding.beam_search(uniform, [ops.zeros((2, 2)), ops.zeros((3, 2))], [0, 0], length=2)
