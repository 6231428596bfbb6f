import gc
import itertools

import pytest

from benchmarks import turns
from benchmarks.turns import Contestant, Effort, compare


class Clock:
    """A clock that goes on only when a contestant works, on a machine that gets slower."""

    def __init__(self):
        self.now = 0.0
        self.slowness = 1.0
        self.calls = []

    def perf_counter(self):
        return self.now

    process_time = perf_counter

    def sleep(self, seconds):
        self.now += seconds

    def contestant(self, name, seconds, work=1.0):
        def call(k):
            self.calls.append((name, k))
            self.slowness *= 1.001
            self.now += seconds * self.slowness

        return Contestant(name, call, work)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(turns, "time", clock)
    return clock


def test_ratios_survive_a_slower_machine_and_are_for_one_unit_of_work(clock):
    contestants = [clock.contestant("ours", 0.2), clock.contestant("theirs", 0.6)]
    measured = compare(contestants, Effort(seconds=30, attempts=1))
    assert clock.slowness > 1.05
    assert measured["ratios"]["theirs"]["median"] == pytest.approx(3, rel=0.01)
    assert "ours" not in measured["ratios"]
    assert measured["first_call_seconds"]["theirs"] == pytest.approx(0.6, rel=0.01)
    contestants = [clock.contestant("ours", 0.2, work=100), clock.contestant("theirs", 0.2, 10)]
    measured = compare(contestants, Effort(seconds=0, attempts=1))
    assert measured["ratios"]["theirs"]["median"] == pytest.approx(10, rel=0.01)
    assert measured["milliseconds"]["ours"] == pytest.approx(2, rel=0.1)


def test_contestants_take_turns(clock):
    contestants = [clock.contestant(name, 0.2) for name in "ABC"]
    compare(contestants, Effort(seconds=0, rounds=4, attempts=1))
    names = "".join(name for name, _ in clock.calls)
    assert names.endswith("ABC" * 4)
    rounds = [k for name, k in clock.calls if name == "A"][-4:]
    assert rounds == [0, 1, 2, 3]  # another input each time


def test_short_calls_make_long_turns_whose_first_calls_are_not_counted(clock):
    contestants = [clock.contestant(name, turns.SETTLE / 4) for name in "AB"]
    compare(contestants, Effort(seconds=0, rounds=2, attempts=1))
    turns_taken = [len(list(calls)) for _, calls in itertools.groupby(n for n, _ in clock.calls)]
    uncounted = 4  # as TURN / 8 is a quarter of SETTLE
    assert turns_taken[-4:] == [8 + uncounted] * 4
    ours, theirs = ([k for name, k in clock.calls[-24:] if name == who] for who in "AB")
    assert ours[uncounted:] == theirs[uncounted:] == list(range(8, 16))


def test_a_disturbed_measurement_is_done_again_and_the_stillest_kept(clock, monkeypatch):
    shares = iter([0.5, 0.2, 0.4])
    done = []

    def rounds(functions, seconds, least):
        done.append(next(shares))
        return [[1.0, 2.0 + done[-1]]] * 3, done[-1]

    monkeypatch.setattr(turns, "_rounds", rounds)
    monkeypatch.setattr(turns, "_wait_for_other_programs", lambda: None)
    contestants = [clock.contestant(name, 0.2) for name in "AB"]
    measured = compare(contestants, Effort(attempts=3))
    assert done == [0.5, 0.2, 0.4]
    assert measured["other_programs"] == 0.2
    assert measured["ratios"]["B"]["median"] == pytest.approx(2.2)

    shares = iter([0.01])
    assert compare(contestants, Effort(attempts=3))["other_programs"] == 0.01


def test_no_garbage_is_collected_meanwhile():
    seen = set()
    contestants = [Contestant(name, lambda k: seen.add(gc.isenabled())) for name in "AB"]
    compare(contestants[:1] * 2, Effort(seconds=0, rounds=2, attempts=1))
    assert False in seen
    assert gc.isenabled()


def test_results_that_disagree_are_not_compared(clock):
    def check(results):
        assert list(results) == ["A", "B"]
        raise RuntimeError("A and B differ")

    contestants = [clock.contestant(name, 0.2) for name in "AB"]
    with pytest.raises(RuntimeError, match="differ"):
        compare(contestants, Effort(), check=check)
    assert len(clock.calls) == 2
