EVERY_DETECTION = """
found = sum(any(e - early <= d <= e + late for d in detections) for e in events)
false = sum(not any(e - early <= d <= e + late for e in events) for d in detections)
return found, len(events) - found, false"""

MISTAKES = [
    ("gain", "/ 20", "/ 10"),
    ("log_mel", "real**2 + imaginary**2", "ops.sqrt(real**2 + imaginary**2)"),
    (
        "overlaps",
        "begin < other_end and end > other_begin",
        "begin <= other_end and end >= other_begin",
    ),
    ("overlaps", "begin < other_end and end > other_begin", "other_begin <= begin < other_end"),
    ("insert_clip", "if not overlaps(segment, taken)", "if True", "shares no millisecond"),
    ("insert_clip", "int(generator.integers(len(background) - len(clip) + 1))", "300", "random"),
    ("label_steps", "640 + 1", "640"),
    ("flat_places", "rows * samples + begins", "begins"),
    ("fires", " and time >= last + pause", ""),
    ("count_events", None, EVERY_DETECTION),
    ("choose_threshold", None, "return thresholds[np.argmin(alarms)]"),
    ("choose_threshold", None, "return thresholds[missed <= limit].min()"),
    ("stream_convolution", "frames[:, -state.shape[1] :]", "ops.zeros_like(state)"),
    (
        "stream_convolution",
        None,
        "return layer(ops.concatenate([state, frames], axis=1)), frames[:, -state.shape[1] :]",
        "shape of the state",
    ),
]
