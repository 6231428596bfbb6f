"""Cut text into words, numbers and marks of punctuation."""

import contextlib

import regex

# A word with its inner apostrophes ("nation's"), a number with its inner points and commas
# ("1,250.50"), or one mark of punctuation or one symbol by itself. Combining marks, such as the
# vowels of Hindi, and what joins letters invisibly belong to the letter before.
_LETTERS = r"(?:[^\W\d_]|\p{M}|[\u200c\u200d])+"
_WORD = regex.compile(rf"{_LETTERS}(?:'{_LETTERS})*|\d+(?:[.,]\d+)*|[^\w\s]|_")


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


@contextlib.contextmanager
def surrogates_named(texts):
    """Refuse half of a surrogate pair in one of some texts by name, where a library failed on it.

    It is what is left of an emoji cut by its length, or badly read from JSON.
    """
    try:
        yield
    except (TypeError, UnicodeEncodeError):
        for number, text in enumerate(texts):
            found = regex.search(r"\p{Cs}", text) if isinstance(text, str) else None
            if found:
                raise ValueError(
                    f"text {number} holds U+{ord(found[0]):04X} at {found.start()}, half of a "
                    "surrogate pair. Mend it, for instance with text.encode('utf-16', "
                    "'surrogatepass').decode('utf-16', 'replace')."
                ) from None
        raise
