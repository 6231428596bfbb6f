"""One call of a step function, held to what it promises."""

import keras
from keras import ops


def state_leaves(states, batch=None):
    """Flatten a structure of states into a list of tensors.

    Args:
        states: Any structure of tensors.
        batch: Number of rows that every state must have; None to leave that open. A scalar has no
            rows and is always taken.

    Returns:
        List of tensors.

    Raises:
        ValueError: If a state is no tensor, or has another number of rows.

    Example:
        >>> [tuple(leaf.shape) for leaf in state_leaves({"h": ops.zeros((2, 3)), "t": 0}, batch=2)]
        [(2, 3), ()]
    """
    leaves = []
    for path, state in keras.tree.flatten_with_path(states):
        try:
            leaf = ops.convert_to_tensor(state)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"`states`{_place(path)} got {state!r}. Allowed: any structure of tensors or "
                "arrays, () for none; leave out what is neither."
            ) from error
        if batch is not None and len(leaf.shape) > 0 and leaf.shape[0] != batch:
            raise ValueError(
                f"`states`{_place(path)} has the shape {tuple(leaf.shape)}, `first_token` "
                f"{batch} rows. Allowed: {batch} rows along the first axis of every state, for "
                "they are copied and exchanged between hypotheses; or a scalar that all share."
            )
        leaves.append(leaf)
    return leaves


def take_step(step, structure, tokens, leaves):
    """Call the step function, and check the shapes of what it returns.

    Args:
        step: Function (tokens, states) -> (logits, states).
        structure: The states' structure, with anything as leaves.
        tokens: (batch,) of int32.
        leaves: The states, a list of tensors.

    Returns:
        Logits, (batch, vocabulary) of float32, and the new states, a list of tensors.

    Raises:
        ValueError: If the step function returns anything else, or states of another structure,
            shape or dtype.
    """
    result = step(tokens, keras.tree.pack_sequence_as(structure, leaves))
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ValueError(
            f"The step function returned {type(result).__name__}. Allowed: (logits, states); a "
            "step without states returns those that it got."
        )
    logits, states = result
    logits = ops.cast(logits, "float32")
    shape = tuple(logits.shape)
    if len(shape) != 2 or shape[0] != tokens.shape[0] or not shape[1]:
        raise ValueError(
            f"The step function returned logits of the shape {shape}. Allowed: "
            f"({tokens.shape[0]}, vocabulary), one row for each of the tokens that it got and a "
            "vocabulary of fixed size; take the last time step of a sequence, logits[:, -1]."
        )
    return logits, _same_states(structure, leaves, states)


def check_end_token(end_token, logits):
    """Refuse an end token that the model can never say."""
    if end_token is not None and end_token >= logits.shape[-1]:
        raise ValueError(
            f"`end_token` got {end_token}, but the step function scores a vocabulary of "
            f"{logits.shape[-1]}. Allowed: an id from 0 to {logits.shape[-1] - 1}, or None."
        )


def _same_states(structure, leaves, states):
    try:  # a list for a tuple is welcome
        keras.tree.assert_same_paths(structure, states)
    except ValueError as error:
        raise ValueError(
            "The step function returned states of another structure than it got: "
            f"{_shapes(states)} for {_shapes(keras.tree.pack_sequence_as(structure, leaves))}. "
            "Allowed: the same nesting at every step."
        ) from error
    after = []
    for (path, state), old in zip(keras.tree.flatten_with_path(states), leaves, strict=True):
        new = ops.convert_to_tensor(state)
        is_same = len(new.shape) == len(old.shape) and all(
            a is None or a == b for a, b in zip(new.shape, old.shape, strict=True)
        )
        dtypes = [keras.backend.standardize_dtype(x.dtype) for x in (old, new)]
        if not is_same or dtypes[0] != dtypes[1]:
            raise ValueError(
                f"The step function changed the state{_place(path)} from shape "
                f"{tuple(old.shape)}, {dtypes[0]}, to {tuple(new.shape)}, {dtypes[1]}. Allowed: "
                "the same shape and dtype at every step; write what grows into an array that is "
                "large enough from the start."
            )
        if None in tuple(new.shape):  # TensorFlow alone has sizes that it does not know
            import tensorflow as tf

            new = tf.ensure_shape(new, old.shape)
        after.append(new)
    return after


def _place(path):
    return "".join(f"[{key!r}]" for key in path)


def _shapes(states):
    return keras.tree.map_structure(lambda x: tuple(getattr(x, "shape", ())), states)
