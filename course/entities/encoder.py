"""What it takes to train a pretrained encoder inside a tagger, and to keep what it learned."""

import keras

from course.schedules import warm_cosine
from course.weights import load_encoder, load_weights, save_weights, weights_as_arrays
from seqlib.layers.keras_internals import variable_being_updated
from seqlib.losses import ChainCrossentropy


class DiscriminativeAdam(keras.optimizers.Adam):
    """Adam with a smaller step, `factor` of the rate, for the variables `slow`.

    What has been trained before needs to be moved less than what is new. A smaller gradient would
    not do that, since Adam divides by its size.

    Source: Howard & Ruder, Universal language model fine-tuning for text classification (2018).
    """

    def __init__(self, learning_rate, slow, factor, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self._slow, self._factor = {variable.path for variable in slow}, factor

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable."""
        is_slow = variable_being_updated(self, variable).path in self._slow
        rate = learning_rate * self._factor if is_slow else learning_rate
        super().update_step(gradient, variable, rate)


def compile_for(model, encoder, steps, rate=1e-3, slower=0.1, average=0.0):
    """Get a tagger with an encoder and a CRF ready for so many steps.

    `rate` is the highest of what is new, `slower` what the encoder's rate is of it, and `average`
    the momentum of a moving average of the weights; 0 for none.
    """
    options = {"use_ema": True, "ema_momentum": average} if average else {}
    optimizer = DiscriminativeAdam(
        warm_cosine(rate, steps), encoder.trainable_weights, slower, global_clipnorm=5.0, **options
    )
    model.compile(optimizer, ChainCrossentropy())


def save(path, model):
    """Write what a tagger on MiniLM learned: how MiniLM changed, and the weights that are new."""
    save_weights(path, model.trainable_weights, _minilm_weights())


def load(path, model):
    """Load what `save` wrote into a tagger of the same make."""
    load_weights(path, model.trainable_weights, _minilm_weights())


def _minilm_weights():
    return weights_as_arrays(load_encoder().trainable_weights)
