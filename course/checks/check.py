"""The check of one exercise: run the learner's function, judge its answer, say what is wrong."""

import functools
import traceback
from copy import deepcopy

import numpy as np

from course.checks.difference import as_array, describe, difference


class CheckFailed(AssertionError):
    """An answer is wrong; the message says what was given, what is expected, and a hint."""

    def _render_traceback_(self):
        """Let IPython show the message alone: where a check was raised helps no learner."""
        return [f"✗ {self}"]


class Unfinished(CheckFailed):
    """An exercise has no answer yet."""


def exercise(hint):
    """Turn a function that puts a `Check` through its cases into a check for notebooks."""

    def make(cases):
        @functools.wraps(cases)
        def check(learner):
            cases(Check(cases.__name__, learner, hint))

        del check.__wrapped__  # a learner who asks for the signature is shown this one
        return check

    return make


class Check:
    """One exercise in the hands of a learner: its name, the learner's function and the hint."""

    def __init__(self, name, learner, hint):
        self.name, self.learner, self.hint = name, learner, hint

    def case(
        self, *arguments, expected, mistakes=(), label=None, hint=None, read=None, tolerance=1e-6
    ):
        """Run the learner's function and compare what it returns with what is right.

        Expected is a number, array, string, or a tuple, list or dict of these; `mistakes` are pairs
        of a wrong value and its hint. `label` stands behind the name in a message, `hint` in place
        of the check's; `read` is applied to what is returned. The tolerance is absolute for
        expected values below 1 and relative above.
        """
        got = self.run(*arguments, hint=hint, read=read)
        label = _as_typed(arguments) if label is None else label
        self.compare(got, expected, label, mistakes=mistakes, hint=hint, tolerance=tolerance)

    def run(self, *arguments, count=1, hint=None, read=None):
        """Return what the learner's function returns, `count` values. See `case`."""
        copies = [deepcopy(x) if isinstance(x, (np.ndarray, list)) else x for x in arguments]
        try:
            with np.errstate(all="ignore"):
                value = self.learner(*copies)
                if read is not None and not _is_unanswered(value):
                    value = read(value)
        except Exception as error:
            said = f"{self.name} raised {type(error).__name__}: {error}{_line_of(error)}."
            raise CheckFailed(self._with_hint(said, hint)) from error
        if _is_unanswered(value):
            said = f"{self.name} has no answer yet: it returned {value!r}."
            raise Unfinished(self._with_hint(said, hint))
        if count > 1 and not (isinstance(value, (tuple, list)) and len(value) == count):
            self.fail(describe(value), f"{count} values", hint=hint)
        return value

    def compare(self, got, expected, label="", *, mistakes=(), hint=None, tolerance=1e-6):
        """Fail where `got` is not `expected`; known mistakes get their own hint. See `case`."""
        found = difference(got, expected, tolerance)
        if found:
            place, given, right = found
            whole = _in_full(got), _in_full(expected)
            if all(whole):
                right += f".\n  In full: given {whole[0]}; expected {whole[1]}"
            known = (why for wrong, why in mistakes if not difference(got, wrong, tolerance))
            self.fail(given, right, label + place, hint=next(known, hint))

    def fail(self, given, expected, label="", *, hint=None):
        """Tell the learner what was given, what is expected, and the hint."""
        said = f"{self.name}{label}: given {given}; expected {expected}."
        raise CheckFailed(self._with_hint(said, hint))

    def passed(self, what):
        """Print the line that says that the exercise is right, and what was verified."""
        print(f"✓ {self.name}: {what}")

    def _with_hint(self, said, hint):
        return f"{said}\n  Hint: {hint or self.hint}"


def _line_of(error):
    """Return the place of an error in the learner's code, not in a library that it calls."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename][1:]  # 0: `run`
    if not own:
        return ""
    last = own[-1]
    return f" (line {last.lineno} of {last.name}" + (f": {last.line})" if last.line else ")")


def _is_unanswered(value):
    if isinstance(value, (tuple, list)):
        return any(map(_is_unanswered, value))
    return value is None or value is Ellipsis


def _as_typed(arguments):
    """Return the arguments as they would be typed in a call, dots in place of what is long."""
    plain = [x.tolist() if isinstance(x, np.ndarray) else x for x in arguments]
    kinds = (int, float, str, list, tuple, type(None))
    texts = [repr(x) if isinstance(x, kinds) else "..." for x in plain]
    texts = [text if len(text) <= 50 else "..." for text in texts]
    return f"({', '.join(texts)})" if set(texts) - {"..."} else ""


def _in_full(value):
    """Return the text of a short row of values, and nothing for a number or much more than that."""
    array = as_array(value)
    if array is None or array.dtype.kind not in "biufc":
        text = repr(value) if isinstance(value, (list, tuple, dict)) else ""
    else:
        text = np.array2string(array, precision=4, separator=", ") if array.ndim == 1 else ""
    return text if len(text) <= 100 and "\n" not in text else ""
