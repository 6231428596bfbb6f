"""The plain recurrent network: the state is a squashed sum of the input and the state before."""

import keras

from seqlib.layers.recurrent_cell import RecurrentCell
from seqlib.layers.recurrent_layer import RecurrentLayer


@keras.saving.register_keras_serializable("seqlib")
class SimpleRNNCell(RecurrentCell):
    r"""One step of a plain recurrent network.

    $$h_t = \tanh(x_t W + h_{t-1} U + b)$$

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the state; a name, a function, or None for none.
        **kwargs: The arguments that every cell takes; see `RecurrentCell`.

    Call arguments:
        inputs: $x_t$, (batch, features).
        states: A list of $h_{t-1}$, (batch, units).
        training: Whether to apply dropout.

    Returns:
        $h_t$, (batch, units), as the output, and a list of it as the new state.

    Example:
        >>> cell = SimpleRNNCell(4)
        >>> x, states = keras.ops.ones((2, 3)), cell.get_initial_state(batch_size=2)
        >>> h, states = cell(x, states)
        >>> tuple(h.shape)
        (2, 4)

    Source:
        Elman, Finding structure in time, Cognitive Science 14 (1990).
    """

    def call(self, inputs, states, training=False):
        """Compute one step; see the class for arguments and returns."""
        h = states[0] if isinstance(states, (list, tuple)) else states  # (batch, units)

        a = self.input_product(inputs, training) + self.recurrent_product(h, training)
        if self.use_bias:
            a = a + self.bias
        h = self.activation(a)

        return h, [h] if isinstance(states, (list, tuple)) else h


@keras.saving.register_keras_serializable("seqlib")
class SimpleRNN(RecurrentLayer):
    r"""A plain recurrent network over a sequence.

    $$h_t = \tanh(x_t W + h_{t-1} U + b) \qquad t = 1 \ldots T$$

    Its gradient is a product of as many Jacobians as there are steps between cause and effect, so
    it vanishes or explodes with distance; `GRU` and `LSTM` were invented against that.

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the state; a name, a function, or None for none.
        **kwargs: The other arguments of `SimpleRNNCell` and of the loop; see `RecurrentLayer`,
            which also documents the call.

    Returns:
        (batch, units), or (batch, time, units) with `return_sequences`.

    Example:
        >>> layer = SimpleRNN(4, return_sequences=True)
        >>> tuple(layer(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 4)

    Source:
        Elman, Finding structure in time, Cognitive Science 14 (1990).
    """

    cell_class = SimpleRNNCell
