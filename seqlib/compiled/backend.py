"""The backend that Keras computes with, as one object: what differs between them is asked here."""

import contextlib
import os

import keras


def cores():
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container or `taskset` may allow fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Backend:
    """A backend that computes operation by operation and has nothing to compile with."""

    has_compiler = False  # whether `jit_compile=True` can be asked for

    def __init__(self, name):
        self.name = name

    def is_eager(self):
        """Return whether this is called where compiling would cost more than it saves."""
        return False

    def has_gpu(self):
        """Return whether the backend computes on a GPU."""
        return False

    def compile(self, function):
        """Return a function of tensors compiled; it may read Keras variables, not write them."""
        return function

    def ensure_shape(self, x, shape):
        """Return a tensor with what is known of its shape, where a backend may have lost it."""
        return x

    def require(self, x, condition, message):
        """Return a tensor, or raise an error with the message where a condition does not hold."""
        if not self.is_unknown(condition) and not bool(condition):
            raise ValueError(message)
        return x

    def is_unknown(self, condition):
        """Return whether a truth value will be known only when what is traced now runs."""
        return False

    def outlives_its_graph(self, x):
        """Return whether a tensor was traced in a graph that is not the one at work now."""
        return False

    def replicas(self):
        """Return how many replicas share a batch, whose gradients are added up."""
        return 1

    def without_gradient(self):
        """Return a context in which nothing is kept for a gradient."""
        return contextlib.nullcontext()


class _TensorFlow(Backend):
    """Graphs, and XLA inside them."""

    has_compiler = True

    def __init__(self, name):
        super().__init__(name)
        import tensorflow

        self.tf = tensorflow

    def is_eager(self):
        return self.tf.executing_eagerly()

    def has_gpu(self):
        return bool(self.tf.config.list_logical_devices("GPU"))

    def compile(self, function):
        return self.tf.function(function, reduce_retracing=True, autograph=False)

    def ensure_shape(self, x, shape):
        return self.tf.ensure_shape(x, shape)

    def require(self, x, condition, message):
        if not self.is_unknown(condition):
            return super().require(x, condition, message)
        with self.tf.control_dependencies([self.tf.debugging.Assert(condition, [message])]):
            return self.tf.identity(x)

    def is_unknown(self, condition):
        return self.tf.is_symbolic_tensor(condition)

    def outlives_its_graph(self, x):
        if not self.tf.is_symbolic_tensor(x):
            return False
        return not any(graph is x.graph for graph in self.open_graphs())

    def open_graphs(self):
        """Yield the graphs that are being traced, the innermost one first."""
        if self.is_eager():
            return
        graph = self.tf.compat.v1.get_default_graph()
        while graph is not None:
            yield graph
            graph = getattr(graph, "outer_graph", None)

    def replicas(self):
        return self.tf.distribute.get_strategy().num_replicas_in_sync


class _Jax(Backend):
    """Everything is compiled by XLA."""

    has_compiler = True

    def __init__(self, name):
        super().__init__(name)
        import jax

        self.jax = jax

    def has_gpu(self):
        return self.jax.default_backend() == "gpu"

    def is_unknown(self, condition):
        return isinstance(condition, self.jax.core.Tracer)

    def compile(self, function):
        # To `jax.jit` the value of a variable would be a constant, and new weights would go
        # unseen. So a first trace finds the variables, which become arguments.
        variables = None

        @self.jax.jit
        def compiled(values, arguments):
            with keras.StatelessScope(list(zip(variables, values, strict=True))):
                return function(*arguments)

        def call(*arguments):
            nonlocal variables
            if variables is None:
                with _ReadVariables() as scope:
                    self.jax.eval_shape(function, *arguments)
                variables = list(scope.variables.values())
            return compiled([variable.value for variable in variables], arguments)

        return call


class _Torch(Backend):
    """Operation by operation, with kernels of its own for recurrent layers."""

    def __init__(self, name):
        super().__init__(name)
        import torch

        self.torch = torch

    def has_gpu(self):
        return self.torch.cuda.is_available()

    def without_gradient(self):
        return self.torch.no_grad()


class _ReadVariables(keras.StatelessScope):
    """Scope that notes which Keras variables are read in it, and lets none be written."""

    def __init__(self):
        super().__init__()
        self.variables = {}

    def get_current_value(self, variable):
        """Note the variable; its own value is used."""
        self.variables[id(variable)] = variable

    def add_update(self, update):
        """Refuse the update."""
        raise ValueError(
            f"The function writes the variable {update[0].path}, which a compiled function on the "
            "JAX backend cannot keep. Allowed: reading variables; what changes from call to call "
            "belongs in the arguments."
        )


_CLASSES = {"tensorflow": _TensorFlow, "jax": _Jax, "torch": _Torch}
_NAME = keras.backend.backend()
BACKEND = _CLASSES.get(_NAME, Backend)(_NAME)
