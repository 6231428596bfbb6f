"""The angles that sinusoidal and rotary positions share: each pair of dimensions is a clock."""

import numbers

import numpy as np
from keras import ops


def angles(positions, dim, max_wavelength, dtype):
    r"""Return the angle of every clock at every position.

    $$\alpha_{p,i} = p \,/\, \lambda^{2i/d}, \qquad i = 0 \ldots d/2 - 1$$

    The first clock turns by one radian a position, the last ones hardly at all.

    Args:
        positions: Integers, (...).
        dim: $d$, an even number.
        max_wavelength: $\lambda$; the slowest clock turns once in nearly $2 \pi \lambda$ positions.
        dtype: What is computed in; half precision is done in full, for it has no odd integers
            beyond 2048 (bfloat16: 256).

    Returns:
        (..., dim / 2) of float32, or float64 if that is the dtype.

    Example:
        >>> found = ops.convert_to_numpy(angles([0, 1, 2], 4, 10_000.0, "float32"))
        >>> found.astype(float).round(2).tolist()
        [[0.0, 0.0], [1.0, 0.01], [2.0, 0.02]]
    """
    dtype = "float64" if dtype == "float64" else "float32"
    speeds = float(max_wavelength) ** (-2 * np.arange(dim // 2) / dim)
    positions = ops.cast(ops.convert_to_tensor(positions), dtype)
    return ops.expand_dims(positions, -1) * ops.convert_to_tensor(speeds.astype(dtype))


def checked_wavelength(layer, value):
    """Return a number above one, or refuse it by name."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not value > 1:
        raise ValueError(
            f"{type(layer).__name__}: argument `max_wavelength` got {value!r}. Allowed: a number "
            "above 1."
        )
    return float(value)


def check_even(layer, dim):
    """Refuse vectors whose dimensions cannot be paired."""
    if dim is None or dim % 2:
        raise ValueError(
            f"{type(layer).__name__} `{layer.name}`: vectors of size {dim} cannot be cut into "
            "pairs. Allowed: an even size."
        )
