"""Music: pieces from files, tokens on a grid and back, notation, sound and voice leading."""

from course.music.corpus import load_corpus
from course.music.engraving import to_score
from course.music.excerpt import excerpt
from course.music.export import write_midi, write_musicxml
from course.music.grid import (
    FIRST,
    HOLD,
    PADDING,
    REST,
    VOCABULARY_SIZE,
    decode,
    encode,
    fermata_steps,
    position_in_bar,
    sounding,
    transpose,
)
from course.music.notation import show, svg
from course.music.piece import Piece, ScoreError, notes
from course.music.reading import read
from course.music.sound import player, render, write_wav
from course.music.voice_leading import VoiceLeading, voice_leading, voice_leading_summary

__all__ = [
    "FIRST",
    "HOLD",
    "PADDING",
    "REST",
    "VOCABULARY_SIZE",
    "Piece",
    "ScoreError",
    "VoiceLeading",
    "decode",
    "encode",
    "excerpt",
    "fermata_steps",
    "load_corpus",
    "notes",
    "player",
    "position_in_bar",
    "read",
    "render",
    "show",
    "sounding",
    "svg",
    "to_score",
    "transpose",
    "voice_leading",
    "voice_leading_summary",
    "write_midi",
    "write_musicxml",
    "write_wav",
]
