"""What is asked of lists of texts before anything is measured."""


def check_texts(name, texts, allowed="a list of strings"):
    """Return a list of strings, or say what else was given."""
    if isinstance(texts, str) or not hasattr(texts, "__iter__"):
        raise TypeError(
            f"{name} is {_shown(texts)}; allowed is {allowed}. Put a single one in a list."
        )
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{index}] is {_shown(text)}; allowed is a string.")
    return texts


def check_references(name, texts, references, item):
    """Return texts, and for each the list of its references; `item` is what a text stands for."""
    texts = check_texts(name, texts)
    if isinstance(references, str):
        raise TypeError("references must be a list of lists of strings, got one string.")
    references = [
        check_texts(f"references[{index}]", some, f"one list of references for each {item}")
        for index, some in enumerate(references)
    ]
    check_same_length(name, texts, "references", references)
    for index, some in enumerate(references):
        if not some:
            raise ValueError(f"references[{index}] is empty; every {item} needs at least one.")
    return texts, references


def check_same_length(name, texts, other_name, others):
    """Refuse two lists that are empty or of different lengths."""
    if len(texts) != len(others):
        raise ValueError(
            f"{name} and {other_name} must be as many; got {len(texts)} and {len(others)}."
        )
    if not texts:
        raise ValueError(f"{name} and {other_name} are empty; there is nothing to measure.")


def _shown(value):
    """Return a value, cut short, and its type."""
    shown = repr(value)
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    return f"{shown} ({type(value).__name__})"
