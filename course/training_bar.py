"""The progress bar of a training run, as a Keras callback."""

import keras

from course.progress import bar, place


class ProgressBar(keras.callbacks.Callback):
    """Show epoch, loss, validation loss and the time left while `fit` runs with ``verbose=0``.

    Nothing is shown, and nothing is kept in the saved notebook, where nobody watches; see
    `course.progress`.

    Args:
        description: What is being trained, in a few words.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x = keras.ops.ones((4, 1))
        >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[ProgressBar("a line")])
        >>> len(history.epoch)
        2
    """

    def __init__(self, description="training"):
        super().__init__()
        self.description = description
        self._bar = None
        if place() is not None:
            # Set only where it is seen: Keras fetches the loss of every batch for a callback that
            # has this method, which would make the device wait.
            self.on_train_batch_end = self._move_within_epoch

    def on_train_begin(self, logs=None):
        """Open the bar, counted in epochs."""
        self._bar = bar(
            total=self.params["epochs"],
            desc=self.description,
            bar_format="{desc}: {percentage:3.0f}%, {remaining} left{postfix}",
        )

    def on_epoch_begin(self, epoch, logs=None):
        """Name the epoch that runs."""
        self._epoch = epoch
        self._bar.set_description_str(
            f"{self.description}: epoch {epoch + 1}/{self.params['epochs']}", refresh=False
        )

    def on_epoch_end(self, epoch, logs=None):
        """Show the losses of the epoch."""
        shown = {name: logs[name] for name in ("loss", "val_loss") if name in (logs or {})}
        self._bar.set_postfix_str(
            ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in shown.items()),
            refresh=False,
        )
        self._move_to(epoch + 1)
        self._bar.refresh()  # however short the epoch was

    def on_train_end(self, logs=None):
        """Take the bar away."""
        self._bar.close()

    def _move_within_epoch(self, batch, logs=None):
        if self.params["steps"]:
            self._move_to(self._epoch + (batch + 1) / self.params["steps"])

    def _move_to(self, epochs):
        self._bar.update(epochs - self._bar.n)
