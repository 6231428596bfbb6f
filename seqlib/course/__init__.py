"""What only the notebooks need: a reader of `seqlib` who reuses the layers never meets it."""
