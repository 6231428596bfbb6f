"""English sentences to be said, of the corpus that notebook 3-1 translates, spelled as heard."""

import re
import unicodedata

from course.translation.pairs import split
from seqlib import data

LEAST, MOST = 2, 10  # words

_NOT_HEARD = re.compile(r"[^a-z' ]+")


def sentences(part):
    """Return the sentences of the translator's part: as they are written, by how they are heard.

    `part` is training, validation or test. Sentences with digits or foreign letters, and of less
    than two or more than ten words, are left out.
    """
    parts = split(data.load("english_spanish"))
    written = {
        "training": [english for english, _ in parts.training],
        "validation": parts.validation.english,
        "test": parts.test.english,
    }
    heard = {}
    for sentence in written[part]:
        spelled = as_heard(sentence)
        if spelled and LEAST <= len(spelled.split()) <= MOST:
            heard.setdefault(spelled, sentence)
    return heard


def as_heard(sentence):
    """Return a sentence as it is heard, in small letters; None where it isn't spelled by letters.

    Example:
        >>> as_heard("Tom isn't here, is he?"), as_heard("It's 2:30.")
        ("tom isn't here is he", None)
    """
    plain = unicodedata.normalize("NFKC", sentence).lower().replace("\u2019", "'")
    if any((letter.isalnum() and not letter.isascii()) or letter.isdigit() for letter in plain):
        return None
    plain = re.sub(r"[-/]", " ", plain)
    plain = " ".join(_NOT_HEARD.sub("", plain).split())
    return plain or None
