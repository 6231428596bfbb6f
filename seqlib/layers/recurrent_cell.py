"""What the recurrent cells share: weights, dropout and configuration of one time step."""

import contextlib
import inspect

import keras
from keras import ops

from seqlib.layers.arguments import checked_choice, checked_rate, checked_size
from seqlib.layers.keras_internals import DropoutMasks


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
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on them.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Share of the inputs dropped in training, in [0, 1): the same ones at every step
            of a sequence (Gal & Ghahramani 2016).
        recurrent_dropout: Share of the state dropped in training, in the same way.
        seed: Seed of the dropout masks.
        implementation: 0, 1 or 2. The numbers are the same, but with 1 each gate drops inputs of
            its own, as in Keras.
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    A subclass with arguments of its own keeps each as an attribute of the same name; `get_config`
    finds them there.
    """

    gates = 1

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
        super().__init__(**kwargs)
        self.units = checked_size(self, "units", units)
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
        self.dropout = checked_rate(self, "dropout", dropout)
        self.recurrent_dropout = checked_rate(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.implementation = checked_choice(self, "implementation", implementation, (0, 1, 2))
        if (self.recurrent_dropout or implementation == 1) and self.gates > 1:
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
                initializer=self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    @property
    def bias_shape(self):
        """Shape of the bias: one number a column of the kernels."""
        return (self.gates * self.units,)

    def initial_bias(self, shape, dtype=None):
        """Return the bias before training."""
        return self.bias_initializer(shape, dtype=dtype)

    def get_initial_state(self, batch_size=None):
        """Return the state before the first step: zeros, one (batch, units) array a state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    @contextlib.contextmanager
    def use_dropout_masks(self, input_masks, recurrent_masks):
        """Use masks that `draw_dropout_masks` returned, for the length of the block."""
        self.set_dropout_masks(input_masks, recurrent_masks)
        try:
            yield
        finally:
            self.set_dropout_masks(None, None)

    def draw_dropout_masks(self, inputs, state):
        """Draw new masks for inputs (batch, features) and a state: two tuples of masks."""
        self.set_dropout_masks(None, None)
        masks = self.get_dropout_mask(inputs), self.get_recurrent_dropout_mask(state)
        self.set_dropout_masks(None, None)
        return masks

    def input_product(self, inputs, training):
        """Return $x W$ for all gates side by side: (batch, gates * units)."""
        masks = self.get_dropout_mask(inputs) if training else ()
        return masked_product(inputs, self.kernel, masks)

    def recurrent_product(self, state, training, gates=slice(None)):
        """Return $h U$ for the gates asked for, side by side: (batch, number of them * units)."""
        kernel = self.recurrent_kernel
        masks = self.get_recurrent_dropout_mask(state) if training else ()
        if gates != slice(None):
            first, last, _ = gates.indices(self.gates)
            kernel = kernel[:, first * self.units : last * self.units]
            masks = masks[gates] if len(masks) > 1 else masks
        return masked_product(state, kernel, masks)

    def get_config(self):
        """Return the arguments that make this cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": keras.regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "recurrent_constraint": keras.constraints.serialize(self.recurrent_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
            "implementation": self.implementation,
            **self._own_arguments(),
        }

    @classmethod
    def from_config(cls, config):
        """Make a cell from what `get_config` returned."""
        made = {
            name: keras.saving.deserialize_keras_object(value)
            for name, value in config.items()
            if isinstance(value, dict) and "class_name" in value
        }
        return cls(**{**config, **made})

    def _own_arguments(self):
        """Return the arguments that a subclass added, as they are saved."""
        own = sorted(parameters_of(type(self)) - parameters_of(RecurrentCell))
        lost = [name for name in own if not hasattr(self, name)]
        if lost and type(self).get_config is RecurrentCell.get_config:
            raise NotImplementedError(
                f"{type(self).__name__} has the arguments {lost}, but no attributes of these names "
                "to save. Keep each as an attribute, or write a `get_config`."
            )
        return {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name in own
            if name not in lost
        }

    def _look_up(self, name, value):
        kind = name.rpartition("_")[2]  # "kernel_initializer" is one of `keras.initializers`
        try:
            return getattr(keras, f"{kind}s").get(value)
        except ValueError as error:
            raise ValueError(
                f"{type(self).__name__}: argument `{name}` got {value!r}. Allowed: a name that "
                f"Keras knows, a function, a configured object, or None. ({error})"
            ) from error


def parameters_of(kind):
    """Return the names of all arguments that a class takes, those passed on to its bases too."""
    found = set()
    for base in kind.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(base.__init__).parameters.values()
            named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
            found |= {p.name for p in parameters if p.kind in named}
            if all(p.kind != inspect.Parameter.VAR_KEYWORD for p in parameters):
                break
        if base is RecurrentCell:
            break
    return found - {"self"}


def masked_product(x, kernel, masks):
    """Multiply x, (batch, features), by a kernel under dropout: (batch, gates * units)."""
    # masks: none, one (batch, features) for all gates, or one for each gate
    if not masks:
        return ops.matmul(x, kernel)
    if len(masks) == 1:
        return ops.matmul(x * masks[0], kernel)
    kernels = ops.split(kernel, len(masks), axis=-1)
    products = [ops.matmul(x * mask, kernel) for mask, kernel in zip(masks, kernels, strict=True)]
    return ops.concatenate(products, axis=-1)


def arguments_of(scope, without=()):
    """Return the arguments of an `__init__` from its `locals()`, to pass them on."""
    left_out = {"self", "__class__", "kwargs", *without}
    arguments = {name: value for name, value in scope.items() if name not in left_out}
    return {**arguments, **scope["kwargs"]}
