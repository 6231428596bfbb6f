"""What the recurrent layers share: the loop of a cell over time."""

import difflib
import inspect

import keras
from keras import ops

from seqlib.compiled import BACKEND
from seqlib.layers.arguments import checked_choice
from seqlib.layers.fused.execution import IMPLEMENTATIONS, Call, choose_execution
from seqlib.layers.keras_internals import SequenceLoop, being_exported
from seqlib.layers.recurrent_cell import RecurrentCell, arguments_of

# What RecurrentLayer gives to the loop; everything else is the cell's.
LOOP_ARGUMENTS = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
    "activity_regularizer",
    "implementation",
)


class CellLoop(SequenceLoop):
    """A cell of this package over a sequence, as `keras.layers.RNN` but in the fastest way."""

    def __init__(self, cell, *, implementation="auto", **kwargs):
        super().__init__(cell, **kwargs)
        self.input_spec = keras.InputSpec(ndim=3)
        self.implementation = checked_choice(
            self, "implementation", implementation, tuple(IMPLEMENTATIONS)
        )
        if BACKEND.name == "tensorflow" and implementation == "auto":
            # XLA cannot compile around cuDNN.
            self.supports_jit = self.execution().name != "cuDNN"

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """Run the cell over (batch, time, features); see the class for arguments and returns."""
        if isinstance(mask, (list, tuple)):  # one mask an input where states are inputs too
            mask = mask[0]
        if initial_state is not None:
            self._check_states(initial_state)
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def execution(self, time=None, masked=False, eager=False, exported=False):
        """Return how this layer goes through a sequence of so many steps, and why.

        It depends on the call: with a mask, eagerly, or traced for `model.export`.

        Example:
            >>> from seqlib.layers import LSTM
            >>> LSTM(4, unroll=True).execution(time=20)
            Execution(name='reference', reason='unroll=True asks for one step after the other')
        """
        return choose_execution(self, Call(time, masked, eager, exported))

    def run_loop(self, sequences, initial_state, mask, training):
        """Go through a sequence; `keras.layers.RNN` prepares and finishes."""
        execution = self.execution(
            sequences.shape[1], mask is not None, BACKEND.is_eager(), being_exported()
        )
        return execution.run(self, sequences, initial_state, mask, training)

    def _check_states(self, initial_state):
        states = initial_state if isinstance(initial_state, (list, tuple)) else [initial_state]
        shapes = [tuple(ops.shape(state)) for state in states]
        fits = len(states) == len(self.state_size) and all(
            len(shape) == 2 and shape[-1] == size
            for shape, size in zip(shapes, self.state_size, strict=False)
        )
        if not fits:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: argument `initial_state` has the shapes "
                f"{shapes}. Allowed: {len(self.state_size)} of (batch, {self.cell.units})."
            )


def of_cell(name):
    """Return a property of a layer that is its cell's."""
    return property(lambda layer: getattr(layer.cell, name), doc=f"The cell's `{name}`.")


class RecurrentLayer(CellLoop):
    """A cell looped over time: the arguments of the cell and those of the loop, in one layer.

    A subclass names its cell in `cell_class`, and in `cell_arguments` those arguments of the cell
    that `RecurrentCell` does not have. The cell's equations say what is computed; where the
    same numbers can be had faster for the whole sequence at once, the layer does that (see
    `execution`).

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the candidate state; a name, a function, or None for none.
        return_sequences: Return the state at every step instead of the last one alone.
        return_state: Return the last state as well, after the output.
        go_backwards: Read the sequence from its end; the output is in the order of reading.
        stateful: Start a batch from the last state of the batch before; needs a fixed batch size.
        unroll: Write the loop out step by step; for short sequences of known length.
        zero_output_for_mask: Return zeros at masked steps instead of the output before them.
        activity_regularizer: Penalty on the output.
        implementation: "auto" for the fastest way through a sequence that gives the same numbers,
            "reference" for the cell step by step, "fused" to insist on the kernel for whole
            sequences. A kernel has first derivatives alone; for second ones take "reference".
        **kwargs: The other arguments of the cell (see `RecurrentCell` and the cell itself), and
            `name`, `dtype` and `trainable`.

    Call arguments:
        sequences: (batch, time, features).
        initial_state: The state before the first step, one (batch, units) tensor a state; zeros
            when left out, or the last state of the batch before when stateful.
        mask: (batch, time) of booleans, True = real step. A masked step leaves the state as it
            is. Steps may be masked anywhere, a whole row too.
        training: Whether to apply dropout.

    Returns:
        (batch, units), or (batch, time, units) with `return_sequences`; with `return_state` a
        tuple of that and the last state, one (batch, units) tensor a state.
    """

    cell_class = RecurrentCell
    cell_arguments = ()

    units = of_cell("units")
    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")

    def __init__(
        self,
        units,
        activation="tanh",
        *,
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
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        activity_regularizer=None,
        implementation="auto",
        **kwargs,
    ):
        arguments = arguments_of(locals())
        loop = {name: arguments.pop(name) for name in LOOP_ARGUMENTS}
        of_layer = {n: arguments.pop(n) for n in kwargs if n not in self.cell_arguments}
        self._reject_misspelled(of_layer)
        shared = {name: of_layer[name] for name in ("dtype", "trainable") if name in of_layer}
        super().__init__(self.cell_class(**arguments, **shared), **loop, **of_layer)

    def get_config(self):
        """Return the arguments that make this layer again."""
        config = {**super().get_config(), "implementation": self.implementation}
        del config["cell"]
        cell_config = self.cell.get_config()
        of_every_layer = keras.Layer.get_config(self)  # name, dtype ... of the cell go unsaid
        return {
            **config,
            **{name: cell_config[name] for name in cell_config if name not in of_every_layer},
        }

    @classmethod
    def from_config(cls, config):
        """Make a layer from what `get_config` returned."""
        return cls(**config)

    def _reject_misspelled(self, unknown):
        known = list(inspect.signature(type(self)).parameters)
        for name in unknown:
            close = difflib.get_close_matches(name, known, n=1)
            if name not in known and close:
                raise ValueError(
                    f"{type(self).__name__} has no argument `{name}`. Did you mean `{close[0]}`?"
                )
