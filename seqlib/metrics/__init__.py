"""What a model is measured by: thin over kept libraries."""

from seqlib.metrics.accuracy import MaskedAccuracy
from seqlib.metrics.answers import AnswerScore, answer_score, normalize_answer, token_f1
from seqlib.metrics.entities import EntityScore, EntityScores, Span, entity_scores, spans_of
from seqlib.metrics.transcripts import Errors, character_errors, word_errors
from seqlib.metrics.translation import BleuScore, Score, bleu, chrf, exact_match

__all__ = [
    "AnswerScore",
    "BleuScore",
    "EntityScore",
    "EntityScores",
    "Errors",
    "MaskedAccuracy",
    "Score",
    "Span",
    "answer_score",
    "bleu",
    "character_errors",
    "chrf",
    "entity_scores",
    "exact_match",
    "normalize_answer",
    "spans_of",
    "token_f1",
    "word_errors",
]
