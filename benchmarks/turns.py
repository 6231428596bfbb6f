"""Time several functions in turn, and compare them by the ratios of neighbouring runs.

A machine's speed drifts by more than what is to be told apart here. So nothing is compared across
runs: the contestants take turns (A B C A B C ...), each round gives one ratio a pair, and the
median of these ratios is what is reported, with their quartiles. Medians of the times themselves
are for orientation.

The thread pools of TensorFlow, PyTorch and NumPy live side by side in one process, and a pool spins
for a moment after its last work. Measured on two cores with an LSTM of about a millisecond, the
first call after a change of library takes 5 to 30 % longer than the next ones, and those take what
they take in a block of their own. So a turn begins with calls that are not counted. Pauses between
the turns were worse (threads fall asleep), and so was ``OMP_WAIT_POLICY=passive`` (it makes PyTorch
two to three times slower). Other programs are the greater danger: PyTorch's threads wait for one
another at every product, and with a core taken away a call took up to a hundred times longer. So
what other programs took of the processor is measured too, and said.
"""

import contextlib
import dataclasses
import gc
import math
import os
import statistics
import time
from collections.abc import Callable

import psutil

TURN = 0.010  # seconds that a turn lasts at least: many calls where one is short
SETTLE = 0.005  # seconds of calls that are not counted at the beginning of a turn
LONG = 0.200  # seconds from which on a call needs no uncounted one before it
BUSY = 0.05  # share of the processor that other programs may take without casting doubt
PATIENCE = 10.0  # seconds to wait for other programs to be still


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long to measure.

    Args:
        seconds: Time for each pair of contestants.
        rounds: Rounds to do however long they take, at least 2.
        attempts: How often to measure before a result is taken in spite of other programs.
    """

    seconds: float = 2.0
    rounds: int = 7
    attempts: int = 3


@dataclasses.dataclass
class Contestant:
    """A function to time.

    Args:
        name: What it is called in the results.
        call: Function of a running number, by which it chooses its input; it returns when its
            result is there.
        work: Units of work that a call does; times are given for one of them.
    """

    name: str
    call: Callable
    work: float = 1.0


def compare(contestants, effort, check=None):
    """Time functions in turn.

    While other programs are busy the measurement is done again, and the stillest one is kept.

    Args:
        contestants: List of `Contestant`; the others are compared with the first.
        effort: `Effort`.
        check: Function of the results of the first calls, by name, all of the same input; it raises
            where they do not agree.

    Returns:
        Dict of ``milliseconds`` (by name: the median for one unit of work), ``ratios`` (by name,
        but for the first: ``median`` and ``quartiles``, above 1 the first is faster), ``rounds``,
        ``first_call_seconds`` (tracing and compiling included) and ``other_programs``, the share of
        the processor that these took meanwhile.
    """
    first_calls, results = {}, {}
    for one in contestants:
        begun = time.perf_counter()
        results[one.name] = one.call(0)
        first_calls[one.name] = time.perf_counter() - begun
    if check:
        check(results)
    turns = [_turn(one) for one in contestants]
    seconds = effort.seconds * (len(contestants) - 1)
    share = math.inf
    for attempt in range(effort.attempts):
        if attempt:
            _wait_for_other_programs()
        new_times, new_share = _rounds(turns, seconds, effort.rounds)
        if new_share < share:
            times, share = new_times, new_share
        if share <= BUSY:
            break
    names = [one.name for one in contestants]
    columns = dict(zip(names, zip(*times, strict=True), strict=True))
    return summed_up(columns, first_calls, share)


def summed_up(seconds, first_calls, share):
    """Return what `compare` returns, from the times of each contestant, round by round."""
    first, *rest = seconds
    return {
        "milliseconds": {name: 1000 * statistics.median(s) for name, s in seconds.items()},
        "ratios": {name: spread(seconds[name], seconds[first]) for name in rest},
        "rounds": len(seconds[first]),
        "first_call_seconds": first_calls,
        "other_programs": share,
    }


def row(benchmark, layer, what, shape, unit, measured, **notes):
    """Return a row of the record: what was measured, and what `compare` returned."""
    named = {"benchmark": benchmark, "layer": layer, "what": what, "shape": shape, "unit": unit}
    return {**named, **measured, **notes}


def fastest(contestants, rounds=5):
    """Return the one of several contestants that is faster than the others in a short trial."""
    if len(contestants) == 1:
        return contestants[0]
    trial = compare(contestants, Effort(0, rounds, attempts=1))["milliseconds"]
    return min(contestants, key=lambda one: trial[one.name])


def _rounds(turns, seconds, least):
    """Return a row of times for each round, and what other programs took of the processor."""
    times = []
    with _no_garbage_collection(), OtherPrograms() as others:
        end = time.perf_counter() + seconds
        while len(times) < least or time.perf_counter() < end:
            times.append([turn(len(times)) for turn in turns])
    return times, others.share


def _turn(contestant):
    """Return a function of the round that takes one turn: seconds for a unit of work."""
    estimate = _timed(contestant, range(1, 2))
    if estimate < LONG:
        estimate = _timed(contestant, range(2, 4)) / 2
    calls = min(math.ceil(TURN / max(estimate, 1e-6)), 1000)
    uncounted = 0 if estimate >= LONG else min(math.ceil(SETTLE / max(estimate, 1e-6)), 500)

    def turn(number):
        inputs = range(number * calls, (number + 1) * calls)
        _timed(contestant, range(inputs[0] + 1, inputs[0] + 1 + uncounted))
        return _timed(contestant, inputs) / calls / contestant.work

    return turn


def _timed(contestant, inputs):
    begun = time.perf_counter()
    for k in inputs:
        contestant.call(k)
    return time.perf_counter() - begun


def spread(theirs, ours):
    """Return ``median`` and ``quartiles`` of the ratios of two lists of times, round by round."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": median, "quartiles": [lower, upper]}


@contextlib.contextmanager
def _no_garbage_collection():
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class OtherPrograms:
    """The share of the processor that is busy with anything but this process and its children."""

    def __enter__(self):
        self._begun = time.perf_counter(), _busy(), _own()
        return self

    def __exit__(self, *_):
        now = time.perf_counter(), _busy(), _own()
        elapsed, busy, own = (b - a for a, b in zip(self._begun, now, strict=True))
        share = (busy - own) / max(elapsed * psutil.cpu_count(), 1e-9)
        self.share = min(max(share, 0.0), 1.0)


def _wait_for_other_programs():
    """Wait until other programs are still, but not for ever."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        with OtherPrograms() as others:
            time.sleep(0.5)
        if others.share <= BUSY:
            return


def _own():
    """Return the seconds that this process and its children that have ended have computed."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _busy():
    """Return the seconds that all processors together have been busy since the machine began."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)
