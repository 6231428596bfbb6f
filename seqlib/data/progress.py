"""A progress bar in a terminal; silent elsewhere (a notebook, a log, a test)."""

from tqdm import tqdm


class Bar:
    """A bar that is told how much is done so far.

    Args:
        total: How much there is to do; 0 where that is not known.
        description: What is being done, in a word or two.
        unit: What is counted: bytes, or for instance ``"score"``.

    Example:
        >>> with Bar(3, "counting", unit="step") as progress:
        ...     progress(2)
    """

    def __init__(self, total, description, unit="B"):
        self.bar = tqdm(
            total=total or None,
            desc=description,
            unit=unit,
            unit_scale=unit == "B",
            disable=None,
            leave=False,
        )

    def __enter__(self):
        return self.update

    def __exit__(self, *error):
        self.bar.close()

    def update(self, count):
        """Show that `count` units are done, never more than there are."""
        count = min(count, self.bar.total) if self.bar.total else count
        self.bar.update(count - self.bar.n)
