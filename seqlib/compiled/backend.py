"""What the machine offers the backend."""

import os


def cores():
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container or `taskset` may allow fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
