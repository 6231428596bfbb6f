"""What the recurrent layers share: the loop of a cell over time."""

import difflib
import inspect

import keras
from keras import ops

from seqlib.compiled import BACKEND
from seqlib.layers import fused
from seqlib.layers.keras_internals import being_exported
from seqlib.layers.recurrent_cell import RecurrentCell, joint_signature


class RecurrentLayer(keras.layers.RNN):
    """A cell looped over time: the arguments of the cell and those of the loop, in one layer.

    A subclass names its cell in `cell_class`. The cell's equations say what is computed; where the
    same numbers can be had sooner for the whole sequence at once, the layer takes that way (see
    `path`).

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

    Raises:
        ValueError: If an argument is unknown or has a value outside what is allowed, or if a call
            gets states that do not fit.
    """

    cell_class = RecurrentCell

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = [cls.__init__] if "__init__" in vars(cls) else []
        cls.__signature__ = joint_signature(*own, cls.cell_class, RecurrentLayer.__init__)
        if "cell_class" in vars(cls):
            parameters = inspect.signature(cls.cell_class).parameters
            cls.cell_arguments = [name for name in parameters if name != "kwargs"]
            for name in cls.cell_arguments:  # layer.units, layer.dropout ... are the cell's
                setattr(cls, name, property(lambda self, name=name: getattr(self.cell, name)))

    def __init__(
        self,
        units,
        *positional,
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
        of_cell = {name: kwargs.pop(name) for name in self.cell_arguments if name in kwargs}
        self._reject_misspelt(kwargs)
        both = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        cell = self.cell_class(units, *positional, **of_cell, **both)
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = keras.InputSpec(ndim=3)
        self.implementation = self._allowed_implementation(implementation)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """Run the cell over (batch, time, features); see the class for arguments and returns."""
        if isinstance(mask, (list, tuple)):  # one mask an input where states are inputs too
            mask = mask[0]
        if initial_state is not None:
            self._check_states(initial_state)
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def path(self, time=None, masked=False, eager=False, exported=False):
        """Return the way this layer takes through a sequence, and why.

        Args:
            time: Number of steps; None where it is not known beforehand.
            masked: Whether there is a mask.
            eager: Whether the layer is called outside `fit`, `predict` and other compiled
                functions.
            exported: Whether the layer is traced for `model.export`.

        Returns:
            A named tuple of `name` ("fused", "cuDNN", "one step" or "reference") and `reason`.

        Raises:
            ValueError: If `implementation="fused"` and there is no kernel for this layer.

        Example:
            >>> from seqlib.layers import LSTM
            >>> LSTM(4, unroll=True).path(time=20)
            Path(name='reference', reason='unroll=True asks for one step after the other')
        """
        return fused.choose(self, time, masked, eager, exported)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Go through a sequence; called by `keras.layers.RNN`, which prepares and finishes."""
        path = self.path(sequences.shape[1], mask is not None, BACKEND.is_eager(), being_exported())
        if path.name == "reference":
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        return fused.run(path, self, sequences, initial_state, mask, training)

    def get_config(self):
        """Return the arguments that make this layer again."""
        config = super().get_config()
        del config["cell"]
        of_cell = self.cell.get_config()
        of_cell = {name: of_cell[name] for name in self.cell_arguments}
        return {**config, **of_cell, "implementation": self.implementation}

    @classmethod
    def from_config(cls, config):
        """Make a layer from what `get_config` returned."""
        return cls(**config)

    def _reject_misspelt(self, unknown):
        known = list(inspect.signature(type(self)).parameters)
        for name in unknown:
            close = difflib.get_close_matches(name, known, n=1)
            if name not in known and close:
                raise ValueError(
                    f"{type(self).__name__} has no argument `{name}`. Did you mean `{close[0]}`?"
                )

    def _allowed_implementation(self, name):
        if name not in fused.IMPLEMENTATIONS:
            raise ValueError(
                f"{type(self).__name__}: argument `implementation` got {name!r}. "
                f"Allowed: {', '.join(map(repr, fused.IMPLEMENTATIONS))}."
            )
        return name

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
                f"{shapes}. Allowed: {len(self.state_size)} of (batch, {self.units})."
            )
