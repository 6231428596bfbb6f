import numpy as np
import pytest

from course.audio import RATE, Speech
from course.speech_recognition import language, model, other_voices, recordings
from course.speech_recognition.recognizer import Recognizer
from course.speech_recognition.sentences import as_heard, sentences
from seqlib.layers.log_mel import HOP


@pytest.fixture
def said():
    """Twelve texts and as many pieces of noise, one of which fills its array to the sample."""
    generator = np.random.default_rng(0)
    lengths = [64 * HOP - 2000 + 250 * place for place in range(12)]
    samples = generator.integers(-2000, 2000, sum(lengths)).astype("int16")
    texts = ["may", "june first", "july"] * 4
    return recordings.Said(texts, Speech(samples, np.cumsum(lengths)))


def test_a_recording_is_as_long_as_what_was_said_and_its_silence(said):
    made = recordings.record(np.random.default_rng(1), said, edge=(0.05, 0.05))
    expected = (said.speech.lengths + 2 * int(0.05 * RATE)) // HOP
    assert list(map(len, made.spectrograms)) == expected.tolist()
    assert all((frames != 0).any(axis=1).all() for frames in made.spectrograms)  # 0 is padding


def test_what_is_heard_depends_on_no_other_recording(said):
    spectrograms = recordings.record(np.random.default_rng(2), said).spectrograms
    network = model.build(filters=8, units=4)
    spelling = language.spelling(said.texts, order=3)
    recognize = Recognizer(network, spelling, batch_size=5, widths=(70, 90))
    for width in (1, 4):
        together = recognize(spectrograms, width)
        assert together == [recognize([frames], width)[0] for frames in spectrograms]
    steps = [len(logits) for logits in recognize.logits(spectrograms)]
    assert steps == [len(frames) // model.STRIDE for frames in spectrograms]


def test_batches_hold_every_letter_of_what_was_said(said):
    made = recordings.record(np.random.default_rng(3), said)
    batches = model.Batches(made, widths=(120,), batch_size=4)
    frames, labels = batches[0]
    assert frames.shape == (4, 120, 40)
    assert labels.shape == (4, len("june first"))
    assert {"".join(model.LETTERS.decode(row[row > 0])) for row in labels} <= set(said.texts)


def test_every_cousin_says_what_joe_says_at_another_speed(said, monkeypatch):
    monkeypatch.setattr(other_voices, "joe", lambda number, *_: said)
    made = other_voices.cousins(len(said.texts), seed=0)
    assert made.texts[::4] == made.texts[3::4] == said.texts
    speeds = said.speech.lengths.repeat(4) / made.speech.lengths
    np.testing.assert_allclose(speeds, other_voices.COUSINS * 12, rtol=0.02)


def test_sentences_are_spelled_by_letters_and_stay_in_the_parts_of_the_translator():
    training, test = sentences("training"), sentences("test")
    assert not set(training) & set(test)
    assert set("".join(test)) <= set(model.LETTERS.tokens)
    assert as_heard("L\u2019\u00e9t\u00e9") is None
    assert as_heard("?!") is None
