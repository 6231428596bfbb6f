"""What a model is measured by: thin over libraries that are kept."""

from seqlib.metrics.translation import BleuScore, Score, bleu, chrf, exact_match

__all__ = ["BleuScore", "Score", "bleu", "chrf", "exact_match"]
