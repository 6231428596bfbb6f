"""How good is it? Measures that count what people care about."""

from seqlib.metrics.events import (
    EventScore,
    detections_of,
    event_score,
    match_events,
    threshold_sweep,
)

__all__ = ["EventScore", "detections_of", "event_score", "match_events", "threshold_sweep"]
