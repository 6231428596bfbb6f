"""Dates as they are said, and back: sixty words, and a truth for every sentence of them."""

import hashlib
import re
from datetime import date, timedelta

import numpy as np

FIRST, LAST = date(1970, 1, 1), date(2029, 12, 31)  # as in notebook 3-1

MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]

FORMS = (
    "the {ordinal} of {month} {year}",
    "{ordinal} of {month} {year}",
    "{ordinal} {month} {year}",
    "{month} the {ordinal} {year}",
    "{month} {ordinal} {year}",
)

_SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
]
_TENS = [
    *("zero", "ten", "twenty", "thirty", "forty"),
    *("fifty", "sixty", "seventy", "eighty", "ninety"),
]
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
    "twenty": "twentieth",
    "thirty": "thirtieth",
}


def number_in_words(number):
    """Return a number from 0 to 99 in words.

    Example:
        >>> number_in_words(99)
        'ninety nine'
    """
    if number < 20:
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f" {_SMALL[ones]}" if ones else "")


def ordinal_in_words(number):
    """Return the ordinal of a number from 1 to 99 in words.

    Example:
        >>> ordinal_in_words(23)
        'twenty third'
    """
    *before, last = number_in_words(number).split()
    return " ".join([*before, _IRREGULAR.get(last, last + "th")])


def years_in_words(year):
    """Return the ways to say a year from 1910 to 2099, a list.

    Example:
        >>> years_in_words(1999), years_in_words(2007)[1:]
        (['nineteen ninety nine'], ['two thousand and seven', 'twenty oh seven'])
    """
    century, rest = divmod(year, 100)
    inside = number_in_words(rest)
    ways = []
    if century == 20:
        ways = (
            [f"two thousand {inside}", f"two thousand and {inside}"] if rest else ["two thousand"]
        )
    if rest >= 10:
        ways.append(f"{number_in_words(century)} {inside}")
    elif rest:
        ways.append(f"{number_in_words(century)} oh {inside}")
    return ways


_DAY_OF = {ordinal_in_words(day): day for day in range(1, 32)}
_YEAR_OF = {
    words: year for year in range(FIRST.year, LAST.year + 1) for words in years_in_words(year)
}


def _any_of(words):
    return "|".join(sorted(words, key=len, reverse=True))


_SPOKEN = [
    re.compile(
        form.format(
            ordinal=f"(?P<day>{_any_of(_DAY_OF)})",
            month=f"(?P<month>{_any_of(MONTHS)})",
            year=f"(?P<year>{_any_of(_YEAR_OF)})",
        )
    )
    for form in FORMS
]


def part_of(day):
    """Return which part a day belongs to: test (one of five), validation (one of ten) or training.

    No string stands for two days, so what is said in one part is said in no other.
    """
    draw = hashlib.sha256(day.isoformat().encode()).digest()[0] % 10
    return "test" if draw < 2 else "validation" if draw == 2 else "training"


def spoken_dates(number, part, seed):
    """Draw days of a part and a way to say each: pairs of what is said and the day, as ISO.

    Example:
        >>> spoken_dates(1, "test", seed=3)
        [('the twenty second of june two thousand eighteen', '2018-06-22')]
    """
    generator = np.random.default_rng(seed)
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    days = [day for day in days if part_of(day) == part]
    drawn = [days[place] for place in generator.integers(len(days), size=number)]
    return [(_say(day, generator), day.isoformat()) for day in drawn]


def _say(day, generator):
    """Draw a way to say a day."""
    years = years_in_words(day.year)
    return FORMS[generator.integers(len(FORMS))].format(
        ordinal=ordinal_in_words(day.day),
        month=MONTHS[day.month - 1],
        year=years[generator.integers(len(years))],
    )


def date_of(text):
    """Return the ISO date of what is said, or None where it is no date.

    Example:
        >>> date_of("the twenty third of april nineteen ninety nine"), date_of("may the forth")
        ('1999-04-23', None)
    """
    for pattern in _SPOKEN:
        if found := pattern.fullmatch(text):
            year, month = _YEAR_OF[found["year"]], MONTHS.index(found["month"]) + 1
            try:
                return date(year, month, _DAY_OF[found["day"]]).isoformat()
            except ValueError:  # the thirtieth of february
                return None
    return None
