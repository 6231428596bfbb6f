"""From next-token logits to sequences: sampling, greedy and beam search, each one compiled loop."""

from seqlib.decoding.beam import beam_search
from seqlib.decoding.filters import filter_logits
from seqlib.decoding.greedy import greedy
from seqlib.decoding.sampling import sample

__all__ = ["beam_search", "filter_logits", "greedy", "sample"]
