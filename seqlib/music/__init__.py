"""Music: pieces from files, tokens on a grid and back, notation, sound and voice leading."""

from seqlib.data.scores import Piece, ScoreError, notes, read
from seqlib.music.engraving import to_score
from seqlib.music.excerpt import excerpt
from seqlib.music.export import write_midi, write_musicxml
from seqlib.music.grid import (
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
from seqlib.music.notation import show, svg
from seqlib.music.sound import player, render, write_wav
from seqlib.music.voice_leading import VoiceLeading, voice_leading, voice_leading_summary

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
