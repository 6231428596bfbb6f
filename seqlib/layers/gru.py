"""The gated recurrent unit: one gate mixes the old state and the new, another looks back."""

import keras
from keras import ops

from seqlib.layers.fused import gru as kernel
from seqlib.layers.recurrent_cell import RecurrentCell, arguments_of
from seqlib.layers.recurrent_layer import RecurrentLayer, of_cell


@keras.saving.register_keras_serializable("seqlib")
class GRUCell(RecurrentCell):
    r"""One step of a gated recurrent unit.

    $$\begin{aligned}
    z &= \sigma(x_t W_z + h_{t-1} U_z + b_z) \\
    r &= \sigma(x_t W_r + h_{t-1} U_r + b_r) \\
    \tilde h &= \tanh\big(x_t W_h + b_h + r \odot (h_{t-1} U_h + b'_h)\big) \\
    h_t &= z \odot h_{t-1} + (1 - z) \odot \tilde h
    \end{aligned}$$

    This is `reset_after=True`: the reset gate acts after the product, which so covers all three
    gates at once, and the recurrent side has a bias of its own, $b'$. With `reset_after=False`
    the candidate is the one first published, $\tanh(x_t W_h + (r \odot h_{t-1}) U_h + b_h)$.

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the candidate; a name, a function, or None for none.
        recurrent_activation: Opens and closes the gates; likewise.
        reset_after: Whether the reset gate acts after the recurrent product or before it.
        **kwargs: The arguments that every cell takes; see `RecurrentCell`.

    Call arguments:
        inputs: $x_t$, (batch, features).
        states: A list of $h_{t-1}$, (batch, units).
        training: Whether to apply dropout.

    Returns:
        $h_t$, (batch, units), as the output, and a list of it as the new state.

    Example:
        >>> cell = GRUCell(4)
        >>> x, states = keras.ops.ones((2, 3)), cell.get_initial_state(batch_size=2)
        >>> h, states = cell(x, states)
        >>> tuple(h.shape)
        (2, 4)

    Source:
        Cho et al., Learning phrase representations using RNN encoder-decoder (2014), versions 1
        (reset after the product) and 3 (before it).
    """

    gates = 3
    fused_kernel = kernel

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        reset_after=True,
        seed=None,
        *,
        implementation=2,
        **kwargs,
    ):
        super().__init__(**arguments_of(locals(), without=("recurrent_activation", "reset_after")))
        self.recurrent_activation = self._look_up("recurrent_activation", recurrent_activation)
        self.reset_after = reset_after

    @property
    def bias_shape(self):
        """Shape of the bias; with `reset_after` a row for the input and one for the state."""
        columns = 3 * self.units
        return (2, columns) if self.reset_after else (columns,)

    def call(self, inputs, states, training=False):
        """Compute one step; see the class for arguments and returns."""
        h = states[0] if isinstance(states, (list, tuple)) else states  # (batch, units)
        gate, squash = self.recurrent_activation, self.activation

        x = self.input_product(inputs, training)  # (batch, 3 * units)
        if self.use_bias:
            x = x + (self.bias[0] if self.reset_after else self.bias)
        x_z, x_r, x_h = ops.split(x, 3, axis=-1)  # update, reset, candidate: (batch, units)

        if self.reset_after:
            u = self.recurrent_product(h, training)  # (batch, 3 * units)
            if self.use_bias:
                u = u + self.bias[1]
            u_z, u_r, u_h = ops.split(u, 3, axis=-1)
            z, r = gate(x_z + u_z), gate(x_r + u_r)
            candidate = squash(x_h + r * u_h)
        else:
            u = self.recurrent_product(h, training, gates=slice(0, 2))  # (batch, 2 * units)
            u_z, u_r = ops.split(u, 2, axis=-1)
            z, r = gate(x_z + u_z), gate(x_r + u_r)
            candidate = squash(x_h + self.recurrent_product(r * h, training, gates=slice(2, 3)))

        h = z * h + (1 - z) * candidate

        return h, [h] if isinstance(states, (list, tuple)) else h

    def get_config(self):
        """Return the arguments that make this cell again."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "reset_after": self.reset_after,
        }


@keras.saving.register_keras_serializable("seqlib")
class GRU(RecurrentLayer):
    r"""A gated recurrent unit over a sequence.

    $$\begin{aligned}
    z &= \sigma(x_t W_z + h_{t-1} U_z + b_z) \\
    r &= \sigma(x_t W_r + h_{t-1} U_r + b_r) \\
    \tilde h &= \tanh\big(x_t W_h + b_h + r \odot (h_{t-1} U_h + b'_h)\big) \\
    h_t &= z \odot h_{t-1} + (1 - z) \odot \tilde h \qquad t = 1 \ldots T
    \end{aligned}$$

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the candidate; a name, a function, or None for none.
        recurrent_activation: Opens and closes the gates; likewise.
        reset_after: Whether the reset gate acts after the recurrent product or before it.
        use_cudnn: "auto" for the GPU's own kernel where it can be had, True to insist, False for
            never; see `execution`.
        **kwargs: The other arguments of `GRUCell` and of the loop; see `RecurrentLayer`, which
            also documents the call.

    Returns:
        $h_T$, (batch, units), or all $h_t$, (batch, time, units); with `return_state` also $h_T$.

    Example:
        >>> layer = GRU(4, return_sequences=True)
        >>> tuple(layer(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 4)

    Source:
        Cho et al., Learning phrase representations using RNN encoder-decoder (2014).
    """

    cell_class = GRUCell
    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        reset_after=True,
        use_cudnn="auto",
        *,
        implementation=2,
        zero_output_for_mask=False,
        engine="auto",
        **kwargs,
    ):
        super().__init__(**arguments_of(locals()))
