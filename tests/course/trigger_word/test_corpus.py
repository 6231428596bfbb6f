import numpy as np
import pytest

from course.trigger_word import corpus
from course.trigger_word.voices import NEAR, NEW_NEAR, VOICES, WORD

PARTS = list(VOICES)


def family(voice):
    """The voice without the number at its end."""
    return voice.rstrip("0123456789").lower().removesuffix("robot")


def test_no_voice_is_in_two_parts_and_no_family_is_parted():
    assert sum(map(len, VOICES.values())) == len(set().union(*VOICES.values()))
    alike = {part: {family(voice) for voice in voices} for part, voices in VOICES.items()}
    for part in PARTS:
        # f and m are no families: each of their numbers is a speaker.
        others = set().union(*(alike[other] for other in PARTS if other != part)) - {"f", "m"}
        assert not alike[part] & others


def test_new_near_misses_are_new_and_parts_have_other_sentences():
    assert not set(NEAR) & set(NEW_NEAR)
    assert WORD not in NEAR + NEW_NEAR
    texts = [{u.text for u in corpus.utterances(part)["sentences"]} for part in PARTS]
    assert len(texts[0] & texts[1]) <= 1  # presidents bless America in the same words
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_said(part):
    said = corpus.utterances(part)
    assert said == corpus.utterances(part)
    voices = {u.voice.partition("+")[2] for several in said.values() for u in several}
    assert voices <= set(VOICES[part])
    assert {u.text for u in said["words"]} == {WORD}
    texts = {u.text for u in said["near"]}
    assert texts == set(NEAR + NEW_NEAR if part == "test" else NEAR)
    assert not any("activat" in u.text for u in said["sentences"])
    assert len({u.text for u in said["sentences"]}) == len(said["sentences"])


def test_cousins_are_played_at_another_speed():
    generator = np.random.default_rng(0)
    speeds = {corpus._neural_utterance(generator, "act", "training").speed for _ in range(50)}
    assert min(abs(speed - 1) for speed in speeds) > 0.1
    assert corpus._neural_utterance(generator, "act", "test").speed == 1.0
