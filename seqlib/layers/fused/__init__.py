"""A recurrent layer over a whole sequence at once: the numbers of the cells, computed faster.

The cells of `seqlib.layers` are the definition. This package computes the same for a whole sequence
where that is faster, chooses how, and says why (see `execution`).
"""
