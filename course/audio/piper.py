"""Words spoken by a neural voice (Piper), which espeak's many voices are not a bit like."""

import importlib.util
from typing import NamedTuple

from course.audio.errors import AudioError
from course.audio.speech import from_cache, normalize_speech, run_synthesizer
from seqlib import data


class NeuralUtterance(NamedTuple):
    """What is to be said by a neural voice, and how."""

    text: str  # English words
    slowness: float = 1.0  # 1 for the voice's own pace, more for slower
    noise: float = 0.667  # how freely it varies, 0 to 1
    speed: float = 1.0  # played so many times as fast: above 1 as if a smaller person spoke


def neural_speech(utterances):
    """Return `Speech` of a list of `NeuralUtterance`, from the data folder once it was made.

    The voice, joe, is fetched the first time (58 MB); it speaks about seven words a second. On one
    machine the same list gives the same samples.
    """
    utterances = [NeuralUtterance(*utterance) for utterance in utterances]
    card = data.card("joe_voice")
    return from_cache(card, [card.archive.sha256, utterances], lambda: _speak(utterances))


def neural_voice_installed():
    """Return whether piper-tts is installed."""
    return importlib.util.find_spec("piper") is not None


def _speak(utterances):
    """Let the voice speak."""
    if not neural_voice_installed():
        raise AudioError('The neural voice needs piper-tts: "pip install piper-tts".')
    model = data.fetch("joe_voice")["en_US-joe-medium.onnx"]
    said = [(text, slowness, noise) for text, slowness, noise, _ in utterances]
    spoken = run_synthesizer("piper_process.py", [str(model), said], "piper-tts")
    return normalize_speech(spoken, [utterance.speed for utterance in utterances])
