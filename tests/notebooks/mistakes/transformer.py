HALVES = """
angles = np.arange(length)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)
return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)"""

NORM_AFTER_THE_SUM = """
x = norms[0](x + attention(x))
return norms[1](x + network(x))"""

MISTAKES = [
    ("positional_encoding", None, HALVES),
    ("positional_encoding", "np.arange(length)", "np.arange(1, length + 1)"),
    ("scaled_attention", " / np.sqrt(q.shape[-1])", ""),
    ("scaled_attention", "np.where(mask, scores, -1e9)", "scores"),
    ("scaled_attention", " - scores.max(axis=-1, keepdims=True)", "", "overflow"),
    ("scaled_attention", "weights @ v, weights", "weights @ v", "2 values"),
    ("decoder_mask", "real[:, None, :]", "real[:, :, None]"),
    ("decoder_mask", "return ", "return np.True_ ^ "),
    ("decoder_mask", "real[:, None, :]", "real[:, None, :] * 1", "booleans"),
    ("split_heads", None, "return x.reshape(x.shape[0], heads, x.shape[1], -1)"),
    ("encoder_block", None, NORM_AFTER_THE_SUM),
    ("encoder_block", None, "return network(norms[1](attention(norms[0](x))))"),
    ("rate_at", None, "return peak * step / warmup"),
    ("rate_at", None, "return peak * (1 + math.cos(math.pi * step / total)) / 2"),
    ("attend_next", None, "return value"),
    ("attend_next", "np.arange(keys.shape[2]) <= t", "np.ones(keys.shape[2], dtype=bool)"),
    ("attend_next", "values[:, :, t] = key, value", "values[:, :, 0] = key, value"),
]
