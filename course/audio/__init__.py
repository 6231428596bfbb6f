"""Sound: files, speech, backgrounds and rooms, spectrograms, and networks that listen."""

from course.audio.background import babble, colored_noise, reverberate, room_response, tones
from course.audio.detector import Detections, StreamingDetector
from course.audio.editing import AudioSegment, samples_of, segment
from course.audio.errors import AudioError
from course.audio.files import Recording, read, write
from course.audio.mixing import add_segments, gain, random_onsets
from course.audio.piper import NeuralUtterance, neural_speech
from course.audio.playing import chime, player, recorder, with_chimes
from course.audio.samples import RATE, resample, to_mono
from course.audio.speech import Speech, Utterance, cached_speech, speak
from course.audio.streaming import StreamingNetwork
from seqlib.layers.log_mel import BANDS, HOP, WINDOW, mel, mel_bands

__all__ = [
    "BANDS",
    "HOP",
    "RATE",
    "WINDOW",
    "AudioError",
    "AudioSegment",
    "Detections",
    "NeuralUtterance",
    "Recording",
    "Speech",
    "StreamingDetector",
    "StreamingNetwork",
    "Utterance",
    "add_segments",
    "babble",
    "cached_speech",
    "chime",
    "colored_noise",
    "gain",
    "mel",
    "mel_bands",
    "neural_speech",
    "player",
    "random_onsets",
    "read",
    "recorder",
    "resample",
    "reverberate",
    "room_response",
    "samples_of",
    "segment",
    "speak",
    "to_mono",
    "tones",
    "with_chimes",
    "write",
]
