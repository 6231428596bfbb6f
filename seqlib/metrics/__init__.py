"""What a model is measured by: thin over kept libraries, and measures that count events."""

from seqlib.metrics.answers import AnswerScore, answer_score, normalise_answer, token_f1
from seqlib.metrics.entities import (
    EntityScore,
    EntityScores,
    Span,
    entity_scores,
    spans_of,
    tags_of,
)
from seqlib.metrics.events import (
    EventScore,
    detections_of,
    event_score,
    match_events,
    threshold_sweep,
)
from seqlib.metrics.translation import BleuScore, Score, bleu, chrf, exact_match

__all__ = [
    "AnswerScore",
    "BleuScore",
    "EntityScore",
    "EntityScores",
    "EventScore",
    "Score",
    "Span",
    "answer_score",
    "bleu",
    "chrf",
    "detections_of",
    "entity_scores",
    "event_score",
    "exact_match",
    "match_events",
    "normalise_answer",
    "spans_of",
    "tags_of",
    "threshold_sweep",
    "token_f1",
]
