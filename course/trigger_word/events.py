"""Events in time, found or not: each counts once, however long it was flagged."""

from typing import NamedTuple

import numpy as np

EARLY, LATE = 0.2, 0.8  # seconds before and after an event in which a detection finds it


class EventScore(NamedTuple):
    """How well detections fit events."""

    found: int  # events that a detection fits
    missed: int  # events that none fits
    false_alarms: int  # detections that fit no event, or one that was found already
    seconds: float  # of sound
    delays: np.ndarray  # (found,): detection less event, in seconds

    @property
    def precision(self):
        """Share of the detections that are right; 1 where there are none."""
        detections = self.found + self.false_alarms
        return self.found / detections if detections else 1.0

    @property
    def recall(self):
        """Share of the events that were found; 1 where there are none."""
        events = self.found + self.missed
        return self.found / events if events else 1.0

    @property
    def f1(self):
        """Harmonic mean of precision and recall."""
        wrong = self.missed + self.false_alarms
        return 2 * self.found / (2 * self.found + wrong) if self.found + wrong else 1.0

    @property
    def false_alarms_per_hour(self):
        """False alarms in an hour of sound."""
        return self.false_alarms * 3600 / self.seconds


def match_events(events, detections, early=EARLY, late=LATE):
    """Pair events with detections, each used at most once, by time: a list of pairs of numbers.

    A detection may come `early` seconds before the event and `late` seconds after it.

    Example:
        >>> match_events([1.0, 5.0], [1.3, 1.5, 9.0])
        [(0, 0)]
    """
    events, detections = np.sort(events), np.sort(detections)
    pairs, candidate = [], 0
    for number, time in enumerate(events):
        while candidate < len(detections) and detections[candidate] < time - early:
            candidate += 1
        if candidate < len(detections) and detections[candidate] <= time + late:
            pairs.append((number, candidate))
            candidate += 1
    return pairs


def event_score(events, detections, seconds, early=EARLY, late=LATE):
    """Return the `EventScore` of the detections in several clips, a list of times for each.

    Example:
        >>> score = event_score([[1.0], []], [[1.2], [4.0]], seconds=20)
        >>> score.found, score.false_alarms, round(score.f1, 3), score.false_alarms_per_hour
        (1, 1, 0.667, 180.0)
    """
    if len(events) != len(detections):
        raise ValueError(
            f"There are events of {len(events)} clips and detections of {len(detections)}."
        )
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds!r}; it must be the length of the sound.")
    delays = []
    for some_events, some_detections in zip(events, detections, strict=True):
        when, heard = np.sort(some_events), np.sort(some_detections)
        pairs = match_events(when, heard, early, late)
        delays += [heard[detection] - when[event] for event, detection in pairs]
    there, fired = (sum(map(len, lists)) for lists in (events, detections))
    found = len(delays)
    return EventScore(found, there - found, fired - found, float(seconds), np.array(delays))


def detections_of(probabilities, threshold, step, pause=1.0):
    """Return the seconds at which a detector fires: at the threshold, if a pause has passed.

    Of the probabilities (time,) what number t says is known at (t + 1) * step, in seconds.

    Example:
        >>> detections_of([0.1, 0.9, 0.9, 0.1], 0.5, step=0.5)
        [1.0]
    """
    times, last = [], -np.inf
    for index in np.flatnonzero(np.asarray(probabilities) >= threshold):
        time = (index + 1) * step
        if time >= last + pause:
            times.append(float(time))
            last = time
    return times


def threshold_sweep(probabilities, events, thresholds, step, pause=1.0, **tolerance):
    """Return an `EventScore` for each threshold; probabilities and events are lists, one a clip."""
    seconds = sum(map(len, probabilities)) * step
    return [
        event_score(
            events,
            [detections_of(one, threshold, step, pause) for one in probabilities],
            seconds,
            **tolerance,
        )
        for threshold in thresholds
    ]
