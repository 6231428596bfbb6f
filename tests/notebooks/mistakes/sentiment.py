MISTAKES = [
    ("sentence_average", "for token in tokens", "for token in set(tokens)"),
    (
        "sentence_average",
        "np.mean(known, axis=0) if known else np.zeros(dimension)",
        "np.sum(known, axis=0) / max(1, len(known))",
        "zeros of that dimension",
    ),
    ("loss_and_gradients", "    difference /= len(labels)\n", ""),
    ("loss_and_gradients", "logits - logits.max(axis=1, keepdims=True)", "logits", "overflow"),
    ("sentences_to_ids", "row[: len(numbers)]", "row[length - len(numbers) :]"),
    ("masked_mean", ".sum(axis=1) / mask.sum(axis=1, keepdims=True)", ".mean(axis=1)"),
    ("emojify_model", "vocabulary)", "vocabulary, mask_zero=False)", "padding changes"),
    ("emojify_model", "vocabulary)", "vocabulary, trainable=True)", "stay as they are"),
    ("emojify_model", "(classes)", "(classes, activation='softmax')", "return logits"),
    (
        "emojify_model",
        "Bidirectional(layers.LSTM(units))",
        "GlobalAveragePooling1D()",
        "without a recurrent layer",
    ),
    ("gradient_times_input", "vectors * tape", "tape"),
]
