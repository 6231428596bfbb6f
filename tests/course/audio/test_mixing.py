import numpy as np
import pytest

from course.audio import (
    RATE,
    AudioError,
    Speech,
    add_segments,
    babble,
    colored_noise,
    gain,
    random_onsets,
    reverberate,
    room_response,
    samples_of,
    segment,
    tones,
)


def test_gain_and_pydub_and_back():
    assert gain(0) == 1.0
    assert gain(-20) == pytest.approx(0.1)
    assert gain([6.0206, -6.0206]) == pytest.approx([2.0, 0.5], rel=1e-4)
    samples = np.linspace(-0.9, 0.9, 1600).astype("float32")
    assert samples_of(segment(samples)) == pytest.approx(samples, abs=1e-4)
    louder = segment(samples / 4).apply_gain(6.0206)
    assert samples_of(louder) == pytest.approx(samples / 2, abs=1e-3)
    mixed = segment(np.zeros(1600)).overlay(segment(samples[:160]), position=50)
    assert samples_of(mixed)[800:960] == pytest.approx(samples[:160], abs=1e-4)


def test_random_onsets_never_overlap_and_reach_every_place():
    generator = np.random.default_rng(0)
    seen = set()
    for _ in range(500):
        lengths = [5, 3, 8]
        begins = random_onsets(generator, lengths, 30, gap=2)
        ends = begins + lengths
        order = np.argsort(begins)
        assert begins.min() >= 0
        assert ends.max() <= 30
        assert np.all(begins[order][1:] - ends[order][:-1] >= 2)
        seen.add(int(begins[0]))
    assert {0, 25} <= seen


def test_no_segments_and_those_that_do_not_fit():
    with pytest.raises(AudioError, match="do not fit"):
        random_onsets(np.random.default_rng(0), [6, 6], 10)
    assert random_onsets(np.random.default_rng(0), [], 10).shape == (0,)


def test_add_segments_is_the_loop_in_one_step():
    generator = np.random.default_rng(0)
    clips = generator.random((3, 50))
    expected, rows, begins, lengths, pieces = clips.copy(), [], [], [], []
    for row in range(3):
        for begin in random_onsets(generator, [4, 9, 7], 50):
            length = int(generator.integers(1, 5))
            sound = generator.random(length)
            expected[row, begin : begin + length] += sound
            for values, value in ((rows, row), (begins, begin), (lengths, length)):
                values.append(value)
            pieces.append(sound)
    add_segments(clips, rows, begins, np.concatenate(pieces), lengths)
    assert np.allclose(clips, expected)


@pytest.mark.parametrize("slope", [0, 1, 2])
def test_the_color_of_noise(slope):
    noise = colored_noise(np.random.default_rng(0), 20, slope)
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequencies = np.fft.rfftfreq(len(noise), 1 / RATE)
    low, high = ((frequencies > f) & (frequencies < 2 * f) for f in (200, 3200))
    fall = np.log2(power[low].mean() / power[high].mean()) / np.log2(3200 / 200)
    assert fall == pytest.approx(slope, abs=0.1)
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(0.05, rel=1e-3)


def test_backgrounds_are_the_same_for_the_same_seed():
    words = Speech(np.full(8000, 1000, "int16"), [3000, 8000])
    for make in (
        lambda g: colored_noise(g, 1, count=2),
        lambda g: babble(g, words, 1),
        lambda g: tones(g, 1),
    ):
        one, other = make(np.random.default_rng(3)), make(np.random.default_rng(3))
        assert np.array_equal(one, other)
        assert one.shape[-1] == RATE
        assert one.dtype == np.float32
        assert np.all(np.isfinite(one))


def test_a_room_keeps_the_straight_sound_first():
    response = room_response(np.random.default_rng(0), direct=0.6)
    assert response[0] == pytest.approx(np.sqrt(0.6))
    assert not response[1:30].any()
    clap = np.zeros(100, "float32")
    clap[10] = 1
    heard = reverberate(clap, response)
    assert heard[10:40] == pytest.approx(response[:30], abs=1e-6)
    assert np.abs(heard[:10]).max() < 1e-6
    assert reverberate(clap, np.array([1.0], "float32")) == pytest.approx(clap, abs=1e-6)
