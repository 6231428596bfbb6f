"""What tells a learner that an exercise is right, and gives a hint where it is not.

One module a notebook stands beside this file. A check is a table: the hint, the cases (what the
learner's function is given, what is right, typical mistakes with hints of their own), and what to
say when all is right. A learner whose answer is wrong reads no traceback of ours.

Example:
    >>> @exercise("Add x to itself.")
    ... def double(check):
    ...     check.case(2, expected=4)
    ...     check.case(3, expected=6, mistakes=[(9, "This is the square.")])
    ...     check.passed("two numbers")
    >>> double(lambda x: x + x)
    ✓ double: two numbers
"""

from course.checks.check import Check, CheckFailed, Unfinished, exercise

__all__ = ["Check", "CheckFailed", "Unfinished", "exercise"]
