"""Speed beside `keras.layers` and `torch.nn`: ``make bench`` or ``python -m benchmarks``."""
