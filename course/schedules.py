"""Learning rates that rise for a while and then fall."""

import keras
from keras import ops


def warm_cosine(rate, steps, warmup=0.05):
    """Return a rate that rises in a straight line, then falls as a cosine to a hundredth.

    `rate` is the highest, `steps` are those of the training, `warmup` the share in which it rises.

    Example:
        >>> schedule = warm_cosine(1.0, steps=100)
        >>> [round(float(schedule(step)), 2) for step in (0, 5, 50, 100)]
        [0.0, 1.0, 0.55, 0.01]
    """
    rising = max(1, int(warmup * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, int((1 - warmup) * steps)), 0.01, warmup_target=rate, warmup_steps=rising
    )


@keras.saving.register_keras_serializable("seqlib", "UpAndDown")  # so that saved ones load
class TriangularSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises in a straight line, then falls to zero in another; see `warm_cosine`."""

    def __init__(self, rate, steps, warmup=0.06):
        super().__init__()
        self.rate, self.steps, self.warmup = rate, steps, warmup

    def __call__(self, step):
        """Return the rate of a step."""
        spent = ops.cast(step, "float32") / self.steps
        return self.rate * ops.minimum(spent / self.warmup, (1 - spent) / (1 - self.warmup))

    def get_config(self):
        """Return the arguments."""
        return {"rate": self.rate, "steps": self.steps, "warmup": self.warmup}
