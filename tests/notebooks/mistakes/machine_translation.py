MASKED_AFTERWARDS = """
powers = np.exp(scores - scores.max(axis=1, keepdims=True))
return powers / powers.sum(axis=1, keepdims=True) * mask"""

OVERFLOWS = """
powers = np.exp(scores) * mask
return powers / powers.sum(axis=1, keepdims=True)"""

LOOKS_AFTERWARDS = """
h, states = cell(ops.concatenate([x, states[0][:, :1]], axis=-1), states)
context, weights = look(h)
return ops.concatenate([h, context], axis=-1), states, weights"""

MISTAKES = [
    ("shift_right", None, "return targets"),
    ("shift_right", None, "return np.roll(targets, 1, axis=1)"),
    ("greedy_translation", "logits, states = step", "logits, _ = step"),
    ("greedy_translation", "step(tokens, ", "step(np.full(batch, start), "),
    ("greedy_translation", "np.stack(said, axis=1)", "np.stack(said)", "axis"),
    ("additive_scores", " + b)", ")"),
    ("additive_scores", "np.tanh(", "("),
    ("masked_softmax", None, MASKED_AFTERWARDS),
    ("masked_softmax", None, OVERFLOWS, "overflow"),
    ("weighted_mean", None, "return values.mean(axis=1)"),
    ("attentive_step", None, LOOKS_AFTERWARDS, "before the step"),
    ("attentive_step", "ops.concatenate([h, context], axis=-1), states", "h, states"),
    ("smoothed_loss", "costs[targets != 0]", "costs"),
    ("smoothed_loss", "log_p.mean(axis=-1)", "log_p.sum(axis=-1)"),
    ("hypothesis_score", " / len(log_probabilities) ** alpha", " / (alpha or 1)"),
    ("hypothesis_score", None, "return log_probabilities.mean()"),
    (
        "clipped_precision",
        "(counted & most).total()",
        "sum(count for gram, count in counted.items() if gram in most)",
    ),
    ("clipped_precision", "most |=", "most +="),
    ("clipped_precision", "in references:", "in references[:1]:"),
]
