"""Dates: a function from string to date, the same every time, no format seen that must not be."""

import itertools
from datetime import date, timedelta

import pytest

from course.translation import dates
from course.translation.dates import FORMATS, LOCALES, SLASHED_FORMATS, UNSEEN_FORMATS, date_pairs


@pytest.fixture(scope="module")
def pairs():
    return date_pairs(2000, seed=3)


def test_pairs_are_as_many_as_asked_for_and_the_second_is_iso_and_in_range(pairs):
    assert len(pairs) == len(dict(pairs)) == 2000
    days = [date.fromisoformat(iso) for _, iso in pairs]
    assert all(len(iso) == 10 for _, iso in pairs)
    assert dates.FIRST <= min(days) < max(days) <= dates.LAST
    assert {day.year for day in days} == set(range(1970, 2030))
    assert {day.month for day in days} == set(range(1, 13))


def test_the_first_of_a_pair_is_short_lower_case_and_tells_the_day(pairs):
    for text, iso in pairs:
        assert text == text.lower() == " ".join(text.split())
        assert len(text) <= dates.LONGEST
        assert str(int(iso[-2:])) in text
        assert iso[2:4] in text
    days = [date(2018, month, day) for month in range(1, 13) for day in range(20, 23)]
    texts = [
        dates.written(day, pattern, locale)
        for day in days
        for pattern in {**FORMATS, **UNSEEN_FORMATS}.values()
        for locale in LOCALES
    ]
    assert sum(len(text) > dates.LONGEST for text in texts) < 0.01 * len(texts)


def test_the_same_seed_gives_the_same_pairs(pairs):
    assert date_pairs(2000, seed=3) == pairs
    assert date_pairs(100, seed=3) == pairs[:100]
    assert date_pairs(100, seed=4) != pairs[:100]


def ambiguous(formats, locales, first, last):
    """The strings that stand for more than one date."""
    found = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        for pattern, locale in itertools.product(formats.values(), locales):
            found.setdefault(dates.written(day, pattern, locale), set()).add(day)
    return {text: days for text, days in found.items() if len(days) > 1}


def test_no_string_stands_for_two_dates():
    # Days that could be taken for months or for years of two digits.
    for year, month in itertools.product((2005, 2011), (1, 5, 11)):
        days = date(year, month, 1), date(year, month, 12)
        assert not ambiguous(FORMATS | UNSEEN_FORMATS, LOCALES, *days)


def test_dates_with_slashes_are_ambiguous_up_to_the_twelfth():
    year = date(2018, 1, 1), date(2018, 12, 31)
    found = ambiguous(SLASHED_FORMATS, ["en_US"], *year)
    assert len(found) == 12 * 11
    assert all(len(days) == 2 for days in found.values())
    assert not ambiguous({"one": "d/M/y"}, ["en_US"], *year)
    with pytest.raises(ValueError, match=r"stands for both .* and"):
        date_pairs(2000, seed=1, formats=SLASHED_FORMATS, first=year[0])


def test_unseen_formats_share_no_string_with_the_others(pairs):
    assert not set(UNSEEN_FORMATS.values()) & set(FORMATS.values())
    unseen = date_pairs(1000, seed=3, formats=UNSEEN_FORMATS)
    everything = dict(pairs) | dict(unseen)
    assert len(everything) == len(pairs) + len(unseen)


def test_every_format_and_locale_is_used_and_none_has_the_year_of_the_week():
    day = date(2018, 5, 9)
    possible = {
        dates.written(day, pattern, locale) for pattern in FORMATS.values() for locale in LOCALES
    }
    found = dict(date_pairs(len(possible), seed=1, first=day, last=day))
    assert set(found) == possible
    assert set(found.values()) == {"2018-05-09"}
    patterns = {**FORMATS, **UNSEEN_FORMATS, **SLASHED_FORMATS}.values()
    assert not any("Y" in pattern for pattern in patterns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"number": 0}, "number must be a positive integer, got 0"),
        ({"locales": []}, "got 0 locales"),
        ({"locales": "de"}, "got one string"),
        ({"locales": ["tlh_XX"]}, "'tlh_XX', which babel does not know"),
        ({"formats": {}}, "0 formats"),
        ({"first": date(2030, 1, 1)}, "from 2030-01-01 to 2029-12-31"),
        ({"first": dates.LAST, "number": 2000}, "number is 2000, but there seem to be only"),
    ],
)
def test_what_is_wrong_is_said(options, message):
    with pytest.raises(ValueError, match=message):
        date_pairs(**{"number": 10, "seed": 1} | options)
