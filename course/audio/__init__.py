"""Sound: files, speech, backgrounds and rooms, spectrograms, and a detector that listens."""

from course.audio.background import babble, coloured_noise, in_room, room_response, tones
from course.audio.editing import AudioSegment, samples_of, segment
from course.audio.errors import AudioError
from course.audio.files import RATE, Recording, read, resample, to_mono, write
from course.audio.mixing import add_segments, gain, overlaps, random_places
from course.audio.neural import NeuralUtterance, neural_speech, neural_voice_installed
from course.audio.playing import chime, player, recorder, with_chimes
from course.audio.speech import Speech, Utterance, kept_speech, speak
from course.audio.streaming import Heard, StreamingDetector
from seqlib.layers.log_mel import BANDS, HOP, WINDOW, mel, mel_bands

__all__ = [
    "BANDS",
    "HOP",
    "RATE",
    "WINDOW",
    "AudioError",
    "AudioSegment",
    "Heard",
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
