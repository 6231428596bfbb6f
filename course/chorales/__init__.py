"""Four-part chorales for notebook 1-3: works, fair parts, excerpts to learn from, the model."""

from course.chorales.excerpts import Excerpts
from course.chorales.intervals import at_pitches
from course.chorales.model import ORDER, ChoraleModel, Scores
from course.chorales.parts import families, split
from course.chorales.voice import Voice
from course.chorales.works import STEPS, VOICES, Work, plan, to_piece, works

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
