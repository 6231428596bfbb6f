"""Cut text into words, numbers and marks of punctuation."""

import re

# A word with its inner apostrophes ("nation's"), a number with its inner points and commas
# ("1,250.50"), or one mark of punctuation or one symbol by itself.
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:[.,]\d+)*|[^\w\s]|_")


def word_tokens(text, lower=True):
    """Cut text into a list of words, numbers and punctuation marks, white space dropped.

    Typographic apostrophes count as plain ones. Accents and non-Latin letters are letters. The text
    is turned into lower case first, unless `lower` is false.

    Example:
        >>> word_tokens("Congress's budget: $1,250.50 (at most).")
        ["congress's", 'budget', ':', '$', '1,250.50', '(', 'at', 'most', ')', '.']
        >>> word_tokens("¿Dónde está Ana?", lower=False)
        ['¿', 'Dónde', 'está', 'Ana', '?']
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}.")
    text = text.replace("\u2019", "'")
    return _WORD.findall(text.lower() if lower else text)
