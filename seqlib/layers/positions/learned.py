"""Learnt positions: a table with a vector for each position."""

import keras
from keras import ops

from seqlib.layers.arguments import checked_size


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

    Raises:
        ValueError: If `max_length` is no positive integer, or a sequence is longer.

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
