"""Dates as people write them, each with its ISO form: what the first translator learns from.

No string stands for two dates. "5/9/2018" is a day of September in London and of May in New York; a
model cannot learn what nobody can know. So purely numeric formats are here only where the order is
the same wherever they are used: with points, the day comes first; after the year, the month. With
`FORMATS` and `UNSEEN_FORMATS` no string stands for two of the 21,915 days from 1970 to 2029 (their
60 years end in different digits); with `SLASHED_FORMATS` every date does whose day is at most 12
and is not its month.
"""

import random
import unicodedata
from datetime import date, timedelta

FIRST, LAST = date(1970, 1, 1), date(2029, 12, 31)

# All in Latin script.
LOCALES = ("en_US", "en_GB", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "cs")

# In characters. Half the days in Portuguese and a few in Spanish are longer in the full form, and
# are not drawn in it.
LONGEST = 32

# Patterns of Unicode CLDR; "full" and "long" are what each locale itself makes of them. The year is
# y: YYY, which is often copied, is the year that the week belongs to.
FORMATS = {
    "full": "full",  # mittwoch, 9. mai 2018
    "long": "long",  # 9 de mayo de 2018
    "day first": "d MMMM y",  # 9 mai 2018
    "month first": "MMMM d, y",  # may 9, 2018
    "short month": "d MMM y",  # 9 mag 2018
    "short month first": "MMM d, y",  # dez. 9, 2018
    "short weekday": "EEE d MMM y",  # wed 9 may 2018
    "short year": "d MMM yy",  # 9 may 18
    "with points": "dd.MM.y",  # 09.05.2018
    "year first": "y/MM/dd",  # 2018/05/09
}

# Never in training: what a model makes of a form that it has not met.
UNSEEN_FORMATS = {
    "year, then the day": "y, d MMMM",  # 2018, 9 may
    "year, then the month": "y MMMM d",  # 2018 may 9
    "hyphens": "dd-MMM-y",  # 09-may-2018
    "weekday last": "d MMMM y, EEEE",  # 9 may 2018, wednesday
    "points, short": "d.M.yy",  # 9.5.18
}

# Left out of both: each is clear by itself, and the two together are not.
SLASHED_FORMATS = {"day / month": "d/M/y", "month / day": "M/d/y"}


def written(day, pattern, locale):
    """Write one date in lower case, with single spaces, by a pattern of CLDR or its ``"full"``.

    Example:
        >>> written(date(2018, 5, 9), "full", "fr"), written(date(2018, 5, 9), "long", "en_US")
        ('mercredi 9 mai 2018', 'may 9, 2018')
    """
    from babel.dates import format_date

    text = unicodedata.normalize("NFC", format_date(day, pattern, locale=locale).lower())
    return " ".join(text.split())


def date_pairs(number, seed, locales=LOCALES, formats=None, first=FIRST, last=LAST):
    """Draw days and write each in a random format of a random locale: pairs of it and its ISO form.

    A date that comes out longer than `LONGEST` is drawn again. Every string is there once, so that
    parts cut from the list share none. The same seed gives the same pairs, and the first pairs of a
    longer list are those of a shorter one.

    Example:
        >>> date_pairs(2, seed=1, locales=["en_GB"], formats={"long": "long"})
        [('20 january 1982', '1982-01-20'), ('30 july 1980', '1980-07-30')]
    """
    patterns = list((FORMATS if formats is None else formats).values())
    locales = _known(locales)
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"number must be a positive integer, got {number!r}.")
    if not patterns or not locales or first > last:
        raise ValueError(
            f"there must be a locale, a format and a day to draw; got {len(locales)} locales, "
            f"{len(patterns)} formats and days from {first} to {last}."
        )
    days = (last - first).days + 1
    draw, found, misses = random.Random(seed), {}, 0
    while len(found) < number:
        day = first + timedelta(draw.randrange(days))
        text = written(day, draw.choice(patterns), draw.choice(locales))
        iso = day.isoformat()
        if found.get(text, iso) != iso:
            raise ValueError(
                f"{text!r} stands for both {found[text]} and {iso}: leave one of its formats out."
            )
        misses = misses + 1 if text in found or len(text) > LONGEST else 0
        if misses > 1000:
            raise ValueError(
                f"number is {number}, but there seem to be only {len(found)} different strings; "
                "ask for fewer, or give more locales, formats or days."
            )
        if len(text) <= LONGEST:
            found[text] = iso
    return list(found.items())


def _known(locales):
    """Return the locales, all of them known to babel."""
    from babel import Locale, UnknownLocaleError

    if isinstance(locales, str):
        raise ValueError(f"locales must be a sequence of strings, got one string; [{locales!r}].")
    for locale in locales:
        try:
            Locale.parse(locale)
        except (UnknownLocaleError, ValueError) as error:
            raise ValueError(
                f"locales holds {locale!r}, which babel does not know; allowed are such as "
                f"{', '.join(map(repr, LOCALES[:4]))}."
            ) from error
    return list(locales)
