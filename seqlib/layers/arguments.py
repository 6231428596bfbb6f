"""Arguments that many layers take, checked by name."""

import numbers


def fresh(initializer):
    """Return an initializer that draws anew: the same object draws the same for the same shape."""
    return initializer.clone() if hasattr(initializer, "clone") else initializer


def checked_rate(layer, name, value):
    """Return a share to drop, or refuse it by name."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise ValueError(
            f"{type(layer).__name__}: argument `{name}` got {value!r}. Allowed: a number from 0 "
            "(drop nothing) up to, but not, 1."
        )
    return float(value)


def checked_size(layer, name, value):
    """Return a positive integer, or refuse it by name."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value <= 0:
        raise ValueError(
            f"{type(layer).__name__}: argument `{name}` got {value!r}. Allowed: a positive integer."
        )
    return int(value)
