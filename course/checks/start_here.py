"""Checks of the exercises in notebook 0-0, start here."""

import numpy as np

from course.checks import exercise


@exercise("half of (1 + tanh of half of x); np.tanh works element by element.")
def sigmoid(check):
    check.learner = np.errstate(over="raise")(check.learner)
    x = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
    check.case(x, expected=1 / (1 + np.exp(-x)))
    check.case(np.array([-1e4, 1e4]), expected=np.array([0.0, 1.0]))
    check.passed("6 values, and no overflow far from zero")
