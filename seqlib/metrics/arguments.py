"""What is asked of lists of texts before anything is measured."""


def texts_of(name, texts, wanted="a list of strings"):
    """Return a list of strings, or say what else was given."""
    if isinstance(texts, str) or not hasattr(texts, "__iter__"):
        raise TypeError(
            f"{name} is {_shown(texts)}; allowed is {wanted}. Put a single one in a list."
        )
    texts = list(texts)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{number}] is {_shown(text)}; allowed is a string.")
    return texts


def _shown(value):
    """Return a value, cut short, and its type."""
    shown = repr(value)
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    return f"{shown} ({type(value).__name__})"


def as_many(one, ones, other, others):
    """Raise ValueError where two lists are empty or of different lengths."""
    if len(ones) != len(others):
        raise ValueError(f"{one} and {other} must be as many; got {len(ones)} and {len(others)}.")
    if not ones:
        raise ValueError(f"{one} and {other} are empty; there is nothing to measure.")
