"""Sides that do not compute the same are not timed."""

import numpy as np


def check_agreement(results):
    """Raise where two sides do not compute the same."""
    norms = {name: [_norm(a) for a in result[:2]] for name, result in results.items()}
    for name, own in norms.items():
        if not np.allclose(own, norms["seqlib"], rtol=1e-3):
            raise RuntimeError(
                f"{name} does not compute what seqlib does: the norms of the results are {own} "
                f"and {norms['seqlib']}."
            )


def _norm(array):
    """Return the norm of an array, which no order of its axes changes."""
    return float(np.linalg.norm(np.asarray(array).ravel()))
