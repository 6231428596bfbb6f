"""Typical mistakes of learners, one table a notebook, named like the module of its checks.

A row is the exercise, what a learner writes in place of what (None: in place of the whole
solution), and, where the check knows the mistake, what its hint speaks of.
"""
