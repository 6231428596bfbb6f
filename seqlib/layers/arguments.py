"""Arguments that many layers and functions take: checked in one place, refused by name."""

import numbers

import keras
from keras import ops

from seqlib.compiled import BACKEND


def refusal(owner, name, value, allowed):
    """Return the error for an argument of a layer, or of a function where `owner` is None."""
    whose = "" if owner is None else f"{type(owner).__name__}: argument "
    return ValueError(f"{whose}`{name}` got {value!r}. Allowed: {allowed}.")


def checked_size(owner, name, value):
    """Return a positive integer, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value <= 0:
        raise refusal(owner, name, value, "a positive integer")
    return int(value)


def checked_rate(owner, name, value):
    """Return a share, such as of what dropout drops, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise refusal(owner, name, value, "a number from 0 (none) up to, but not, 1")
    return float(value)


def checked_above(owner, name, value, bound):
    """Return a number above a bound, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not value > bound:
        raise refusal(owner, name, value, f"a number above {bound}")
    return float(value)


def checked_choice(owner, name, value, choices):
    """Return one of a few values, or refuse it."""
    if value not in choices:
        raise refusal(owner, name, value, ", ".join(map(repr, choices)))
    return value


def checked_rank(owner, name, x, axes):
    """Refuse a tensor by name that has not the axes of which the names are given."""
    if len(x.shape) != len(axes):
        raise ValueError(
            f"{type(owner).__name__} `{owner.name}`: argument `{name}` has the shape "
            f"{tuple(x.shape)}. Allowed: ({', '.join(axes)}); a single step is a sequence of one, "
            f"`{name}[:, None]`."
        )


def checked_mask(name, mask, sizes, *, one_for_all=("batch",), owner=None):
    """Return a mask as booleans, or refuse it by name for its type or its shape."""
    # sizes: the name of each axis and its size, which need not be known; one_for_all: the axes
    # along which a mask of size 1 holds for all.
    mask = ops.convert_to_tensor(mask)
    dtype, shape = keras.backend.standardize_dtype(mask.dtype), tuple(mask.shape)
    fits = len(shape) == len(sizes) and all(
        not (isinstance(found, int) and isinstance(size, int))
        or found == size
        or (found == 1 and axis in one_for_all)
        for found, (axis, size) in zip(shape, sizes.items(), strict=True)
    )
    whose = "" if owner is None else f"{type(owner).__name__} `{owner.name}`: argument "
    known = (str(size) if isinstance(size, int) else "any" for size in sizes.values())
    message = (
        f"{whose}`{name}` has the shape {shape} and the type {dtype}. Allowed: "
        f"({', '.join(sizes)}), here ({', '.join(known)}), of booleans, True = real or may attend; "
        "floats must be 0 or 1; of a mask that is added to scores give `mask == 0`."
    )
    if not fits:
        raise ValueError(message)
    if "float" in dtype:  # 0 may be what counts, beside -inf
        is_sure = ops.all(ops.logical_or(mask == 0, mask == 1))
        mask = BACKEND.require(mask, is_sure, message)
    return ops.cast(mask, "bool")


def checked_step_mask(owner, name, mask, sequence):
    """Return which steps of a sequence are real, (batch, time) of booleans, or refuse the mask."""
    mask = ops.convert_to_tensor(mask)
    if len(mask.shape) == 3 and mask.shape[-1] == 1:  # as for `ops.where`; Keras takes it too
        mask = mask[:, :, 0]
    batch, time = sequence.shape[:2]
    mask = checked_mask(name, mask, {"batch": batch, "time": time}, owner=owner)
    if None in (time, mask.shape[1]):
        mask = BACKEND.require(
            mask,
            ops.shape(mask)[1] == ops.shape(sequence)[1],
            f"{type(owner).__name__} `{owner.name}`: argument `{name}` has not as many steps as "
            "the sequence.",
        )
    if mask.shape[0] in (1, None) and mask.shape[0] != batch:
        mask = ops.broadcast_to(mask, ops.shape(sequence)[:2])
    return mask


def checked_states(owner, states, sizes, batch):
    """Return the states before the first step as a list, or refuse them by name."""
    states = list(states) if isinstance(states, (list, tuple)) else [states]
    shapes = [tuple(state.shape) for state in map(ops.convert_to_tensor, states)]
    fits = len(states) == len(sizes) and all(
        len(shape) == 2
        and shape[1] in (size, None)
        and (None in (shape[0], batch) or shape[0] == batch)
        for shape, size in zip(shapes, sizes, strict=True)
    )
    if not fits:
        rows = "batch" if batch is None else batch
        allowed = ", ".join(f"({rows}, {size})" for size in sizes)
        raise ValueError(
            f"{type(owner).__name__} `{owner.name}`: argument `initial_state` has the shapes "
            f"{shapes}. Allowed: {allowed}."
        )
    return states


def clone_initializer(initializer):
    """Return an initializer that draws anew: the same object draws the same for the same shape."""
    return initializer.clone() if hasattr(initializer, "clone") else initializer
