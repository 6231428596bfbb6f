"""The errors of ``seqlib.data``: each says what was wanted, what went wrong and what to do."""


class DataError(Exception):
    """A data set could not be described, fetched, verified or read."""


class UnknownDataSet(DataError, ValueError):
    """There is no card of that name."""


class DamagedArchive(DataError):
    """A download is not the file that the card pins: altered, truncated, or another version."""
