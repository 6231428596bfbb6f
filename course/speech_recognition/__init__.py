"""Notebook 3-3: what is said, by whom, and the recognizer that writes it down."""
