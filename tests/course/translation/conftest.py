import numpy as np
import pandas as pd
import pytest

from course.translation.recurrent import RecurrentTranslator
from seqlib.layers import Transformer
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


@pytest.fixture(scope="session", params=["attention", "no attention", "transformer"])
def model(request, pieces):
    """A small translator, its weights large enough that its choices differ."""
    sizes = [len(one) for one in pieces]
    if request.param == "transformer":
        model = Transformer(*sizes, units=8, num_layers=2, num_heads=2, norm_first=True)
        model.build()
    else:
        model = RecurrentTranslator(
            *sizes, width=8, units=6, attention=request.param == "attention", seed=1
        )
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(generator.normal(0.0, 0.7, size=weight.shape))
    return model
