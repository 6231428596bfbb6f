"""What is asked of the caller and of the model's step; `seqlib.decoding` states the protocol."""

import numbers

import keras
import numpy as np
from keras import ops

from seqlib.compiled.backend import BACKEND
from seqlib.layers.arguments import checked_size, refusal


def check_start(first_token, length, end_token):
    """Check what every way of decoding begins with; return the first tokens, (batch,)."""
    checked_size(None, "length", length)
    if end_token is not None and (not isinstance(end_token, numbers.Integral) or end_token < 0):
        raise refusal(None, "end_token", end_token, "a token id, or None for none")
    if ops.is_tensor(first_token):
        tokens = ops.cast(first_token, "int32")
    else:  # NumPy is many times faster with lists than a backend is
        ids = np.asarray(first_token, "int32")
        if ids.min(initial=0) < 0:
            raise ValueError(f"`first_token` holds {ids.min()}. Allowed: ids, from 0 up.")
        tokens = ops.convert_to_tensor(ids)
    if len(tokens.shape) == 1 and tokens.shape[0] is None:
        raise ValueError(
            "`first_token` has an unknown number of rows here. Allowed inside a `tf.function`: a "
            "batch of fixed size, as in tf.TensorSpec((8,), tf.int32); outside, any."
        )
    if len(tokens.shape) != 1 or not tokens.shape[0]:
        raise ValueError(
            f"`first_token` has the shape {tuple(tokens.shape)}. Allowed: (batch,), one id a row."
        )
    return tokens


def check_states(states, batch=None):
    """Return states as tensors, each with `batch` rows if that is given, or else a scalar."""
    leaves = []
    for keys, state in keras.tree.flatten_with_path(states):
        try:
            leaf = ops.convert_to_tensor(state)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"`states`{_subscripts(keys)} got {state!r}. Allowed: any structure of tensors or "
                "arrays, () for none; leave out what is neither."
            ) from error
        if batch is not None and len(leaf.shape) > 0 and leaf.shape[0] != batch:
            raise ValueError(
                f"`states`{_subscripts(keys)} has the shape {tuple(leaf.shape)}, `first_token` "
                f"{batch} rows. Allowed: {batch} rows along the first axis of every state, for "
                "they are copied and exchanged between hypotheses; or a scalar that all share."
            )
        leaves.append(leaf)
    return keras.tree.pack_sequence_as(states, leaves)


def take_step(step, tokens, states, end_token):
    """Call the step; return float32 logits, (batch, vocabulary), and states of the old form."""
    result = step(tokens, states)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ValueError(
            f"The step function returned {type(result).__name__}. Allowed: (logits, states); a "
            "step without states returns those that it got."
        )
    logits, new_states = result
    logits = ops.cast(logits, "float32")
    shape = tuple(logits.shape)
    if len(shape) != 2 or shape[0] != tokens.shape[0] or not shape[1]:
        raise ValueError(
            f"The step function returned logits of the shape {shape}. Allowed: "
            f"({tokens.shape[0]}, vocabulary), one row for each of the tokens that it got and a "
            "vocabulary of fixed size; take the last time step of a sequence, logits[:, -1]."
        )
    if end_token is not None and end_token >= shape[1]:
        raise ValueError(
            f"`end_token` got {end_token}, but the step function scores a vocabulary of "
            f"{shape[1]}. Allowed: an id from 0 to {shape[1] - 1}, or None."
        )
    return logits, _checked_states(states, new_states)


def _checked_states(old_states, new_states):
    """Return new states as tensors in the structure of the old ones, if each has the old form."""
    try:  # a list for a tuple is welcome
        keras.tree.assert_same_paths(old_states, new_states)
    except ValueError as error:
        raise ValueError(
            "The step function returned states of another structure than it got: "
            f"{_shapes(new_states)} for {_shapes(old_states)}. "
            "Allowed: the same nesting at every step."
        ) from error
    leaves = []
    for (keys, old), new in zip(
        keras.tree.flatten_with_path(old_states), keras.tree.flatten(new_states), strict=True
    ):
        new = ops.convert_to_tensor(new)
        is_same = len(new.shape) == len(old.shape) and all(
            a is None or a == b for a, b in zip(new.shape, old.shape, strict=True)
        )
        dtypes = [keras.backend.standardize_dtype(x.dtype) for x in (old, new)]
        if not is_same or dtypes[0] != dtypes[1]:
            raise ValueError(
                f"The step function changed the state{_subscripts(keys)} from shape "
                f"{tuple(old.shape)}, {dtypes[0]}, to {tuple(new.shape)}, {dtypes[1]}. Allowed: "
                "the same shape and dtype at every step; write what grows into an array that is "
                "large enough from the start."
            )
        leaves.append(BACKEND.ensure_shape(new, old.shape) if None in tuple(new.shape) else new)
    return keras.tree.pack_sequence_as(old_states, leaves)


def _subscripts(keys):
    return "".join(f"[{key!r}]" for key in keys)


def _shapes(states):
    return keras.tree.map_structure(lambda x: tuple(getattr(x, "shape", ())), states)
