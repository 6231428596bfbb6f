"""Checks of the notebook ``0-0_start_here``."""

import warnings

import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed


def sigmoid(learner):
    """Check the logistic function: values, shape, and no overflow far from zero.

    Args:
        learner: Function from an array to an array of the same shape.

    Raises:
        CheckFailed: It is not right yet; the message says in which respect.
    """
    name = "sigmoid"
    hint = "half of (1 + tanh of half of x); np.tanh works element by element."
    x = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
    with attempt(name, hint):
        value = learner(x.copy())
    compare(name, answered(name, value, hint), 1 / (1 + np.exp(-x)), hint)
    far = np.array([-1e4, 1e4])
    with attempt(name, hint), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = learner(far)
    compare(f"{name} far from zero", value, [0.0, 1.0], hint)
    if caught:
        raise CheckFailed(
            f"{name}: given {caught[0].message} at x = -10000; expected no overflow.\n"
            f"  Hint: {hint}"
        )
    passed(name, "6 values, and no overflow far from zero")
