import concurrent.futures

import numpy as np
import pytest

from course.audio import AudioError, Utterance, kept_speech, neural, speak
from course.audio.speech import Speech

SAID = [Utterance("activate", "en-us+m3"), Utterance("active", "en+f1", 120, 80, 30)]


def test_the_same_list_gives_the_same_samples():
    first, second = speak(SAID), speak(SAID)
    assert np.array_equal(first.samples, second.samples)
    assert len(first) == 2
    assert all(0.3 < first.seconds(place) < 1.2 for place in range(2))


def test_all_are_equally_loud_and_begin_at_once():
    for samples in map(speak(SAID).__getitem__, range(2)):
        assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.05, rel=0.05)
        assert np.abs(samples[:40]).max() > 0.01 * np.abs(samples).max()


def test_voice_rate_and_pitch_make_a_difference():
    slow, fast = speak([("activate", "en-us", 100), ("activate", "en-us", 300)]).lengths
    assert slow > 1.5 * fast


def test_no_such_voice():
    with pytest.raises(AudioError, match="no voice 'en-us\\+nobody'"):
        speak([("activate", "en-us+nobody")])


def test_no_words():
    with pytest.raises(AudioError, match="give it words"):
        speak([("", "en-us")])


def test_kept_speech_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    fresh = kept_speech(SAID)
    monkeypatch.setattr("course.audio.speech.child", None)  # nobody may speak again
    again = kept_speech(SAID)
    assert np.array_equal(fresh.samples, again.samples)
    assert np.array_equal(fresh.ends, again.ends)
    assert np.array_equal(fresh[1], again[1])


def test_a_damaged_file_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    fresh = np.array(kept_speech(SAID).samples)
    (file,) = (tmp_path / "espeak_voices").glob("*.npy")
    file.write_bytes(file.read_bytes()[:-100])
    assert np.array_equal(kept_speech(SAID).samples, fresh)


def test_several_may_ask_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(kept_speech, [SAID] * 3)
    assert all(np.array_equal(first.samples, other.samples) for other in others)
    assert len(list((tmp_path / "espeak_voices").glob("*.npy"))) == 1


def test_a_long_path_does_no_harm(tmp_path, monkeypatch):
    """The library would end the process if it were given data in such a folder."""
    deep = tmp_path.joinpath(*["a_long_name_of_a_folder"] * 8)
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert len(speak(SAID[:1])) == 1


def test_the_neural_voice_asks_for_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    monkeypatch.setattr(neural, "neural_voice_installed", lambda: False)
    with pytest.raises(AudioError, match="pip install piper-tts"):
        neural.neural_speech([("activate",)])


def test_an_utterance_of_speech():
    speech = Speech(np.array([100, 200, 300], "int16"), [1, 3])
    assert speech[1].tolist() == pytest.approx([200 / 32768, 300 / 32768])
    assert speech.seconds() == pytest.approx(3 / 16_000)
