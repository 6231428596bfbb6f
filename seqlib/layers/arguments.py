"""Arguments that many layers and functions take: checked in one place, refused by name."""

import numbers


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


def clone_initializer(initializer):
    """Return an initializer that draws anew: the same object draws the same for the same shape."""
    return initializer.clone() if hasattr(initializer, "clone") else initializer
