"""What it takes to train a pretrained encoder inside a tagger, and to keep what it learnt."""

import keras
import numpy as np

from course import differences
from course.entities import model as tagging
from seqlib import pretrained
from seqlib.losses import ChainCrossentropy


class SlowerAdam(keras.optimizers.Adam):
    r"""Adam with a smaller step for some of the weights.

    What has been trained before needs to be moved less than what is new. A smaller gradient would
    not do that, since Adam divides by its size.

    Args:
        learning_rate: $\eta$, of the other weights.
        slow: The variables that are slowed down.
        factor: What their rate is of $\eta$.
        **kwargs: As for `keras.optimizers.Adam`.

    Source:
        Howard & Ruder, Universal language model fine-tuning for text classification (2018):
        "discriminative fine-tuning".
    """

    def __init__(self, learning_rate, slow, factor, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self._slow, self._factor = {variable.path for variable in slow}, factor

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable."""
        # A backend may hand over what lies below the variable of Keras.
        own = self._trainable_variables[self._get_variable_index(variable)]
        factor = self._factor if own.path in self._slow else 1.0
        super().update_step(gradient, variable, learning_rate * factor)


def load_encoder(path=None, dropout=0.1, **kwargs):
    """Return a pretrained encoder of which the blocks are trained, and not the embeddings.

    Args:
        path: As for `pretrained.load_bert`; None for MiniLM.
        dropout: Share dropped in training.
        **kwargs: Other settings of the encoder.
    """
    encoder = pretrained.load_bert(path, dropout=dropout, **kwargs)
    differences.freeze_embeddings(encoder)
    return encoder


def compile_for(model, encoder, steps, rate=1e-3, slower=0.1, average=0.0):
    """Get a tagger with an encoder and a CRF ready for so many steps.

    Args:
        model: The tagger.
        encoder: The encoder in it.
        steps: Number of steps.
        rate: Highest learning rate of what is new.
        slower: What the encoder's rate is of it.
        average: Momentum of the moving average of the weights; 0 for none.
    """
    schedule = tagging.warm_cosine(steps, rate)
    options = {"use_ema": True, "ema_momentum": average} if average else {}
    optimizer = SlowerAdam(
        schedule, encoder.trainable_weights, slower, global_clipnorm=5.0, **options
    )
    model.compile(optimizer, ChainCrossentropy())


def save(path, model, encoder):
    """Write what was learnt.

    Of the encoder's blocks it is how they differ from MiniLM's, in four bits a number; of all that
    is new the weights, in half precision.

    Args:
        path: The npz file.
        model: The tagger.
        encoder: The encoder in it, on MiniLM.
    """
    before = arrays_of(pretrained.load_bert())
    new = {
        f"new:{name}": np.asarray(weight, "float16")
        for name, weight in _new(model, encoder).items()
    }
    differences.save_differences(path, before, differences.named_weights(encoder), **new)


def load(path, model, encoder):
    """Read what `save` wrote into a tagger of the same make.

    Raises:
        ValueError: The file belongs to another encoder or to a tagger of another size; nothing is
            assigned.
    """
    weights, others = differences.read_differences(path, arrays_of(pretrained.load_bert()))
    new = _new(model, encoder)
    for name, variable in new.items():
        found = others[f"new:{name}"].shape if f"new:{name}" in others else "nothing"
        if found != tuple(variable.shape):
            raise ValueError(
                f"{path} has {name} of shape {found}, this tagger {tuple(variable.shape)}: the "
                "weights belong to another vocabulary or to a tagger of another size."
            )
    for name, variable in new.items():
        variable.assign(others[f"new:{name}"].astype("float32"))
    for name, variable in differences.named_weights(encoder).items():
        variable.assign(weights[name])


def arrays_of(encoder):
    """Return an encoder's weights by name, as arrays."""
    named = differences.named_weights(encoder)
    return {name: keras.ops.convert_to_numpy(weight) for name, weight in named.items()}


def _new(model, encoder):
    """Return what is trained outside the encoder."""
    theirs = {weight.path for weight in encoder.weights}
    named = tagging.named_weights(model).items()
    return {name: weight for name, weight in named if weight.path not in theirs}
