"""Attention inside a recurrent decoder: at each step it looks at the source anew."""

import functools

import keras
from keras import ops

from seqlib.layers.arguments import (
    checked_choice,
    checked_rank,
    checked_states,
    checked_step_mask,
)
from seqlib.layers.attention import AttentionLayer, join_masks
from seqlib.layers.fused.scan import Scan
from seqlib.layers.recurrent_layer import CellLoop, RecurrentLayer

QUERIES = ("previous", "current")


@keras.saving.register_keras_serializable("seqlib")
class AttentionDecoder(keras.Layer):
    r"""A recurrent layer that attends to a source sequence at every step.

    With the *previous* state as the query, what was found goes into the step (Bahdanau):

    $$c_t = \mathrm{attention}(h_{t-1}, \text{source}), \qquad
    h_t = \mathrm{cell}([x_t; c_t], h_{t-1})$$

    with the *current* one, attention looks back from the step just made (Luong):

    $$h_t = \mathrm{cell}(x_t, h_{t-1}), \qquad c_t = \mathrm{attention}(h_t, \text{source})$$

    The output is $[h_t; c_t]$ both times. In training all $x_t$ are known beforehand (teacher
    forcing), and the call takes all steps in one compiled pass; with the current state as the query
    all steps attend at once, which is much faster. In decoding `step` takes one step with the same
    weights; keys are projected once, by `project_memory`.

    Args:
        layer: The recurrent layer: an `LSTM`, `GRU` or `SimpleRNN` of this package; what it returns
            by itself does not matter.
        attention: An attention layer of this package.
        query: "previous" or "current".
        **kwargs: `name`, `dtype` and `trainable`, as in every Keras layer.

    Call arguments:
        inputs: $x$, (batch, time, features).
        value: The source, (batch, source time, source features).
        initial_state: State before the first step, one (batch, units) tensor a state, such as an
            encoder's last ones; zeros where None.
        inputs_mask: (batch, time) of booleans, **True = real step**. A masked step leaves the state
            as it is.
        value_mask: (batch, source time) of booleans, True = real token. Nothing attends to padding.
        return_attention_scores: Whether to return the weights as well.
        training: Whether to apply the dropout of layer and attention.

    Returns:
        $[h_t; c_t]$, (batch, time, units + source features); with `return_attention_scores` also
        the weights, (batch, time, source time), or (batch, heads, time, source time) where the
        attention has heads.

    Example:
        >>> from seqlib.layers import LSTM, AdditiveAttention
        >>> decoder = AttentionDecoder(LSTM(8), AdditiveAttention(4))
        >>> inputs, source = ops.ones((2, 3, 5)), ops.ones((2, 7, 6))
        >>> outputs, weights = decoder(inputs, source, return_attention_scores=True)
        >>> tuple(outputs.shape), tuple(weights.shape)
        ((2, 3, 14), (2, 3, 7))
        >>> memory, states = decoder.project_memory(source), decoder.get_initial_state(2)
        >>> output, states, weights = decoder.step(inputs[:, 0], states, memory)
        >>> bool(ops.all(ops.abs(output - outputs[:, 0]) < 1e-5))
        True

    Source:
        Bahdanau, Cho & Bengio, Neural machine translation by jointly learning to align and
        translate (2015); Luong, Pham & Manning, Effective approaches to attention-based neural
        machine translation (2015).
    """

    def __init__(self, layer, attention, *, query="previous", **kwargs):
        super().__init__(**kwargs)
        _check_part("layer", layer, RecurrentLayer, "an LSTM, GRU or SimpleRNN of seqlib.layers")
        _check_part("attention", attention, AttentionLayer, "an attention layer of seqlib.layers")
        checked_choice(self, "query", query, QUERIES)
        if layer.stateful or layer.activity_regularizer is not None:
            raise ValueError(
                "AttentionDecoder: argument `layer` got a layer that is stateful, or that has an "
                "`activity_regularizer`. Allowed: one that is neither; give the decoder an "
                "`initial_state`, and the regularizer to the decoder itself."
            )
        if query == "previous" and attention.dropout:
            raise ValueError(
                "AttentionDecoder: `attention` drops weights, which needs fresh random numbers at "
                "every step. Allowed with query='previous': an attention with dropout=0; the layer "
                "may have dropout."
            )
        self.layer, self.attention, self.query = layer, attention, query
        self.supports_masking = True
        self._scans = {
            with_weights: Scan(functools.partial(self._loop_step, with_weights), self)
            for with_weights in (False, True)
        }

    def build(self, inputs_shape, value_shape):
        """Make the weights for (batch, time, features) of inputs and source."""
        queries = (*inputs_shape[:2], self.layer.units)
        features = inputs_shape[-1]
        if not self.attention.built:  # it is, where it was loaded
            self.attention.build(queries, value_shape)
        if self.query == "previous":
            features += self.attention.compute_output_shape(queries, value_shape)[-1]
        if not self.layer.built:
            self.layer.build((*inputs_shape[:2], features))
        self.built = True

    def call(
        self,
        inputs,
        value,
        initial_state=None,
        inputs_mask=None,
        value_mask=None,
        return_attention_scores=False,
        training=False,
    ):
        """Take all steps; see the class for arguments and returns."""
        for name, x in (("inputs", inputs), ("value", value)):
            checked_rank(self, name, x, ("batch", "time", "features"))
        if inputs_mask is not None:
            inputs_mask = checked_step_mask(self, "inputs_mask", inputs_mask, inputs)
        if value_mask is not None:
            value_mask = checked_step_mask(self, "value_mask", value_mask, value)
        if initial_state is not None:
            sizes = self.layer.state_size
            initial_state = checked_states(self, initial_state, sizes, inputs.shape[0])
        if self.layer.go_backwards:
            inputs = ops.flip(inputs, axis=1)
            inputs_mask = None if inputs_mask is None else ops.flip(inputs_mask, axis=1)
        given = inputs, value, initial_state, inputs_mask, value_mask
        if self.query == "current":
            outputs, weights = self._all_at_once(*given, training)
        else:
            outputs, weights = self._step_after_step(*given, return_attention_scores, training)
        return (outputs, weights) if return_attention_scores else outputs

    def project_memory(self, value, value_mask=None, training=False):
        """Return what every step needs of a source, (batch, source time, source features).

        In training that includes the dropout masks of the layer, drawn once for all steps.
        """
        memory = self.attention.project_memory(value)
        if value_mask is not None:
            memory["mask"] = checked_step_mask(self, "value_mask", value_mask, value)
        if training:
            memory["dropout_masks"] = self._draw_dropout_masks(ops.shape(value)[0])
        return memory

    def _draw_dropout_masks(self, batch):
        cell = self.layer.cell
        inputs = ops.ones((batch, cell.kernel.shape[0]), cell.compute_dtype)
        return cell.draw_dropout_masks(inputs, cell.get_initial_state(batch)[0])

    def get_initial_state(self, batch_size):
        """Return the state before the first step: zeros, a list of (batch, units) tensors."""
        return self.layer.cell.get_initial_state(batch_size=batch_size)

    def step(self, inputs, states, memory, training=False):
        """Take one step: from $x_t$, (batch, features), to $[h_t; c_t]$, new states and weights.

        `states` is a list of (batch, units) tensors, `memory` what `project_memory` returned; the
        weights are (batch, source time), or (batch, heads, source time). In training a step drops
        what the memory says, or where it says nothing, something else each time.
        """
        masks = (), ()
        if training:
            masks = memory.get("dropout_masks") or self._draw_dropout_masks(ops.shape(inputs)[0])
        if self.query == "previous":
            context, weights = self._look(states[0], memory, training)
            inputs = ops.concatenate([inputs, context], axis=-1)
        with self.layer.cell.use_dropout_masks(*masks):
            h, states = self.layer.cell(inputs, list(states), training=training)
        if self.query == "current":
            context, weights = self._look(h, memory, training)
        return ops.concatenate([h, context], axis=-1), list(states), weights

    def _look(self, query, memory, training):
        mask = memory.get("mask")
        mask = None if mask is None else mask[:, None]  # (batch, 1, source time)
        context, weights = self.attention.attend(query[:, None], memory, mask, training=training)
        return context[:, 0], ops.squeeze(weights, axis=-2)

    def _all_at_once(self, inputs, value, initial_state, inputs_mask, value_mask, training):
        layer = self.layer
        loop = CellLoop(  # the cell, with all outputs, whatever the layer itself returns
            layer.cell,
            return_sequences=True,
            unroll=layer.unroll,
            engine=layer.engine,
            dtype=layer.dtype_policy,
        )
        hs = loop(inputs, initial_state=initial_state, mask=inputs_mask, training=training)
        shape = (*ops.shape(inputs)[:2], ops.shape(value)[1])
        mask = join_masks(shape, inputs_mask, value_mask)
        context, weights = self.attention.attend(
            hs, self.attention.project_memory(value), mask, training=training
        )
        if inputs_mask is not None:
            hs = ops.where(inputs_mask[:, :, None], hs, 0)
        return ops.concatenate([hs, context], axis=-1), weights

    def _step_after_step(
        self, inputs, value, initial_state, inputs_mask, value_mask, with_weights, training
    ):
        if initial_state is None:
            initial_state = self.get_initial_state(ops.shape(inputs)[0])
        results, _ = self._scans[with_weights](
            initial_state,
            [inputs],
            self.project_memory(value, value_mask, training),
            mask=inputs_mask,
            training=training,
            compiles=not self.layer.unroll and self.layer.engine != "reference",
        )
        if not with_weights:
            return results[0], None
        outputs, weights = results
        if len(weights.shape) == 4:  # (batch, time, heads, source time)
            weights = ops.transpose(weights, (0, 2, 1, 3))
        return outputs, weights

    def _loop_step(self, with_weights, states, slices, memory):
        """Take one step of the loop; in training the memory holds dropout masks."""
        training = "dropout_masks" in memory
        output, states, weights = self.step(slices[0], states, memory, training)
        return ((output, weights) if with_weights else (output,)), tuple(states)

    def compute_output_shape(self, inputs_shape, value_shape):
        """Return the shape of the outputs."""
        queries = (*inputs_shape[:2], self.layer.units)
        context = self.attention.compute_output_shape(queries, value_shape)
        return (*inputs_shape[:2], self.layer.units + context[-1])

    def compute_output_spec(self, inputs, value, *args, return_attention_scores=False, **kwargs):
        """Return shape and dtype of what a call returns."""
        shape = self.compute_output_shape(inputs.shape, value.shape)
        outputs = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return outputs
        shape = self.attention.weights_shape(inputs.shape, value.shape)
        return outputs, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "layer": keras.saving.serialize_keras_object(self.layer),
            "attention": keras.saving.serialize_keras_object(self.attention),
            "query": self.query,
        }

    @classmethod
    def from_config(cls, config):
        """Make a decoder from what `get_config` returned."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("layer", "attention")
        }
        return cls(**{**config, **parts})


def _check_part(name, part, kind, allowed):
    if not isinstance(part, kind):
        raise ValueError(f"AttentionDecoder: argument `{name}` got {part!r}. Allowed: {allowed}.")
