"""Notebook 3-2: what is said by whom, clips made of it, and the detector."""
