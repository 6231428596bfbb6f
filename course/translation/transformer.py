"""A Transformer that translates, and how its weights are kept."""

import json

import keras

from course import half_precision
from seqlib.layers import Transformer

_OF_THE_RUN = ("name", "trainable", "dtype", "seed")  # settings that do not belong to the weights


@keras.saving.register_keras_serializable("seqlib")
class TransformerTranslator(Transformer):
    """`layers.Transformer`, whose weights go into a small file together with its settings.

    It stands beside `RecurrentTranslator`: both have `start` and `step`, by which
    `course.translation.translator.Translator` searches, and both are trained alike.

    Args:
        *args: See `layers.Transformer`.
        **kwargs: Likewise.

    Example:
        >>> import pathlib, tempfile
        >>> model = TransformerTranslator(10, 12, units=8, num_layers=1, num_heads=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_half(pathlib.Path(folder) / "weights.npz", source="its pieces")
        ...     other, kept = TransformerTranslator.from_half(pathlib.Path(folder) / "weights.npz")
        >>> other.units, str(kept["source"])
        (8, 'its pieces')
    """

    @classmethod
    def from_half(cls, path):
        """Make a translator with the settings and the weights that `save_half` wrote.

        Args:
            path: The npz file.

        Returns:
            The translator, and the other arrays in the file, a dict.
        """
        kept = half_precision.read_half(path)
        model = cls(**json.loads(str(kept["settings"])))
        return model, model.load_half(path)

    def named_weights(self):
        """Return the weights by name, a dict of variables."""
        if not self.built:
            self.build()
        return {weight.path.split("/", 1)[-1]: weight for weight in self.trainable_weights}

    def save_half(self, path, **others):
        """Write weights in half precision, settings, and other arrays beside them, in one step."""
        config = self.get_config().items()
        settings = json.dumps({key: value for key, value in config if key not in _OF_THE_RUN})
        half_precision.save_half(path, self.named_weights(), settings=settings, **others)

    def load_half(self, path):
        """Take the weights from a file that `save_half` wrote; return the other arrays in it."""
        return half_precision.load_half(path, self.named_weights())
