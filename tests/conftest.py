"""How Hypothesis tries properties here: the same examples every time, at any speed."""

from hypothesis import settings

settings.register_profile("seqlib", derandomize=True, database=None, deadline=None)
settings.load_profile("seqlib")
