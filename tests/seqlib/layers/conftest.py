"""The same random numbers for every test of a layer."""

import keras
import pytest

from seqlib.compiled import BACKEND


@pytest.fixture(autouse=True)
def fixed_seed():
    keras.utils.set_random_seed(1)
    yield
    if BACKEND.name == "jax":  # each call of a loop compiles; the programs pile up
        import jax

        jax.clear_caches()
