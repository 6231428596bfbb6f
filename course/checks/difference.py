"""Where an answer differs from what is right."""

import numbers

import numpy as np


def difference(got, expected, tolerance=1e-6):
    """Return (where, what is given there, what is right there), or None where nothing differs."""
    if isinstance(expected, dict):
        return _of_dict(got, expected, tolerance)
    if isinstance(expected, tuple) or _is_ragged(expected):
        return _of_sequence(got, expected, tolerance)
    if isinstance(expected, (str, bytes, bool)):
        same = isinstance(got, (type(expected), np.generic)) and got == expected
        return None if same else ("", repr(got), repr(expected))
    return _of_array(got, expected, tolerance)


def _of_dict(got, expected, tolerance):
    if not isinstance(got, dict) or set(got) != set(expected):
        given = f"the keys {sorted(map(str, got))}" if isinstance(got, dict) else describe(got)
        return "", given, f"the keys {sorted(map(str, expected))}"
    pairs = ((f"[{key!r}]", got[key], value) for key, value in expected.items())
    return _first(pairs, tolerance)


def _of_sequence(got, expected, tolerance):
    if not isinstance(got, (tuple, list)) or len(got) != len(expected):
        return "", describe(got), describe(expected)
    pairs = zip(got, expected, strict=True)
    return _first(((f"[{i}]", *pair) for i, pair in enumerate(pairs)), tolerance)


def _first(parts, tolerance):
    """Return the first difference among named pairs, its place with the name before it."""
    for name, got, expected in parts:
        found = difference(got, expected, tolerance)
        if found:
            return name + found[0], *found[1:]
    return None


def _of_array(got, expected, tolerance):
    given, right = as_array(got), as_array(expected)
    if given is None or given.dtype.kind not in "biufc":
        return "", describe(got), describe(expected)
    if given.shape != right.shape:
        return "", f"shape {given.shape}", f"shape {right.shape}"
    if right.dtype == bool and given.dtype != bool:
        return "", f"values of type {given.dtype}", "booleans"
    if not np.all(np.isfinite(given[np.isfinite(right)])):
        return "", "values that are not finite (NaN or infinite)", "finite values"
    if right.dtype.kind in "biu" and given.dtype.kind in "biu":
        wrong = given != right
    else:
        with np.errstate(invalid="ignore"):  # infinities differ by NaN
            near = np.abs(given - right) <= tolerance * np.maximum(1.0, np.abs(right))
        wrong = ~np.where(np.isfinite(right), near, given == right)
    if not np.any(wrong):
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])  # the first one that differs
    place = f" at {list(where)}" if where else ""
    count = f" ({np.sum(wrong)} of {wrong.size} values differ)" if wrong.size > 1 else ""
    return "", f"{_short(given[where])}{place}{count}", _short(right[where])


def as_array(value):
    """Return a NumPy array of a number, array or tensor of any backend, or None."""
    if hasattr(value, "detach"):  # a PyTorch tensor that carries a gradient refuses np.asarray
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except (TypeError, ValueError):
        return None


def describe(value):
    """Return in a few words what a value is."""
    if isinstance(value, numbers.Number | str):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, (tuple, list)):
        return f"{len(value)} value" + ("" if len(value) == 1 else "s")
    shape = getattr(value, "shape", None)
    return type(value).__name__ + ("" if shape is None else f" of shape {tuple(shape)}")


def _is_ragged(value):
    """Tell a list that has to be compared item by item from one that is an array."""
    array = as_array(value) if isinstance(value, list) else np.zeros(0)
    return array is None or array.dtype.kind not in "biufc"


def _short(number):
    return f"{number:.7g}" if number.dtype.kind in "fc" else str(number)
