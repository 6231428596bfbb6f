"""Answers that stand in the passage: windows, spans, a reader with two heads, and baselines."""
