"""Long short-term memory: a carry that is added to, not multiplied, through time."""

import keras
from keras import ops

from seqlib.layers.fused import lstm as kernel
from seqlib.layers.recurrent_cell import RecurrentCell, arguments_of
from seqlib.layers.recurrent_layer import RecurrentLayer, of_cell


@keras.saving.register_keras_serializable("seqlib")
class LSTMCell(RecurrentCell):
    r"""One step of an LSTM.

    $$\begin{aligned}
    (i, f, g, o) &= x_t W + h_{t-1} U + b \\
    c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
    h_t &= \sigma(o) \odot \tanh(c_t)
    \end{aligned}$$

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the candidate and the carry; a name, a function, or None for none.
        recurrent_activation: Opens and closes the gates; likewise.
        unit_forget_bias: Start the forget gate's bias at one, so that a new network remembers.
        **kwargs: The arguments that every cell takes; see `RecurrentCell`.

    Call arguments:
        inputs: $x_t$, (batch, features).
        states: $[h_{t-1}, c_{t-1}]$, each (batch, units).
        training: Whether to apply dropout.

    Returns:
        $h_t$, (batch, units), as the output, and $[h_t, c_t]$ as the new states.

    Example:
        >>> cell = LSTMCell(4)
        >>> x, states = keras.ops.ones((2, 3)), cell.get_initial_state(batch_size=2)
        >>> h, (h, c) = cell(x, states)
        >>> tuple(h.shape), tuple(c.shape)
        ((2, 4), (2, 4))

    Source:
        Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9 (1997); the forget
        gate is of Gers et al., Learning to forget, Neural Computation 12 (2000), its bias of one
        of Jozefowicz et al., An empirical exploration of recurrent network architectures (2015).
    """

    gates = 4
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
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        *,
        implementation=2,
        **kwargs,
    ):
        super().__init__(
            **arguments_of(locals(), without=("recurrent_activation", "unit_forget_bias"))
        )
        self.recurrent_activation = self._look_up("recurrent_activation", recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def initial_bias(self, shape, dtype=None):
        """Return the bias before training: ones for the forget gate with `unit_forget_bias`."""
        if not self.unit_forget_bias:
            return super().initial_bias(shape, dtype=dtype)
        i = self.bias_initializer((self.units,), dtype=dtype)
        f = ops.ones((self.units,), dtype=dtype)
        g_and_o = self.bias_initializer((2 * self.units,), dtype=dtype)
        return ops.concatenate([i, f, g_and_o])

    def call(self, inputs, states, training=False):
        """Compute one step; see the class for arguments and returns."""
        h, c = states  # (batch, units) each
        gate, squash = self.recurrent_activation, self.activation

        z = self.input_product(inputs, training) + self.recurrent_product(h, training)
        if self.use_bias:
            z = z + self.bias
        i, f, g, o = ops.split(z, 4, axis=-1)  # input, forget, candidate, output: (batch, units)

        c = gate(f) * c + gate(i) * squash(g)
        h = gate(o) * squash(c)

        return h, [h, c]

    def get_config(self):
        """Return the arguments that make this cell again."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
        }


@keras.saving.register_keras_serializable("seqlib")
class LSTM(RecurrentLayer):
    r"""Long short-term memory over a sequence.

    $$\begin{aligned}
    (i, f, g, o) &= x_t W + h_{t-1} U + b \\
    c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
    h_t &= \sigma(o) \odot \tanh(c_t) \qquad t = 1 \ldots T
    \end{aligned}$$

    The carry $c$ goes from step to step by a sum, so its gradient does not shrink while the
    forget gate is open.

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the candidate and the carry; a name, a function, or None for none.
        recurrent_activation: Opens and closes the gates; likewise.
        unit_forget_bias: Start the forget gate's bias at one, so that a new network remembers.
        use_cudnn: "auto" for the GPU's own kernel where it can be had, True to insist, False for
            never; see `execution`.
        **kwargs: The other arguments of `LSTMCell` and of the loop; see `RecurrentLayer`, which
            also documents the call.

    Returns:
        $h_T$, (batch, units), or all $h_t$, (batch, time, units); with `return_state` also $h_T$
        and $c_T$.

    Example:
        >>> layer = LSTM(4, return_sequences=True, return_state=True)
        >>> outputs, h, c = layer(keras.ops.ones((2, 5, 3)))
        >>> tuple(outputs.shape), tuple(h.shape), tuple(c.shape)
        ((2, 5, 4), (2, 4), (2, 4))

    Source:
        Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9 (1997).
    """

    cell_class = LSTMCell
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
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
        use_cudnn="auto",
        *,
        implementation=2,
        zero_output_for_mask=False,
        engine="auto",
        **kwargs,
    ):
        super().__init__(**arguments_of(locals()))
