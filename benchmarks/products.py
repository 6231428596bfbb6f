"""Two floors: the time of the matrix products that a recurrent layer cannot do without.

*Step by step*: forwards one product for the input of all steps, and one for the state at each;
backwards one for the state at each step, and one each for the gradients of the input, the kernel
and the recurrent kernel. Nothing else is computed, and the products of the steps do not wait for
one another. A layer can be faster than that only with better products than a library's call for
each.

*At once*: as many multiplications in one product forwards and two backwards, as if no step had to
wait for the one before.
"""

import numpy as np

from benchmarks import torch_layers
from benchmarks.turns import Contestant


def step_by_step(shape, gates, training):
    """Return the products step by step, by each library that is there."""
    batch, length, features, units = shape
    rows, columns = length * batch, gates * units
    sizes = {
        "x": (rows, features),
        "h": (length, batch, units),
        "kernel": (features, columns),
        "recurrent_kernel": (units, columns),
        "all_dz": (rows, columns),
        "z": (batch, columns),
        "dh": (batch, units),
        "dx": (rows, features),
        "d_kernel": (features, columns),
        "d_recurrent_kernel": (units, columns),
    }

    def multiply(product, x, h, kernel, recurrent_kernel, all_dz, z, dh, **gradients):
        product(x, kernel, out=all_dz)
        for t in range(length):
            product(h[t], recurrent_kernel, out=z)
        if training:
            dz = all_dz.reshape(length, batch, columns)
            for t in reversed(range(length)):
                product(dz[t], recurrent_kernel.T, out=dh)
            product(h.reshape(rows, units).T, all_dz, out=gradients["d_recurrent_kernel"])
            product(x.T, all_dz, out=gradients["d_kernel"])
            product(all_dz, kernel.T, out=gradients["dx"])

    return _by_each_library(sizes, multiply)


def at_once(shape, gates, training):
    """Return as many multiplications in as few products as can be, by each library; see above."""
    batch, length, features, units = shape
    rows, columns = length * batch, gates * units
    sizes = {
        "x": (rows, features + units),
        "kernel": (features + units, columns),
        "z": (rows, columns),
        "dx": (rows, features + units),
        "d_kernel": (features + units, columns),
    }

    def multiply(product, x, kernel, z, dx, d_kernel):
        product(x, kernel, out=z)
        if training:
            product(z, kernel.T, out=dx)
            product(x.T, z, out=d_kernel)

    return _by_each_library(sizes, multiply)


KINDS = {"products step by step": step_by_step, "products at once": at_once}


def _by_each_library(sizes, multiply):
    draw = np.random.default_rng(0).standard_normal
    arrays = {name: draw(size, dtype="float32") for name, size in sizes.items()}
    found = [Contestant("NumPy", lambda k: multiply(np.dot, **arrays))]
    torch = torch_layers.torch
    if torch:
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}

        def by_torch(k):
            with torch.inference_mode():
                multiply(torch.mm, **tensors)

        found.append(Contestant("PyTorch", by_torch))
    return found
