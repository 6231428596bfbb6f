"""Where in a sequence a vector stands: said by waves, by learnt vectors, or by turning it."""

from seqlib.layers.positions.learned import LearnedPositions
from seqlib.layers.positions.rotary import RotaryPositions
from seqlib.layers.positions.sinusoidal import SinusoidalPositions

__all__ = ["LearnedPositions", "RotaryPositions", "SinusoidalPositions"]
