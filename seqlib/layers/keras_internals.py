"""All that leans on Keras 3.15 beyond its public API: the pin in pyproject.toml stands for this.

Each piece says why it is needed and which test guards it; Keras's own tests, which
tests/seqlib/layers/test_keras_suite.py points at our layers, guard all that concerns recurrence.
"""

import sys

from seqlib.compiled import BACKEND


def being_exported():
    """Return whether Keras is tracing this for `model.export`; nothing public tells.

    An export must run where nothing compiles. Guard: test_what_is_exported_runs_where_nothing_
    compiles in tests/seqlib/layers/test_fused.py.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("keras.src.export"):
            return True
        frame = frame.f_back
    return False


def inside_xla():
    """Return whether the graph of TensorFlow being traced is to be compiled as a whole.

    Shards would then run one after the other. Guard: test_no_shards_inside_a_program_of_xla in
    tests/seqlib/layers/test_fused.py.
    """
    if BACKEND.name != "tensorflow" or BACKEND.is_eager():
        return False
    graph = BACKEND.tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        if context is not None and context.IsXLAContext():
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def variable_being_updated(optimizer, variable):
    """Return the Keras variable that an optimizer's `update_step` is about.

    Keras has no learning rate of each variable, and some backends hand over what lies below
    theirs. Guard: test_the_encoder_moves_more_slowly_and_its_embeddings_not_at_all in
    tests/course/entities/test_encoder.py.
    """
    return optimizer._trainable_variables[optimizer._get_variable_index(variable)]
