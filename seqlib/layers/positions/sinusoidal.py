"""Sinusoidal positions: every position has its own reading on clocks of many speeds."""

import keras
from keras import ops

from seqlib.layers.positions.waves import angles, check_even, checked_wavelength


@keras.saving.register_keras_serializable("seqlib")
class SinusoidalPositions(keras.Layer):
    r"""Add to each vector a fixed pattern that tells its position.

    $$y_{t} = x_{t} + P_{t}, \qquad P_{p,2i} = \sin \alpha_{p,i}, \quad
    P_{p,2i+1} = \cos \alpha_{p,i}, \qquad \alpha_{p,i} = p \,/\, \lambda^{2i/d}$$

    Sines stand in the even dimensions and cosines in the odd ones, as in the paper. Each pair is a
    point on a circle, so all patterns have the length $\sqrt{d/2}$; and going $k$ positions on
    turns each pair by the same angle wherever one starts, so that $P_{p+k}$ is a rotation of
    $P_p$ which does not depend on $p$: distances are easy to learn. There is nothing to train, and
    no longest sequence.

    Args:
        max_wavelength: $\lambda$, a number above 1.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        inputs: $x$, (batch, time, dim), `dim` even.
        positions: Integers that broadcast to (batch, time), such as (time,), or one number in a
            step of decoding; 0, 1, 2 ... where None.

    Returns:
        $y$, the shape of the inputs, whose mask goes on.

    Raises:
        ValueError: If `max_wavelength` is not above 1, or vectors have an odd size.

    Example:
        >>> layer = SinusoidalPositions()
        >>> ops.convert_to_numpy(layer(ops.zeros((1, 2, 4)))).astype(float).round(2).tolist()
        [[[0.0, 1.0, 0.0, 1.0], [0.84, 0.54, 0.01, 1.0]]]

    Source:
        Vaswani et al., Attention is all you need (2017).
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
        """Add the patterns; see the class for arguments and returns."""
        if positions is None:
            positions = ops.arange(ops.shape(inputs)[1])
        return inputs + ops.cast(self.encoding(positions, inputs.shape[-1]), inputs.dtype)

    def encoding(self, positions, dim):
        """Return the patterns themselves.

        Args:
            positions: Integers, (...).
            dim: Size of a pattern, an even number.

        Returns:
            $P$, (..., dim), in float32 or, if that is the layer's dtype, float64.
        """
        angle = angles(positions, dim, self.max_wavelength, self.compute_dtype)
        pairs = ops.stack([ops.sin(angle), ops.cos(angle)], axis=-1)  # (..., dim / 2, 2)
        return ops.reshape(pairs, (*ops.shape(pairs)[:-2], dim))

    def compute_output_shape(self, inputs_shape, positions_shape=None):
        """Return the shape of the inputs."""
        return tuple(inputs_shape)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
