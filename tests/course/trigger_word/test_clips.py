import numpy as np
import pytest

from course.audio import RATE, speak
from course.trigger_word import clips
from course.trigger_word.corpus import Part


@pytest.fixture(scope="module")
def part():
    said = [speak([(text, "en-us")] * 2) for text in ("activate", "active", "we are all here now")]
    return Part(said[0], said[1], ("active", "active"), said[2])


@pytest.fixture(scope="module")
def backgrounds(part):
    return clips.Backgrounds(np.random.default_rng(0), part.sentences, count=6, seconds=3)


def test_clips_hold_what_they_say(part, backgrounds):
    made = clips.make_clips(np.random.default_rng(1), part, backgrounds, 12, seconds=5)
    assert made.samples.shape == (12, 5 * RATE)
    assert made.samples.dtype == np.int16
    assert made.labels.shape == (12, 5 * RATE // clips.STEP)
    assert {len(ends) for ends in made.events} <= {0, 1, 2}
    assert sum(map(len, made.events)) > 0
    assert all(0.3 < end <= 5 for ends in made.events for end in ends)
    assert np.array_equal(made.labels, clips.label_steps(made.events, made.labels.shape[1]))
    assert {word for near in made.near for word, _ in near} <= {"active"}


def test_the_same_seed_makes_the_same_clips(part, backgrounds):
    one, other = (
        clips.make_clips(np.random.default_rng(2), part, backgrounds, 3, seconds=4)
        for _ in range(2)
    )
    assert np.array_equal(one.samples, other.samples)
    assert one.events == other.events


def test_a_word_is_louder_than_what_is_behind_it(part, backgrounds):
    made = clips.make_clips(
        np.random.default_rng(3), part, backgrounds, 10, seconds=4, most=(1, 0, 0), snr=(25, 26),
        echo=0,
    )  # fmt: skip
    for samples, ends in zip(made.samples.astype(float), made.events, strict=True):
        if ends:
            end = round(ends[0] * RATE)
            word = samples[max(0, end - RATE // 4) : end]
            after = samples[end + 100 : end + 2000]
            assert np.sqrt(np.mean(word**2)) > 3 * np.sqrt(np.mean(after**2))


def test_a_quarter_is_without_the_word_and_clips_may_be_but_background(part, backgrounds):
    made = clips.make_clips(
        np.random.default_rng(4), part, backgrounds, 2, seconds=1, most=(0, 0, 0)
    )
    assert made.samples.any(axis=1).all()
    assert not made.labels.any()
    made = clips.training_clips(np.random.default_rng(5), part, backgrounds, 8)
    assert len(made.samples) == 8
    assert all(not ends for ends in made.events[6:])


def test_labels_begin_after_the_word():
    labels = clips.label_steps([[1.0], [], [1.95]], 50)
    assert np.flatnonzero(labels[0]).tolist() == list(range(26, 36))
    assert not labels[1].any()
    assert np.flatnonzero(labels[2]).tolist() == [49]
