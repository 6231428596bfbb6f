from course.speech_recognition.spoken_dates import date_of, spoken_dates


def test_what_is_said_is_read_back_whatever_the_form():
    for part in ("training", "validation", "test"):
        for text, day in spoken_dates(2000, part, seed=1):
            assert date_of(text) == day


def test_no_text_is_said_in_two_parts():
    training, test = (
        {text for text, _ in spoken_dates(5000, part, seed=2)} for part in ("training", "test")
    )
    assert not training & test


def test_what_is_no_day_is_no_date():
    for text in ("the thirtieth of february two thousand", "may", "", "the third of may nineteen"):
        assert date_of(text) is None
