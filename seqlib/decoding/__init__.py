"""From next-token logits to sequences: sampling, greedy and beam search, each one compiled loop."""

# isort: off
import seqlib.layers  # noqa: F401  (first: it imports Keras without the backend's chatter)

# isort: on
from seqlib.decoding.beam import beam_search
from seqlib.decoding.filters import filter_logits
from seqlib.decoding.greedy import greedy
from seqlib.decoding.sampling import sample

__all__ = ["beam_search", "filter_logits", "greedy", "sample"]
