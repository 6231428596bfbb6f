"""What the recurrent layers share: the loop of a cell over time."""

import difflib
import inspect

import keras

from seqlib.compiled import BACKEND
from seqlib.layers.arguments import checked_choice, checked_states, checked_step_mask
from seqlib.layers.fused.execution import ENGINES, Call, choose_execution
from seqlib.layers.keras_internals import SequenceLoop, being_exported
from seqlib.layers.recurrent_cell import RecurrentCell, arguments_of, parameters_of

# What RecurrentLayer gives to the loop; everything else is the cell's.
LOOP_ARGUMENTS = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
    "activity_regularizer",
    "engine",
    "use_cudnn",
)


class CellLoop(SequenceLoop):
    """A cell of this package over a sequence, as `keras.layers.RNN` but in the fastest way."""

    def __init__(self, cell, *, engine="auto", use_cudnn=None, **kwargs):
        super().__init__(cell, **kwargs)
        self.input_spec = keras.InputSpec(ndim=3)
        self.engine = checked_choice(self, "engine", engine, tuple(ENGINES))
        if use_cudnn is not None:  # for a layer that cuDNN knows
            self.use_cudnn = checked_choice(self, "use_cudnn", use_cudnn, ("auto", True, False))
        if BACKEND.name == "tensorflow" and engine == "auto":
            # XLA cannot compile around cuDNN.
            self.supports_jit = use_cudnn is not True and self.execution().name != "cuDNN"

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """Run the cell over (batch, time, features); see the class for arguments and returns."""
        batch, time = sequences.shape[:2]
        if time == 0:
            raise ValueError(
                f"{type(self).__name__} `{self.name}`: argument `sequences` has the shape "
                f"{tuple(sequences.shape)}. Allowed: at least one step."
            )
        if isinstance(mask, (list, tuple)):  # one mask an input where states are inputs too
            mask = mask[0]
        if mask is not None:
            mask = checked_step_mask(self, "mask", mask, sequences)
        if initial_state is not None:
            initial_state = checked_states(self, initial_state, self.state_size, batch)
        try:
            return super().call(sequences, initial_state, mask, training)
        finally:  # where it fails, nothing that was traced stays on the cell
            self.cell.set_dropout_masks(None, None)

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


def of_cell(name):
    """Return a property of a layer that is its cell's."""
    return property(lambda layer: getattr(layer.cell, name), doc=f"The cell's `{name}`.")


class RecurrentLayer(CellLoop):
    """A cell looped over time: the arguments of the cell and those of the loop, in one layer.

    A subclass names its cell in `cell_class`, and takes all arguments that the cell takes. The
    cell's equations say what is computed; where the same numbers can be had faster for the whole
    sequence at once, the layer does that (see `execution`).

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
        engine: "auto" for the fastest way through a sequence that gives the same numbers,
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
    implementation = of_cell("implementation")

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in parameters_of(cls.cell_class):
            if not hasattr(cls, name):
                setattr(cls, name, of_cell(name))

    def __init__(
        self,
        units,
        activation="tanh",
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
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        seed=None,
        *,
        implementation=2,
        zero_output_for_mask=False,
        engine="auto",
        **kwargs,
    ):
        arguments = arguments_of(locals())
        loop = {name: arguments.pop(name) for name in LOOP_ARGUMENTS if name in arguments}
        known = parameters_of(self.cell_class)
        of_layer = {name: arguments.pop(name) for name in list(arguments) if name not in known}
        self._reject_misspelled(of_layer)
        shared = {name: of_layer[name] for name in ("dtype", "trainable") if name in of_layer}
        super().__init__(self.cell_class(**arguments, **shared), **loop, **of_layer)

    def get_config(self):
        """Return the arguments that make this layer again."""
        config = {**super().get_config(), "engine": self.engine}
        if hasattr(self, "use_cudnn"):
            config["use_cudnn"] = self.use_cudnn
        del config["cell"]
        cell_config = self.cell.get_config()
        of_every_layer = keras.Layer.get_config(self)  # name, dtype ... of the cell go unsaid
        return {
            **config,
            **{name: cell_config[name] for name in cell_config if name not in of_every_layer},
        }

    @classmethod
    def from_config(cls, config):
        """Make a layer from what `get_config` returned, here or in the layer of Keras."""
        if isinstance(config.get("implementation"), str):  # its name at first
            config = {**config, "engine": config["implementation"], "implementation": 2}
        return cls(**config)

    def _reject_misspelled(self, unknown):
        known = list(inspect.signature(type(self)).parameters)
        for name in unknown:
            close = difflib.get_close_matches(name, known, n=1)
            if name not in known and close:
                raise ValueError(
                    f"{type(self).__name__} has no argument `{name}`. Did you mean `{close[0]}`?"
                )
