"""Answers that stand in the passage: windows, spans, and a reader with two heads."""
