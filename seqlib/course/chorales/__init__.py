"""Four-part chorales for notebook 1-3: works, fair parts, excerpts to learn from, the model."""

from seqlib.course.chorales.excerpts import Excerpts
from seqlib.course.chorales.intervals import at_pitches
from seqlib.course.chorales.model import ORDER, ChoraleModel, Scores
from seqlib.course.chorales.parts import families, split
from seqlib.course.chorales.voice import Voice
from seqlib.course.chorales.works import STEPS, VOICES, Work, plan, to_piece, works

__all__ = [
    "ORDER",
    "STEPS",
    "VOICES",
    "ChoraleModel",
    "Excerpts",
    "Scores",
    "Voice",
    "Work",
    "at_pitches",
    "families",
    "plan",
    "split",
    "to_piece",
    "works",
]
