"""Where in a sequence a vector stands: added as waves or as learned vectors, or as a rotation."""

import keras
import numpy as np
from keras import ops

from seqlib.layers.arguments import checked_above, checked_size


class AngularPositions(keras.Layer):
    """What sinusoidal and rotary positions share: an angle for each pair of dimensions."""

    def __init__(self, max_wavelength=10_000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = checked_above(self, "max_wavelength", max_wavelength, 1)
        self.supports_masking = True

    def build(self, inputs_shape):
        """Look at the size of the vectors; there are no weights."""
        dim = inputs_shape[-1]
        if dim is None or dim % 2:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: vectors of size {dim} cannot be cut into "
                "pairs. Allowed: an even size."
            )
        self.built = True

    def angles(self, positions, dim):
        """Return the angle of every pair at every position, (..., dim / 2)."""
        # In full: half precision has no odd integers beyond 2048 (bfloat16: 256).
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        speeds = self.max_wavelength ** (-2 * np.arange(dim // 2) / dim)  # radians a position
        positions = ops.cast(ops.convert_to_tensor(positions), dtype)
        return ops.expand_dims(positions, -1) * ops.convert_to_tensor(speeds.astype(dtype))

    def compute_output_shape(self, inputs_shape, positions_shape=None):
        """Return the shape of the inputs."""
        return tuple(inputs_shape)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}


@keras.saving.register_keras_serializable("seqlib")
class SinusoidalPositions(AngularPositions):
    r"""Add to each vector a fixed pattern that tells its position.

    $$y_{t} = x_{t} + P_{t}, \qquad P_{p,2i} = \sin \alpha_{p,i}, \quad
    P_{p,2i+1} = \cos \alpha_{p,i}, \qquad \alpha_{p,i} = p \,/\, \lambda^{2i/d}$$

    Sines stand in the even dimensions and cosines in the odd ones, as in the paper. Going $k$
    positions on turns each pair by the same angle wherever one starts, so that distances are easy
    to learn. There is nothing to train, and no longest sequence.

    Args:
        max_wavelength: $\lambda$, a number above 1.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        inputs: $x$, (batch, time, dim), `dim` even.
        positions: Integers that broadcast to (batch, time), such as (time,), or one number in a
            step of decoding; 0, 1, 2 ... where None.

    Returns:
        $y$, the shape of the inputs, whose mask goes on.

    Example:
        >>> layer = SinusoidalPositions()
        >>> ops.convert_to_numpy(layer(ops.zeros((1, 2, 4)))).astype(float).round(2).tolist()
        [[[0.0, 1.0, 0.0, 1.0], [0.84, 0.54, 0.01, 1.0]]]

    Source:
        Vaswani et al., Attention is all you need (2017).
    """

    def call(self, inputs, positions=None):
        """Add the patterns; see the class for arguments and returns."""
        if positions is None:
            positions = ops.arange(ops.shape(inputs)[1])
        return inputs + ops.cast(self.encoding(positions, inputs.shape[-1]), inputs.dtype)

    def encoding(self, positions, dim):
        """Return the patterns themselves, (..., dim) of float32 or float64."""
        angle = self.angles(positions, dim)
        pairs = ops.stack([ops.sin(angle), ops.cos(angle)], axis=-1)  # (..., dim / 2, 2)
        return ops.reshape(pairs, (*ops.shape(pairs)[:-2], dim))


@keras.saving.register_keras_serializable("seqlib")
class RotaryPositions(AngularPositions):
    r"""Rotate each vector, pair of dimensions by pair, by an angle in proportion to its position.

    $$\begin{pmatrix} y_{p,i} \\ y_{p,i+d/2} \end{pmatrix} =
    \begin{pmatrix} \cos \alpha_{p,i} & -\sin \alpha_{p,i} \\
    \sin \alpha_{p,i} & \cos \alpha_{p,i} \end{pmatrix}
    \begin{pmatrix} x_{p,i} \\ x_{p,i+d/2} \end{pmatrix}, \qquad
    \alpha_{p,i} = p \,/\, \lambda^{2i/d}$$

    The product of a query rotated by $p$ and a key rotated by $p'$ depends on $p - p'$ alone.
    Dimension $i$ is paired with $i + d/2$, not with its neighbor as in the paper: the same up to
    the order of dimensions, which is learned anyway. `MultiHeadAttention(rotary=True)` applies it.

    Args:
        max_wavelength: $\lambda$, a number above 1.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        inputs: $x$, (..., time, dim), `dim` even, such as (batch, heads, time, dim).
        positions: Integers that broadcast to (..., time), such as (time,), or one number in a step
            of decoding; 0, 1, 2 ... where None.

    Returns:
        $y$, the shape of the inputs.

    Example:
        >>> x = ops.array([[[1.0, 0.0]] * 3])
        >>> y = ops.convert_to_numpy(RotaryPositions()(x))  # by 0, 1 and 2 radians
        >>> y.astype(float).round(2).tolist()
        [[[1.0, 0.0], [0.54, 0.84], [-0.42, 0.91]]]

    Source:
        Su et al., RoFormer: enhanced Transformer with rotary position embedding (2021).
    """

    def call(self, inputs, positions=None):
        """Rotate the vectors; see the class for arguments and returns."""
        if positions is None:
            positions = ops.arange(ops.shape(inputs)[-2])
        angle = self.angles(positions, inputs.shape[-1])
        cos, sin = (ops.cast(f(angle), inputs.dtype) for f in (ops.cos, ops.sin))
        first, second = ops.split(inputs, 2, axis=-1)  # (..., time, dim / 2)
        return ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


@keras.saving.register_keras_serializable("seqlib")
class LearnedPositions(keras.Layer):
    r"""Add to each vector the trained vector of its position.

    $$y_{t} = x_{t} + E_{t}$$

    A position that training has never seen has a vector that means nothing, and one beyond
    `max_length` has none.

    Args:
        max_length: Number of positions, a positive integer.
        initializer: First values of $E$.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        inputs: $x$, (batch, time, dim), `time` at most `max_length`.
        positions: Integers below `max_length` that broadcast to (batch, time), such as (time,), or
            one number in a step of decoding; 0, 1, 2 ... where None.

    Returns:
        $y$, the shape of the inputs, whose mask goes on.

    Example:
        >>> layer = LearnedPositions(max_length=3, initializer="ones")
        >>> ops.convert_to_numpy(layer(ops.zeros((1, 2, 2)))).tolist()
        [[[1.0, 1.0], [1.0, 1.0]]]

    Source:
        Gehring et al., Convolutional sequence to sequence learning (2017); Devlin et al., BERT
        (2019).
    """

    def __init__(self, max_length, initializer="uniform", **kwargs):
        super().__init__(**kwargs)
        self.max_length = checked_size(self, "max_length", max_length)
        self.initializer = keras.initializers.get(initializer)
        self.supports_masking = True

    def build(self, inputs_shape):
        """Make the table, (max_length, dim)."""
        self.table = self.add_weight(
            shape=(self.max_length, inputs_shape[-1]), name="table", initializer=self.initializer
        )
        self.built = True

    def call(self, inputs, positions=None):
        """Add the vectors; see the class for arguments and returns."""
        table = ops.cast(self.table, inputs.dtype)
        if positions is not None:
            return inputs + ops.take(table, positions, axis=0)
        time = inputs.shape[1]
        if time is not None and time > self.max_length:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: sequences of {time} steps. Allowed: at most "
                f"{self.max_length}; cut them, or make the layer with a larger `max_length`."
            )
        return inputs + table[: ops.shape(inputs)[1]]

    def compute_output_shape(self, inputs_shape, positions_shape=None):
        """Return the shape of the inputs."""
        return tuple(inputs_shape)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "initializer": keras.initializers.serialize(self.initializer),
        }
