"""Checks of notebook 4-1_transformer."""

import math

import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed


def positional_encoding(learner):
    """Check the patterns that say where a vector stands."""
    hint = (
        "angles = np.arange(length)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim); their "
        "sines go to [:, 0::2], their cosines to [:, 1::2]."
    )
    expected = np.array(
        [
            [
                (math.cos if i % 2 else math.sin)(position / 10_000 ** (2 * (i // 2) / 6))
                for i in range(6)
            ]
            for position in range(5)
        ]
    )
    with attempt("positional_encoding", hint):
        value = learner(5, 6)
    value = answered("positional_encoding", value, hint)
    compare("positional_encoding", value, expected, hint)
    passed("positional_encoding", "sines in the even dimensions, cosines in the odd ones")


def scaled_attention(learner):
    """Check scaled dot-product attention with a mask."""
    hint = (
        "scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]); np.where(mask, scores, -1e9); a "
        "softmax over the last axis (subtract the largest first); weights @ v."
    )
    generator = np.random.default_rng(1)
    q, k, v = (generator.normal(size=(2, 3, time, 4)) for time in (2, 5, 5))
    mask = generator.random((2, 1, 2, 5)) < 0.6
    mask[..., 0] = True
    expected, weights = np.zeros((2, 3, 2, 4)), np.zeros((2, 3, 2, 5))
    for batch, head, row in np.ndindex(2, 3, 2):
        powers = mask[batch, 0, row] * np.exp(k[batch, head] @ q[batch, head, row] / 2)
        weights[batch, head, row] = powers / powers.sum()
        expected[batch, head, row] = weights[batch, head, row] @ v[batch, head]
    with attempt("scaled_attention", hint):
        value = learner(q.copy(), k.copy(), v.copy(), mask)
    value = answered("scaled_attention", value, hint, count=2)
    compare("scaled_attention", tuple(value), (expected, weights), hint)
    with attempt("scaled_attention", hint), np.errstate(all="ignore"):
        value = learner(2000 * q, k, v, mask)
    more = "large scores overflow: subtract the largest of each row before np.exp."
    if not all(np.all(np.isfinite(part)) for part in answered("scaled_attention", value, hint)):
        raise CheckFailed(
            "scaled_attention: given values that are not finite for large scores; expected finite "
            f"ones.\n  Hint: {more}"
        )
    passed("scaled_attention", "scaled, masked, each row of weights adds up to one")


def decoder_mask(learner):
    """Check what each place of a decoder may attend to."""
    hint = (
        "np.tri(time, dtype=bool) says which places are not in the future, ids != 0 which are "
        "real; the second belongs to what is looked at, so it gets its new axis in the middle: "
        "[:, None, :]."
    )
    ids = np.array([[5, 7, 6, 0], [4, 0, 0, 0]])
    expected = np.array(
        [
            [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]],
            [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]],
        ],
        dtype=bool,
    )
    with attempt("decoder_mask", hint):
        value = learner(ids.copy())
    value = np.asarray(answered("decoder_mask", value, hint))
    if value.shape == expected.shape and value.dtype != bool:
        raise CheckFailed(
            f"decoder_mask: given values of type {value.dtype}; expected booleans, True = may "
            f"attend.\n  Hint: {hint}"
        )
    compare("decoder_mask", value, expected, hint)
    passed("decoder_mask", "no place sees the future, none sees padding")


def split_heads(learner):
    """Check how one wide vector becomes several narrow ones."""
    hint = (
        "reshape to (batch, time, heads, size) first, and only then exchange the two middle axes: "
        ".transpose(0, 2, 1, 3)."
    )
    x = np.arange(2 * 3 * 8, dtype=float).reshape(2, 3, 8)
    expected = np.stack([x[:, :, 0:2], x[:, :, 2:4], x[:, :, 4:6], x[:, :, 6:8]], axis=1)
    with attempt("split_heads", hint):
        value = learner(x.copy(), 4)
    compare("split_heads", answered("split_heads", value, hint), expected, hint)
    passed("split_heads", "every head gets its own part of each vector, and all of the time")


def encoder_block(learner):
    """Check the order of sums, norms and sublayers in a block."""
    hint = (
        "x = x + attention(norms[0](x)), and then x = x + network(norms[1](x)): each sublayer sees "
        "the normalised vectors, the sum does not."
    )
    x = np.array([[[1.0, 2.0], [3.0, 5.0]]])

    def attention(h):
        return 10 * h[:, ::-1]

    def network(h):
        return h**2

    norms = (lambda h: h - 1.0, lambda h: h / 4.0)
    middle = x + attention(norms[0](x))
    with attempt("encoder_block", hint):
        value = learner(x.copy(), attention, network, norms)
    value = answered("encoder_block", value, hint)
    compare("encoder_block", value, middle + network(norms[1](middle)), hint)
    passed("encoder_block", "two sublayers, each normalised before and added after")


def rate_at(learner):
    """Check a rate that rises in a line and falls as a cosine."""
    hint = (
        "before warm-up is over: peak * step / warmup. After it, done = (step - warmup) / (total - "
        "warmup) runs from 0 to 1, and the rate is peak * (1 + math.cos(math.pi * done)) / 2."
    )
    for step, expected in ((0, 0.0), (5, 0.1), (10, 0.2), (20, 0.15), (30, 0.05), (40, 0.0)):
        with attempt("rate_at", hint):
            value = learner(step, 0.2, 10, 40)
        compare(f"rate_at({step}, peak=0.2, warmup=10, total=40)", value, expected, hint)
    passed("rate_at", "up in a line to the peak, down to nothing at the end")


def attend_next(learner):
    """Check one step of attention with a cache."""
    hint = (
        "write key and value to place t of the caches, keys[:, :, t] = key, then attend with "
        "query[:, :, None] and the mask np.arange(length) <= t; return output[:, :, 0]."
    )
    generator = np.random.default_rng(3)
    shape = (2, 3, 5, 4)
    q, k, v = (generator.normal(size=shape) for _ in range(3))
    keys, values = np.zeros(shape), np.zeros(shape)
    for t in range(5):
        scores = np.einsum("bhd,bhtd->bht", q[:, :, t], k[:, :, : t + 1]) / 2
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        expected = np.einsum("bht,bhtd->bhd", weights, v[:, :, : t + 1])
        with attempt("attend_next", hint):
            value = learner(q[:, :, t], k[:, :, t], v[:, :, t], keys, values, t)
        value = answered("attend_next", value, hint)
        compare(f"attend_next at step {t}", value, expected, hint)
        for name, cache, new in (("keys", keys, k), ("values", values, v)):
            if not np.allclose(cache[:, :, t], new[:, :, t]):
                raise CheckFailed(
                    f"attend_next: given a cache of {name} without what step {t} brought; expected "
                    f"it at place {t}.\n  Hint: {hint}"
                )
    passed("attend_next", "each step adds one key and one value, and sees all of them so far")
