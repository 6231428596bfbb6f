import base64
import io
import re

import numpy as np
import pytest
import soundfile

from course.audio import RATE, AudioError, chime, player, recorder, with_chimes


def test_a_player_holds_the_clip_in_little_room():
    time = np.arange(5 * RATE) / RATE
    shown = player(0.1 * np.sin(2 * np.pi * 440 * time), "a <tone>").data
    assert "a &lt;tone&gt;" in shown
    content = base64.b64decode(re.search(r"base64,([^\"]+)", shown)[1])
    assert len(content) < 25_000
    samples, rate = soundfile.read(io.BytesIO(content))
    assert len(samples) / rate == pytest.approx(5, abs=0.2)
    assert np.abs(samples).max() > 0.7
    with pytest.raises(AudioError, match="no samples"):
        player(np.zeros(0))


def test_without_mp3_it_is_a_small_wav(monkeypatch):
    monkeypatch.setattr(soundfile, "available_formats", dict)
    shown = player(np.ones(RATE)).data
    content = base64.b64decode(re.search(r"base64,([^\"]+)", shown)[1])
    assert soundfile.info(io.BytesIO(content)).samplerate == 11025


def test_chimes_lie_where_it_fired_and_the_recorder_loads_nothing():
    quiet = 0.1 * np.ones(RATE, "float32")
    rung = with_chimes(quiet, [0.5, 0.99])
    assert np.array_equal(rung[: RATE // 2], quiet[: RATE // 2])
    assert np.abs(rung - quiet)[RATE // 2 : RATE // 2 + 1000].max() > 0.01
    assert len(rung) == RATE
    assert len(with_chimes(quiet, [2.0])) == RATE
    assert np.abs(chime()).max() <= 1
    shown = recorder(3, "mine.wav").data
    assert "http" not in shown
    assert "src=" not in shown
    assert "mine.wav" in shown
    assert "3.0 seconds" in shown
