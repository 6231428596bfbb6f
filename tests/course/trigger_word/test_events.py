import numpy as np
import pytest

from course.trigger_word.events import detections_of, event_score, match_events, threshold_sweep


def test_a_detection_serves_one_event_in_any_order_and_an_event_counts_once():
    score = event_score([[1.0, 5.0]], [[1.1, 1.3, 5.2]], seconds=3600)
    assert (score.found, score.missed, score.false_alarms) == (2, 0, 1)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == 1.0
    assert score.f1 == pytest.approx(0.8)
    assert score.false_alarms_per_hour == 1.0
    assert score.delays == pytest.approx([0.1, 0.2])
    assert match_events([1.0, 1.2], [1.3]) == [(0, 0)]
    assert match_events([1.0, 1.2], [1.3, 1.4]) == [(0, 0), (1, 1)]
    assert match_events([5.0, 1.0], [5.1, 1.1]) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("time", "fits"), [(0.8, True), (0.79, False), (1.8, True), (1.81, False)])
def test_the_tolerance_is_early_and_late(time, fits):
    assert bool(match_events([1.0], [time], early=0.2 + 1e-9, late=0.8 + 1e-9)) is fits


def test_nothing_said_and_nothing_heard_is_perfect_and_never_firing_is_not():
    score = event_score([[], []], [[], []], seconds=20)
    assert (score.precision, score.recall, score.f1, score.false_alarms_per_hour) == (1, 1, 1, 0)
    assert event_score([[1.0]], [[]], seconds=10).f1 == 0.0


def test_no_time_and_other_numbers_of_clips_are_refused():
    for seconds in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="length of the sound"):
            event_score([[]], [[]], seconds=seconds)
    with pytest.raises(ValueError, match="1 clips and detections of 2"):
        event_score([[]], [[], []], seconds=1)


def test_firing_has_a_pause_and_a_higher_threshold_never_fires_more_on_one_peak():
    probabilities = np.ones(60)
    assert detections_of(probabilities, 0.5, step=0.04) == pytest.approx([0.04, 1.04, 2.04])
    assert detections_of([], 0.5, step=0.04) == []
    bump = np.exp(-np.square(np.arange(100) - 50) / 20)
    scores = threshold_sweep([bump], [[1.9]], [0.1, 0.5, 1.1], step=0.04)
    assert [score.found for score in scores] == [1, 1, 0]
    assert scores[0].seconds == pytest.approx(4.0)
