"""Sound: in tune, never silent, small in a notebook, and without what may be missing."""

import base64
import io
import re
import sys

import numpy as np
import pytest
import soundfile

from course import music
from course.music.piece import Piece, ScoreError, notes

RATE = 22050


def heard(sound, near, rate=RATE):
    """Return the pitch, as a MIDI number, whose harmonics are strongest around a given one."""
    steady = sound[rate // 4 : rate // 4 + rate]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)), 8 * rate))
    candidates = near + np.arange(-6, 6.01, 0.05)
    frequencies = 440 * 2 ** ((candidates - 69) / 12)
    strengths = [
        sum(spectrum[round(8 * harmonic * f)] / harmonic for harmonic in range(1, 6))
        for f in frequencies
    ]
    return candidates[np.argmax(strengths)]


def loudness(sound, rate=RATE):
    """Return the root mean square of each whole second."""
    seconds = sound[: len(sound) // rate * rate].reshape(-1, rate)
    return np.sqrt(np.mean(seconds.astype(float) ** 2, axis=1))


@pytest.mark.parametrize("pitch", [43, 76])
@pytest.mark.parametrize(
    ("renderer", "program"), [("sine", 0), ("soundfont", 0), ("soundfont", 19), ("soundfont", 52)]
)
def test_notes_are_in_tune(single, renderer, program, pitch):
    sound = music.render(single(pitch), renderer=renderer, program=program)
    assert heard(sound, pitch) == pytest.approx(pitch, abs=0.3)


@pytest.mark.parametrize("renderer", ["sine", "soundfont"])
def test_a_chorale_is_never_silent(chorale, renderer):
    sound = music.render(chorale, renderer=renderer)
    assert sound.dtype == np.float32
    assert sound.shape == (round((chorale.length * 60 / 90 + 0.8) * RATE),)
    assert np.max(np.abs(sound)) == pytest.approx(0.9, abs=1e-4)
    assert np.all(np.isfinite(sound))
    assert np.all(loudness(sound) > 0.03)
    assert np.max(np.abs(sound[-100:])) < 0.01  # it fades, and does not break off


@pytest.mark.parametrize("renderer", ["sine", "soundfont"])
def test_a_repeated_note_is_heard_anew(renderer):
    twice = Piece("", notes([(0, 0, 1, 60), (0, 1, 1, 60)]), length=2.0)
    once = Piece("", notes([(0, 0, 2, 60)]), length=2.0)
    sounds = [
        music.render(piece, tempo=60, renderer=renderer, program=0) for piece in (twice, once)
    ]
    after = [np.abs(sound[int(1.02 * RATE) : int(1.3 * RATE)]).max() for sound in sounds]
    assert after[0] > 1.2 * after[1] or renderer == "sine"
    assert not np.allclose(*sounds)


def test_rates_and_tempos_change_the_length_and_not_the_pitch(single):
    for rate in (8000, 48000):
        sound = music.render(single(69), (1, 1), rate=rate, tempo=120)
        assert len(sound) == round(2.8 * rate)
        assert heard(sound, 69, rate) == pytest.approx(69, abs=0.3)


def test_without_midirenderer_sine_waves_are_played(single, monkeypatch):
    monkeypatch.setitem(sys.modules, "midirenderer", None)
    plain = music.render(single(60), renderer="sine")
    assert np.array_equal(music.render(single(60)), plain)
    with pytest.raises(ScoreError, match=r'midirenderer.*pip install midirenderer.*"sine"'):
        music.render(single(60), renderer="soundfont")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tempo": 0}, "tempo is 0"),
        ({"renderer": "fluid"}, "'fluid'; it must be one of auto, soundfont, sine"),
        ({"rate": 0}, "rate is 0"),
        ({"rate": 22050.5}, "rate is 22050.5"),
        ({"program": 200}, "program is 200"),
    ],
)
def test_what_cannot_be_played_is_refused(single, options, message):
    with pytest.raises(ScoreError, match=message):
        music.render(single(60), **options)
    with pytest.raises(ScoreError, match="no notes; there is nothing to play"):
        music.render(Piece("", notes([]), length=4.0))


def embedded(player):
    kind, data = re.search(r'src="data:([^;]+);base64,([^"]+)"', player.data).groups()
    return kind, base64.b64decode(data)


def test_twenty_seconds_in_a_notebook_take_little(chorale, capfd):
    player = music.player(chorale, (1, 7))
    kind, content = embedded(player)
    sound, rate = soundfile.read(io.BytesIO(content))
    assert (kind, rate, sound.ndim) == ("audio/mpeg", RATE, 1)
    assert len(sound) / rate == pytest.approx(7 * 4 * 60 / 90 + 0.8, abs=0.2)
    assert len(player.data) < 125_000
    assert np.all(loudness(sound[: 19 * rate]) > 0.03)
    assert repr(player) == "<IPython.core.display.HTML object>"
    assert player.data == music.player(chorale, (1, 7)).data
    assert capfd.readouterr() == ("", "")


def test_a_rate_that_mp3_does_not_know_is_resampled(single):
    _, content = embedded(music.player(single(69), renderer="sine", rate=96_000))
    sound, rate = soundfile.read(io.BytesIO(content))
    assert rate == 48_000
    assert heard(sound, 69, rate) == pytest.approx(69, abs=0.3)


def test_a_wav_file_has_16_bits_and_one_channel(single, tmp_path):
    music.write_wav(single(69), tmp_path / "a.wav", rate=16000)
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert (file.samplerate, file.channels, file.subtype) == (16000, 1, "PCM_16")
        assert heard(file.read(), 69, 16000) == pytest.approx(69, abs=0.3)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    with pytest.raises(ScoreError, match=r"must end in \.wav"):
        music.write_wav(single(69), tmp_path / "a.mp3")
