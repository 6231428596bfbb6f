"""What a backend needs to run a function as compiled programs: the one place that compiles."""

from seqlib.compiled.backend import BACKEND, cores
from seqlib.compiled.gradient import with_gradient
from seqlib.compiled.xla import (
    ShardedProgram,
    add_shards,
    concat_shards,
    keep_shards,
    length_to_compile_for,
    pad_time,
    shard_count,
    trace,
    xla_available,
)

__all__ = [
    "BACKEND",
    "ShardedProgram",
    "add_shards",
    "concat_shards",
    "cores",
    "keep_shards",
    "length_to_compile_for",
    "pad_time",
    "shard_count",
    "trace",
    "with_gradient",
    "xla_available",
]
