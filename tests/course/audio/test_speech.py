import concurrent.futures

import numpy as np
import pytest

from course.audio import AudioError, Utterance, cached_speech, piper, speak
from course.audio.speech import Speech

SAID = [Utterance("activate", "en-us+m3"), Utterance("active", "en+f1", 120, 80, 30)]


@pytest.fixture(scope="module")
def spoken():
    return speak(SAID)


def test_the_same_list_gives_the_same_samples(spoken):
    assert np.array_equal(spoken.samples, speak(SAID).samples)
    assert len(spoken) == 2
    assert all(0.3 < spoken.seconds(place) < 1.2 for place in range(2))


def test_all_are_equally_loud_begin_at_once_and_differ_in_rate(spoken):
    for samples in (spoken[0], spoken[1]):
        assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.05, rel=0.05)
        assert np.abs(samples[:40]).max() > 0.01 * np.abs(samples).max()
    slow, fast = speak([("activate", "en-us", 100), ("activate", "en-us", 300)]).lengths
    assert slow > 1.5 * fast


def test_a_voice_or_words_that_are_not_there():
    with pytest.raises(AudioError, match="no voice 'en-us\\+nobody'"):
        speak([("activate", "en-us+nobody")])
    with pytest.raises(AudioError, match="give it words"):
        speak([("", "en-us")])


def test_cached_speech_is_made_once(spoken, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    cached_speech(SAID)
    monkeypatch.setattr("course.audio.speech.run_synthesizer", None)  # nobody may speak again
    again = cached_speech(SAID)
    assert np.array_equal(again.ends, spoken.ends)
    assert all(np.array_equal(again[number], spoken[number]) for number in range(2))


@pytest.mark.parametrize("kind", ["s16", "npy"])
def test_a_damaged_file_is_made_anew(spoken, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    cached_speech(SAID)
    (file,) = (tmp_path / "espeak_voices").glob(f"*.{kind}")
    file.write_bytes(file.read_bytes()[:-10])
    assert np.array_equal(cached_speech(SAID)[1], spoken[1])


def test_several_may_ask_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(cached_speech, [SAID] * 3)
    assert all(np.array_equal(first[1], other[1]) for other in others)
    assert len(list((tmp_path / "espeak_voices").glob("*.s16"))) == 1


def test_a_long_path_does_no_harm(tmp_path, monkeypatch):
    """The library would end the process if it were given data in such a folder."""
    deep = tmp_path.joinpath(*["a_long_name_of_a_folder"] * 8)
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert len(speak(SAID[:1])) == 1


def test_the_neural_voice_asks_for_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    monkeypatch.setattr(piper, "neural_voice_installed", lambda: False)
    with pytest.raises(AudioError, match="pip install piper-tts"):
        piper.neural_speech([("activate",)])


def test_an_utterance_of_speech():
    speech = Speech(np.array([100, 200, 300], "int16"), [1, 3])
    assert speech[1].tolist() == pytest.approx([200 / 32768, 300 / 32768])
    assert speech.seconds() == pytest.approx(3 / 16_000)
