"""What the recurrent cells share: weights, dropout and configuration of one time step."""

import contextlib
import inspect
import numbers

import keras
from keras import ops

# A cell's dropout masks are drawn once a sequence, before the time loop. `keras.layers.RNN` does
# this for every cell that carries a certain mixin, which has no public name: its heirs lend it.
DropoutMasks = next(base for base in keras.layers.LSTMCell.__bases__ if base is not keras.Layer)

# How an argument is looked up and written to a config, by the last word of its name.
REGISTRIES = {
    "activation": keras.activations,
    "initializer": keras.initializers,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
}


class RecurrentCell(keras.Layer, DropoutMasks):
    """Weights, dropout and configuration of a cell; a subclass adds the equations in `call`.

    A cell with $g$ gates keeps the matrices of all gates side by side, so that one product serves
    them all: the kernel $W$ is (features, g * units), the recurrent kernel $U$ (units, g * units)
    and the bias $b$ (g * units,). The layout is the one of Keras: weights can be copied across.

    Args:
        units: Size of the state, a positive integer.
        activation: Squashes the candidate state; a name, a function, or None for none.
        use_bias: Whether to add a bias.
        kernel_initializer: First values of the kernel.
        recurrent_initializer: First values of the recurrent kernel. Orthogonal by default: it
            keeps the length of the state from one step to the next (Saxe et al. 2014).
        bias_initializer: First values of the bias.
        kernel_regularizer: Penalty on the kernel.
        recurrent_regularizer: Penalty on the recurrent kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Projection of the kernel after each update.
        recurrent_constraint: Projection of the recurrent kernel after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Share of the inputs dropped in training, in [0, 1): the same ones at every step
            of a sequence (Gal & Ghahramani 2016).
        recurrent_dropout: Share of the state dropped in training, in the same way.
        seed: Seed of the dropout masks.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Raises:
        ValueError: If an argument has a value outside what is allowed.
    """

    gates = 1

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.__signature__ = joint_signature(cls.__init__, RecurrentCell.__init__)

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
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = self._positive_integer("units", units)
        self.activation = self._look_up("activation", activation)
        self.use_bias = use_bias
        self.kernel_initializer = self._look_up("kernel_initializer", kernel_initializer)
        self.recurrent_initializer = self._look_up("recurrent_initializer", recurrent_initializer)
        self.bias_initializer = self._look_up("bias_initializer", bias_initializer)
        self.kernel_regularizer = self._look_up("kernel_regularizer", kernel_regularizer)
        self.recurrent_regularizer = self._look_up("recurrent_regularizer", recurrent_regularizer)
        self.bias_regularizer = self._look_up("bias_regularizer", bias_regularizer)
        self.kernel_constraint = self._look_up("kernel_constraint", kernel_constraint)
        self.recurrent_constraint = self._look_up("recurrent_constraint", recurrent_constraint)
        self.bias_constraint = self._look_up("bias_constraint", bias_constraint)
        self.dropout = self._rate("dropout", dropout)
        self.recurrent_dropout = self._rate("recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        if self.recurrent_dropout and self.gates > 1:
            self.dropout_mask_count = self.gates  # each gate drops on its own, as in Keras
        self.state_size = self.units
        self.output_size = self.units

    def build(self, input_shape):
        """Make the weights for inputs of shape (batch, features)."""
        columns = self.gates * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], columns),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, columns),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self.bias_shape,
                name="bias",
                initializer=self.first_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    @property
    def bias_shape(self):
        """Shape of the bias: one number a column of the kernels."""
        return (self.gates * self.units,)

    def first_bias(self, shape, dtype=None):
        """Return the bias before training."""
        return self.bias_initializer(shape, dtype=dtype)

    def get_initial_state(self, batch_size=None):
        """Return the state before the first step: zeros, one (batch, units) array a state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    @contextlib.contextmanager
    def given_dropout_masks(self, on_input, on_state):
        """Use dropout masks that were drawn elsewhere, for the length of the block.

        Args:
            on_input: List of masks as `get_dropout_mask` has them: one, or one a gate; empty to
                leave things as they are.
            on_state: Likewise, as `get_recurrent_dropout_mask` has them.
        """
        names = "_dropout_mask", "_recurrent_dropout_mask"
        kept = [getattr(self, name, None) for name in names]
        if on_input:
            self._dropout_mask = on_input[0] if len(on_input) == 1 else on_input
        if on_state:
            self._recurrent_dropout_mask = on_state[0] if len(on_state) == 1 else on_state
        try:
            yield
        finally:
            for name, masks in zip(names, kept, strict=True):
                setattr(self, name, masks)

    def input_product(self, inputs, training):
        """Return $x W$ for all gates side by side: (batch, gates * units)."""
        masks = self.get_dropout_mask(inputs) if training and self.dropout else None
        return masked_product(inputs, self.kernel, masks)

    def recurrent_product(self, state, training, gates=slice(None)):
        """Return $h U$ for the gates asked for, side by side: (batch, number of them * units)."""
        kernel = self.recurrent_kernel
        masks = None
        if training and self.recurrent_dropout:
            masks = self.get_recurrent_dropout_mask(state)
        if gates != slice(None):
            first, last, _ = gates.indices(self.gates)
            kernel = kernel[:, first * self.units : last * self.units]
            masks = masks[gates] if isinstance(masks, list) else masks
        return masked_product(state, kernel, masks)

    def get_config(self):
        """Return the arguments that make this cell again."""
        names = inspect.signature(type(self)).parameters
        config = {name: getattr(self, name) for name in names if hasattr(self, name)}
        for name, value in config.items():
            registry = REGISTRIES.get(name.rpartition("_")[2])
            if registry:
                config[name] = registry.serialize(value)
        return {**super().get_config(), **config}

    def _look_up(self, name, value):
        try:
            return REGISTRIES[name.rpartition("_")[2]].get(value)
        except ValueError as error:
            raise ValueError(
                f"{type(self).__name__}: argument `{name}` got {value!r}. Allowed: a name that "
                f"Keras knows, a function, a configured object, or None. ({error})"
            ) from error

    def _positive_integer(self, name, value):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value <= 0:
            raise ValueError(
                f"{type(self).__name__}: argument `{name}` got {value!r}. "
                "Allowed: a positive integer."
            )
        return int(value)

    def _rate(self, name, value):
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
            raise ValueError(
                f"{type(self).__name__}: argument `{name}` got {value!r}. "
                "Allowed: a number from 0 (drop nothing) up to, but not, 1."
            )
        return float(value)


def masked_product(x, kernel, masks):
    """Multiply x by a kernel of one or more gates, under dropout.

    Args:
        x: (batch, features).
        kernel: (features, gates * units).
        masks: None for no dropout, one (batch, features) mask for all gates, or a list with one
            such mask for each gate.

    Returns:
        (batch, gates * units).

    Example:
        >>> x, kernel = ops.ones((2, 3)), ops.ones((3, 8))
        >>> keep, drop = ops.ones((2, 3)), ops.zeros((2, 3))
        >>> ops.convert_to_numpy(masked_product(x, kernel, [keep, drop]))[0].tolist()
        [3.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0]
    """
    if masks is None:
        return ops.matmul(x, kernel)
    if not isinstance(masks, (list, tuple)):
        return ops.matmul(x * masks, kernel)
    kernels = ops.split(kernel, len(masks), axis=-1)
    products = [ops.matmul(x * mask, kernel) for mask, kernel in zip(masks, kernels, strict=True)]
    return ops.concatenate(products, axis=-1)


def joint_signature(*functions):
    """Join signatures into the one that a reader should see: each function passes on to the next.

    Example:
        >>> def inner(units, *, seed=None): ...
        >>> def outer(units, rate=0.5, **kwargs): ...
        >>> print(joint_signature(outer, inner))
        (units, rate=0.5, *, seed=None, **kwargs)
    """
    parameters = {}
    for function in functions:
        for name, parameter in inspect.signature(function).parameters.items():
            if name != "self" and parameter.kind is not parameter.VAR_POSITIONAL:
                parameters.setdefault(name, parameter)
    return inspect.Signature(sorted(parameters.values(), key=lambda parameter: parameter.kind))
