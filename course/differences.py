"""What training changed in weights that others have trained, kept in four bits a number.

An encoder is too large to be committed, even in half precision; but everyone can fetch it, and how
far training moved each of its weights is small and needs few digits.
"""

import numpy as np

from course.half_precision import write_arrays

_LARGEST = 7  # -7 to 7 in four bits
_FACTORS = np.linspace(0.3, 1.0, 15)  # shares of the largest difference that is told exactly


def save_differences(path, before, after, **others):
    """Write how weights differ from what they were, and other arrays beside, in one step.

    Matrices are kept in four bits a number, each column with a scale of its own, chosen for the
    least squared error; all else in half precision.

    Args:
        path: The npz file.
        before: Dict of arrays by name: the weights that everyone has, and zeros for new ones.
        after: Dict of arrays or variables by name: the weights that training made.
        **others: Arrays to keep with them, as they are.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> before = {"kernel": np.zeros((3, 2), np.float32)}
        >>> after = {"kernel": np.array([[1.0, 7.0], [7.0, -4.0], [-3.0, 0.0]])}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_differences(Path(folder) / "a.npz", before, after, words=["to", "be"])
        ...     weights, others = read_differences(Path(folder) / "a.npz", before)
        >>> weights["kernel"].round(3).tolist(), others["words"].tolist()
        ([[1.0, 7.0], [7.0, -4.0], [-3.0, 0.0]], ['to', 'be'])
    """
    arrays = {}
    for name, weight in after.items():
        weight = np.asarray(weight, np.float32)
        difference = weight - before[name]
        if difference.ndim < 2:
            arrays[f"half:{name}"] = difference.astype("float16")
        else:
            arrays[f"bits:{name}"], arrays[f"scale:{name}"] = _in_bits(difference)
    write_arrays(path, **arrays, **others)


def freeze_embeddings(encoder):
    """Let training change an encoder's blocks, and the norm below them, alone.

    Half the weights of a small encoder are the vectors of its pieces, and few of them would move,
    since most pieces are rare.

    Args:
        encoder: A `pretrained.BertEncoder`.
    """
    for layer in (encoder.pieces, encoder.positions, encoder.types):
        layer.trainable = False


def named_weights(encoder):
    """Return the weights of an encoder's blocks, and of the norm below them, by name.

    Args:
        encoder: A `pretrained.BertEncoder`.

    Returns:
        Dict of the variables that are trained after `freeze_embeddings`.
    """
    names = {
        f"blocks/{weight.path.rpartition('/encoder/')[2]}": weight
        for weight in encoder.encoder.weights
    }
    return names | {f"norm/{weight.name}": weight for weight in encoder.norm.weights}


def read_differences(path, before):
    """Return weights made of what they were and of the differences in a file.

    Args:
        path: The npz file that `save_differences` wrote.
        before: Dict of arrays by name, as when it was written.

    Returns:
        Dict of the weights in the file by name, float32; and dict of the other arrays in it.

    Raises:
        ValueError: A weight in the file is not in `before`, or has another shape there.
    """
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    weights, others = {}, {}
    for key, array in arrays.items():
        kind, _, name = key.partition(":")
        if kind == "half":
            weights[name] = array.astype(np.float32)
        elif kind == "bits":
            weights[name] = array, arrays[f"scale:{name}"]
        elif kind != "scale":
            others[key] = array
    for name, difference in weights.items():
        shape = before[name].shape if name in before else "nothing"
        if isinstance(difference, tuple):
            bits, scale = difference
            size = int(np.prod(shape)) if name in before else 0
            fits = name in before and len(bits) == -(-size // 2) and len(scale) == shape[-1]
            difference = _out_of_bits(bits, scale, shape) if fits else bits
        if difference.shape != shape:
            raise ValueError(f"{path} has differences of {name} that do not fit: there is {shape}.")
        weights[name] = before[name] + difference
    return weights, others


def _in_bits(difference):
    """Return numbers of four bits, two in a byte, and the scale of each column."""
    columns = difference.reshape(-1, difference.shape[-1])  # (rows, columns)
    largest = np.maximum(np.abs(columns).max(axis=0), 1e-12)
    best, scale = np.full(len(largest), np.inf), largest / _LARGEST
    for factor in _FACTORS:
        trial = (factor * largest / _LARGEST).astype(np.float16).astype(np.float32)
        trial = np.maximum(trial, 1e-7)
        error = ((_rounded(columns, trial) * trial - columns) ** 2).sum(axis=0)
        scale = np.where(error < best, trial, scale)
        best = np.minimum(error, best)
    numbers = (_rounded(columns, scale) + _LARGEST).astype(np.uint8).reshape(-1)
    numbers = np.append(numbers, np.zeros(len(numbers) % 2, np.uint8))
    return numbers[::2] * 16 + numbers[1::2], scale.astype(np.float16)


def _out_of_bits(bits, scale, shape):
    numbers = np.stack([bits // 16, bits % 16], axis=1).reshape(-1)[: int(np.prod(shape))]
    columns = numbers.reshape(-1, shape[-1]).astype(np.float32) - _LARGEST
    return (columns * scale.astype(np.float32)).reshape(shape)


def _rounded(columns, scale):
    return np.clip(np.round(columns / scale), -_LARGEST, _LARGEST)
