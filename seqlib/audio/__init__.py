"""Sound: files, speech, backgrounds and rooms, spectrograms, and a detector that listens."""

from seqlib.audio.spectrogram import BANDS, HOP, WINDOW, LogMel, mel, mel_bands  # first: Keras

# isort: split
from seqlib.audio.background import babble, coloured_noise, in_room, room_response, tones
from seqlib.audio.editing import AudioSegment, samples_of, segment
from seqlib.audio.errors import AudioError
from seqlib.audio.files import RATE, Recording, read, resample, to_mono, write
from seqlib.audio.mixing import add_segments, gain, overlaps, random_places
from seqlib.audio.neural import NeuralUtterance, neural_speech, neural_voice_installed
from seqlib.audio.playing import chime, player, recorder, with_chimes
from seqlib.audio.speech import Speech, Utterance, kept_speech, speak
from seqlib.audio.streaming import Heard, StreamingDetector

__all__ = [
    "BANDS",
    "HOP",
    "RATE",
    "WINDOW",
    "AudioError",
    "AudioSegment",
    "Heard",
    "LogMel",
    "NeuralUtterance",
    "Recording",
    "Speech",
    "StreamingDetector",
    "Utterance",
    "add_segments",
    "babble",
    "chime",
    "coloured_noise",
    "gain",
    "in_room",
    "kept_speech",
    "mel",
    "mel_bands",
    "neural_speech",
    "neural_voice_installed",
    "overlaps",
    "player",
    "random_places",
    "read",
    "recorder",
    "resample",
    "room_response",
    "samples_of",
    "segment",
    "speak",
    "to_mono",
    "tones",
    "with_chimes",
    "write",
]
