import pandas as pd
import pytest

from seqlib.text import Subwords

NOUNS = ["cat", "dog", "bird", "house", "tree", "car"]
VERBS = ["sees", "likes", "hears", "finds"]


@pytest.fixture(scope="session")
def pairs():
    """Sentences of several lengths; some differ in case and punctuation alone, some translations
    are shared."""
    english, spanish = [], []
    for one in NOUNS:
        for verb in VERBS:
            for other in NOUNS:
                text = f"The {one} {verb} the {other}"
                english += [f"{text}.", f"{text}!", f"{text} and so on and on."]
                spanish += [f"El {one} {verb}a.", f"¡El {other} {verb}á!", f"El {one} y {other}."]
    return pd.DataFrame({"english": english, "spanish": spanish})


@pytest.fixture(scope="session")
def pieces(pairs):
    """Subwords of the source and of the target."""
    return [Subwords.train(list(pairs[name]), size=60) for name in ("english", "spanish")]
