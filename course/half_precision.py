"""Weights kept in half precision: small enough to be committed, exact enough to be used."""

from pathlib import Path

import numpy as np

from seqlib.files import whole_file


def save_half(path, weights, **others):
    """Write weights in half precision, and other arrays beside them, in one step.

    Args:
        path: The npz file.
        weights: Dict of arrays or variables by name.
        **others: Arrays to keep with the weights, as they are.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_half(Path(folder) / "a.npz", {"kernel": np.ones(2)}, words=["to", "be"])
        ...     [array.tolist() for array in read_half(Path(folder) / "a.npz").values()]
        [[1.0, 1.0], ['to', 'be']]
    """
    halves = {name: np.asarray(weight).astype("float16") for name, weight in weights.items()}
    write_arrays(path, **halves, **others)


def write_arrays(path, **arrays):
    """Write arrays to an npz file: whole, or not at all.

    Args:
        path: The npz file; its folder is made where there is none.
        **arrays: The arrays by name.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)


def read_half(path):
    """Return what `save_half` wrote, a dict of arrays by name."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def load_half(path, variables, rename=str):
    """Assign the weights in a file to variables.

    Args:
        path: The npz file.
        variables: Dict of Keras variables by name.
        rename: Function from a name in the file to the name among the variables.

    Returns:
        Dict of the other arrays in the file.

    Raises:
        ValueError: The file belongs to a model of another kind or size; nothing is assigned.
    """
    arrays = {rename(name): array for name, array in read_half(path).items()}
    for name, variable in variables.items():
        found = arrays[name].shape if name in arrays else "nothing"
        if found != tuple(variable.shape):
            raise ValueError(
                f"{path} has {name} of shape {found}, this model {tuple(variable.shape)}: the "
                "weights belong to another vocabulary or to a model of another size."
            )
    for name, variable in variables.items():
        variable.assign(arrays.pop(name).astype("float32"))
    return arrays
