"""Rotary positions: queries and keys are turned, and their products see distances alone."""

import keras
from keras import ops

from seqlib.layers.positions.waves import angles, check_even, checked_wavelength


@keras.saving.register_keras_serializable("seqlib")
class RotaryPositions(keras.Layer):
    r"""Turn each vector, pair of dimensions by pair, by an angle in proportion to its position.

    $$\begin{pmatrix} y_{p,i} \\ y_{p,i+d/2} \end{pmatrix} =
    \begin{pmatrix} \cos \alpha_{p,i} & -\sin \alpha_{p,i} \\
    \sin \alpha_{p,i} & \cos \alpha_{p,i} \end{pmatrix}
    \begin{pmatrix} x_{p,i} \\ x_{p,i+d/2} \end{pmatrix}, \qquad
    \alpha_{p,i} = p \,/\, \lambda^{2i/d}$$

    The product of a query turned by $p$ and a key turned by $p'$ depends on $p - p'$ alone. Lengths
    do not change. The two halves of a vector are paired, dimension $i$ with $i + d/2$, and not
    neighbours as in the paper: the same up to the order of dimensions, which is learnt anyway, and
    a half is cut out at no cost. `MultiHeadAttention(rotary=True)` applies it.

    Args:
        max_wavelength: $\lambda$, a number above 1.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        inputs: $x$, (..., time, dim), `dim` even, such as the queries of all heads, (batch, heads,
            time, dim).
        positions: Integers that broadcast to (..., time), such as (time,), or one number in a step
            of decoding; 0, 1, 2 ... where None.

    Returns:
        $y$, the shape of the inputs.

    Raises:
        ValueError: If `max_wavelength` is not above 1, or vectors have an odd size.

    Example:
        >>> x = ops.array([[[1.0, 0.0]] * 3])
        >>> y = ops.convert_to_numpy(RotaryPositions()(x))  # by 0, 1 and 2 radians
        >>> y.astype(float).round(2).tolist()
        [[[1.0, 0.0], [0.54, 0.84], [-0.42, 0.91]]]

    Source:
        Su et al., RoFormer: enhanced Transformer with rotary position embedding (2021).
    """

    def __init__(self, max_wavelength=10_000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = checked_wavelength(self, max_wavelength)
        self.supports_masking = True

    def build(self, inputs_shape):
        """Look at the size of the vectors; there are no weights."""
        check_even(self, inputs_shape[-1])
        self.built = True

    def call(self, inputs, positions=None):
        """Turn the vectors; see the class for arguments and returns."""
        if positions is None:
            positions = ops.arange(ops.shape(inputs)[-2])
        angle = angles(positions, inputs.shape[-1], self.max_wavelength, self.compute_dtype)
        cos, sin = (ops.cast(f(angle), inputs.dtype) for f in (ops.cos, ops.sin))
        first, second = ops.split(inputs, 2, axis=-1)  # (..., time, dim / 2)
        return ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)

    def compute_output_shape(self, inputs_shape, positions_shape=None):
        """Return the shape of the inputs."""
        return tuple(inputs_shape)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
