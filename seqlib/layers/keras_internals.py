"""All that leans on Keras 3.15 beyond its public API: the pin in pyproject.toml stands for this.

Each piece says why it is needed and which test guards it. Keras's own tests, pointed at our layers
in tests/seqlib/layers/test_keras_suite.py, guard what concerns recurrence.
"""

import sys

import keras
from keras.src import backend as keras_backend
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from seqlib.compiled import BACKEND

# The output before a row's first real step is the state it starts with in Keras on JAX, and zero on
# the other backends. Guard: test_equal_to_keras_in_every_way_of_looping.
STARTS_WITH_STATE = BACKEND.name == "jax"


class DropoutMasks(DropoutRNNCell):
    """Dropout masks drawn once a sequence, a tuple: none, one for all gates, or one for each.

    `keras.layers.RNN` has them drawn by every cell of this class, which has no public name. Guard:
    test_dropout_draws_the_masks_that_keras_draws.
    """

    def _create_dropout_mask(self, step_input, dropout_rate):
        masks = super()._create_dropout_mask(step_input, dropout_rate)
        return tuple(masks) if isinstance(masks, (list, tuple)) else (masks,)

    def get_dropout_mask(self, step_input):
        """Return the masks of the input, drawn now if they are not yet."""
        self._forget_if_of_another_call("_dropout_mask", step_input)
        return super().get_dropout_mask(step_input) or ()

    def get_recurrent_dropout_mask(self, step_input):
        """Return the masks of the state, drawn now if they are not yet."""
        self._forget_if_of_another_call("_recurrent_dropout_mask", step_input)
        return super().get_recurrent_dropout_mask(step_input) or ()

    def _forget_if_of_another_call(self, name, step_input):
        """Drop masks that a call left behind which is over: of another batch size or graph."""
        for mask in getattr(self, name, None) or ():
            sizes = {mask.shape[0], step_input.shape[0]} - {None}
            if len(sizes) > 1 or BACKEND.outlives_its_graph(mask):
                setattr(self, name, None)

    def set_dropout_masks(self, input_masks, recurrent_masks):
        """Use masks that were drawn elsewhere; None to draw new ones when they are asked for."""
        self._dropout_mask, self._recurrent_dropout_mask = input_masks, recurrent_masks


class SequenceLoop(keras.layers.RNN):
    """`keras.layers.RNN`, which prepares and finishes a call, with another loop in its middle.

    `inner_loop` is overridden by Keras's own layers, and is not documented. Guard: all tests of
    test_recurrent.py.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Go through a sequence; return the last output, all outputs and the last states."""
        return self.run_loop(sequences, initial_state, mask, training)

    def step_by_step(self, sequences, initial_state, mask, training):
        """Go through a sequence as Keras does."""
        return super().inner_loop(sequences, initial_state, mask=mask, training=training)


def cudnn_loop(layer, sequences, initial_state, mask, training):
    """Go through a sequence with cuDNN, as `inner_loop` does; the mask must be right-padded.

    Keras knows cuDNN on every backend, and has no public way to it. It raises NotImplementedError
    where there is none. Guard: test_with_a_gpu_the_masks_that_cudnn_cannot_take_go_step_by_step.
    """
    cell = layer.cell
    if training and cell.dropout:
        (input_mask,) = cell.get_dropout_mask(sequences[:, 0])
        sequences = sequences * input_mask[:, None]
    single = not isinstance(cell.state_size, list)
    run = keras_backend.gru if single else keras_backend.lstm
    return run(
        sequences,
        *initial_state,
        mask,
        kernel=cell.kernel,
        recurrent_kernel=cell.recurrent_kernel,
        bias=cell.bias,
        activation=cell.activation,
        recurrent_activation=cell.recurrent_activation,
        return_sequences=layer.return_sequences,
        go_backwards=layer.go_backwards,
        unroll=False,
        **({"reset_after": True} if single else {}),
    )


def mask_of(x):
    """Return the mask that a tensor carries, or None, as the losses of Keras find it.

    Nothing public reads it. Guard: test_frames_that_a_mask_leaves_out_cost_nothing.
    """
    return keras_backend.get_keras_mask(x)


def forget_masks(*tensors):
    """Take the masks off tensors that carry one, as multi-head attention of Keras does.

    What comes after it in a model is so given other masks. Guard:
    test_everything_is_replaced_wherever_it_is.
    """
    for x in tensors:
        if x is not None:
            keras_backend.set_keras_mask(x, None)


def being_exported():
    """Return whether Keras is tracing this for `model.export`; nothing public tells.

    An export must run where nothing compiles. Guard: test_what_is_exported_runs_where_nothing_
    compiles.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("keras.src.export"):
            return True
        frame = frame.f_back
    return False


def inside_xla():
    """Return whether the graph of TensorFlow being traced is to be compiled as a whole.

    Shards would then run one after the other. Guard: test_a_graph_that_xla_compiles_is_recognised.
    """
    if BACKEND.name != "tensorflow":
        return False
    contexts = (graph._get_control_flow_context() for graph in BACKEND.open_graphs())
    return any(context is not None and context.IsXLAContext() for context in contexts)


def variable_being_updated(optimizer, variable):
    """Return the Keras variable that an optimizer's `update_step` is about.

    Keras has no learning rate of each variable, and some backends hand over what lies below
    theirs. Guard: test_the_encoder_moves_more_slowly_and_its_embeddings_not_at_all in
    tests/course/entities/test_encoder.py.
    """
    return optimizer._trainable_variables[optimizer._get_variable_index(variable)]
