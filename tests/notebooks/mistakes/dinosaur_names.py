MISTAKES = [
    ("nats_per_character", None, "return -log_probabilities.mean()"),
    ("nats_per_character", ".sum() / mask.sum()", ".mean()"),
    (
        "bigram_probabilities",
        "np.add.at(counts, (inputs[mask], targets[mask]), 1)",
        "counts[inputs[mask], targets[mask]] += 1",
    ),
    ("softmax_with_temperature", "logits / temperature", "logits * temperature"),
    ("softmax_with_temperature", " - scaled.max()", "", "overflow"),
    ("keep_top_k", "logits < smallest_kept", "logits <= smallest_kept"),
    ("keep_top_k", None, "return np.sort(logits)[-k:]"),
    ("keep_top_p", " - probabilities[likeliest_first]", ""),
    (
        "sample_name",
        "        if token == end:",
        "        tokens.append(token)\n        if token == end:",
    ),
    (
        "sample_name",
        "generator.choice(len(probabilities), p=probabilities)",
        "np.argmax(probabilities)",
        "draw with p=probabilities",
    ),
    ("clip_by_value", "np.clip(gradient, -limit, limit)", "np.minimum(gradient, limit)"),
    (
        "clip_by_global_norm",
        None,
        "return [g * min(1.0, limit / np.linalg.norm(g)) for g in gradients]",
    ),
    ("clip_by_global_norm", "min(1.0, limit / norm)", "limit / norm"),
    (
        "training_step",
        "tf.reduce_sum(losses * mask) / tf.reduce_sum(mask)",
        "tf.reduce_mean(losses)",
    ),
    (
        "perplexity",
        None,
        "return 1 / np.mean(np.exp(log_probabilities))",
        "mean is over logarithms",
    ),
]
