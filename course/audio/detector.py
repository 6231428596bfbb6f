"""A detector that listens: it fires where the probability of an event is high."""

from typing import NamedTuple

import numpy as np

from course.audio.streaming import StreamingNetwork


class Detections(NamedTuple):
    """What a detector has to say to a chunk."""

    probabilities: np.ndarray  # (steps,), of the steps that the chunk completed
    events: list  # seconds from the beginning at which it fired


class StreamingDetector:
    """Run a detector over sound that is still coming in, as if it had the whole clip.

    It fires where the probability reaches the `threshold`, and then not again for a `pause` of
    seconds. The model is as for `StreamingNetwork`, from log-mel frames to one probability a step.

    Example:
        >>> import keras
        >>> model = keras.Sequential([
        ...     keras.Input((None, 40)), keras.layers.ZeroPadding1D((1, 0)),
        ...     keras.layers.Conv1D(8, 5, strides=4), keras.layers.Dense(1, activation="sigmoid")])
        >>> detector = StreamingDetector(model, threshold=0.99)
        >>> heard = [detector.feed(np.zeros(800)) for _ in range(4)]
        >>> [len(h.probabilities) for h in heard]
        [1, 1, 1, 2]
    """

    def __init__(self, model, threshold=0.5, pause=1.0, training_only=()):
        self.threshold, self.pause = threshold, pause
        self._network = StreamingNetwork(model, training_only)
        self.reset()

    @property
    def step(self):
        """Seconds a step."""
        return self._network.step

    def reset(self):
        """Forget everything: what comes next is the beginning."""
        self._network.reset()
        self._steps, self._last = 0, -np.inf

    def feed(self, chunk):
        """Listen to the next chunk, as `StreamingNetwork.feed` does, and return `Detections`."""
        probabilities = _numbers(self._network.feed(chunk))
        return Detections(probabilities, self._fire(probabilities))

    def listen(self, samples, chunk=1280):
        """Return the `Detections` of a whole clip, heard in chunks of so many samples."""
        self.reset()
        probabilities = _numbers(self._network.listen(samples, chunk))
        return Detections(probabilities, self._fire(probabilities))

    def _fire(self, probabilities):
        """Return the times at which it fires in the next steps."""
        events = []
        for probability in probabilities:
            self._steps += 1
            time = self._steps * self.step
            if probability >= self.threshold and time >= self._last + self.pause:
                events.append(time)
                self._last = time
        return events


def _numbers(outputs):
    """Return outputs (steps,) or (steps, 1) as (steps,)."""
    return outputs.reshape(len(outputs))
