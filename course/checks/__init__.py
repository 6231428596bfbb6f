"""What tells a learner that an exercise is right, and gives a hint where it is not.

One module a notebook stands beside this file. A check runs the learner's function on small inputs,
compares what comes back with what is right, and prints one line. Where it is not right, the
learner reads what was given, what was expected and a hint, and no traceback of ours::

    def sigmoid(learner):
        hint = "1 / (1 + exp(-x)), element by element."
        with attempt("sigmoid", hint):
            value = learner(np.zeros((2, 3)))
        compare("sigmoid", answered("sigmoid", value, hint), np.full((2, 3), 0.5), hint)
        passed("sigmoid", "shape and values")
"""

import contextlib
import numbers
import traceback

import numpy as np

__all__ = ["CheckFailed", "Unfinished", "answered", "attempt", "compare", "passed"]


class CheckFailed(AssertionError):
    """An answer is wrong; the message says what was given, what is expected, and a hint."""

    def _render_traceback_(self):
        """Let IPython show the message alone: where a check was raised helps no learner."""
        return [f"✗ {self}"]


class Unfinished(CheckFailed):
    """An exercise has no answer yet."""


def passed(name, what):
    """Print the line that says that an exercise is right.

    Args:
        name: Name of the learner's function.
        what: What was verified, in a few words.

    Example:
        >>> passed("sigmoid", "shape and values")
        ✓ sigmoid: shape and values
    """
    print(f"✓ {name}: {what}")


def answered(name, value, hint, *, count=1):
    """Return what a learner's function returned, where it returned something.

    Args:
        name: Name of the learner's function.
        value: What it returned.
        hint: What to tell the learner who is stuck.
        count: Number of values that it should return; more than one means a tuple.

    Returns:
        `value`.

    Raises:
        Unfinished: `value` is None or ``...``, or holds one of them.
        CheckFailed: `value` is not a tuple of `count` values.

    Example:
        >>> answered("sigmoid", 0.5, "1 / (1 + exp(-x))")
        0.5
    """
    parts = value if isinstance(value, (tuple, list)) else (value,)
    if any(part is None or part is Ellipsis for part in parts):
        raise Unfinished(f"{name} has no answer yet: it returned {value!r}.\n  Hint: {hint}")
    if count > 1 and (not isinstance(value, (tuple, list)) or len(value) != count):
        given = f"{len(parts)} values" if isinstance(value, (tuple, list)) else _describe(value)
        raise _failure(name, f"it returned {given}", f"{count} values", hint)
    return value


@contextlib.contextmanager
def attempt(name, hint):
    """Turn an error raised in a learner's code into a check that failed, with the hint.

    Args:
        name: Name of the learner's function.
        hint: What to tell the learner who is stuck.

    Raises:
        CheckFailed: Anything was raised inside the block; a check that failed there passes through.

    Example:
        >>> with attempt("sigmoid", "1 / (1 + exp(-x))"):
        ...     value = 1 / 2
    """
    try:
        yield
    except CheckFailed:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"line {last.lineno} of {last.name}" + (f": {last.line}" if last.line else "")
        raise _failure(
            name, f"it raised {type(error).__name__}: {error} ({place})", "a value", hint
        ) from error


def compare(name, got, expected, hint, tolerance=1e-6):
    """Compare what a learner's function returned with what is right.

    Args:
        name: Name of the learner's function, or of the part of its result that is compared.
        got: What it returned: a number, an array or tensor, a string, or a tuple, list or dict
            of these.
        expected: What is right, of the same structure.
        hint: What to tell the learner whose answer is wrong.
        tolerance: Largest difference allowed, absolute for expected values below 1 and relative
            above.

    Raises:
        Unfinished: `got` is None or ``...``.
        CheckFailed: Structure, shape or values differ, or `got` is not finite.

    Example:
        >>> compare("sigmoid", [0.5, 1.0], [0.5, 1.0], "1 / (1 + exp(-x))")
    """
    answered(name, got, hint)
    if isinstance(expected, dict):
        _compare_dict(name, got, expected, hint, tolerance)
    elif isinstance(expected, tuple) or _is_ragged(expected):
        _compare_sequence(name, got, expected, hint, tolerance)
    elif isinstance(expected, (str, bytes, bool)) or expected is None:
        if got != expected:
            raise _failure(name, repr(got), repr(expected), hint)
    else:
        _compare_array(name, got, expected, hint, tolerance)


def _compare_dict(name, got, expected, hint, tolerance):
    if not isinstance(got, dict) or set(got) != set(expected):
        given = f"the keys {sorted(map(str, got))}" if isinstance(got, dict) else _describe(got)
        raise _failure(name, given, f"the keys {sorted(map(str, expected))}", hint)
    for key, value in expected.items():
        compare(f"{name}[{key!r}]", got[key], value, hint, tolerance)


def _compare_sequence(name, got, expected, hint, tolerance):
    if not isinstance(got, (tuple, list)) or len(got) != len(expected):
        given = f"{len(got)} values" if isinstance(got, (tuple, list)) else _describe(got)
        raise _failure(name, given, f"{len(expected)} values", hint)
    for i, (part, value) in enumerate(zip(got, expected, strict=True)):
        compare(f"{name}[{i}]", part, value, hint, tolerance)


def _compare_array(name, got, expected, hint, tolerance):
    given, right = _as_array(got), _as_array(expected)
    if given is None or given.dtype.kind not in "biufc":
        raise _failure(name, _describe(got), _describe(expected), hint)
    if given.shape != right.shape:
        raise _failure(name, f"shape {given.shape}", f"shape {right.shape}", hint)
    if not np.all(np.isfinite(given[np.isfinite(right)])):
        raise _failure(name, "values that are not finite (NaN or infinite)", "finite values", hint)
    if right.dtype.kind in "biu" and given.dtype.kind in "biu":
        wrong = given != right
    else:
        with np.errstate(invalid="ignore"):  # infinities differ by NaN
            near = np.abs(given - right) <= tolerance * np.maximum(1.0, np.abs(right))
        wrong = ~np.where(np.isfinite(right), near, given == right)
    if np.any(wrong):
        where = tuple(int(i) for i in np.argwhere(wrong)[0])  # the first one that differs
        place = f" at {list(where)}" if where else ""
        count = f" ({np.sum(wrong)} of {wrong.size} values differ)" if wrong.size > 1 else ""
        raise _failure(name, f"{_short(given[where])}{place}{count}", _short(right[where]), hint)


def _as_array(value):
    """Return a NumPy array of a number, array or tensor of any backend, or None."""
    if hasattr(value, "detach"):  # a PyTorch tensor that carries a gradient refuses np.asarray
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except (TypeError, ValueError):
        return None


def _is_ragged(value):
    """Tell a list that has to be compared item by item from one that is an array."""
    if not isinstance(value, list):
        return False
    array = _as_array(value)
    return array is None or array.dtype.kind not in "biufc"


def _describe(value):
    if isinstance(value, numbers.Number | str):
        return f"{type(value).__name__} {value!r}"
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    return f"{type(value).__name__}"


def _short(number):
    return f"{number:.7g}" if number.dtype.kind in "fc" else str(number)


def _failure(name, given, expected, hint):
    return CheckFailed(f"{name}: given {given}; expected {expected}.\n  Hint: {hint}")
