"""Checks of the exercises in notebook 4-1, transformer."""

import math

import numpy as np

from course.checks import exercise


@exercise(
    "angles = np.arange(length)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim); their "
    "sines go to [:, 0::2], their cosines to [:, 1::2]."
)
def positional_encoding(check):
    expected = np.zeros((5, 6))
    for position, i in np.ndindex(5, 6):
        wave = math.cos if i % 2 else math.sin
        expected[position, i] = wave(position / 10_000 ** (2 * (i // 2) / 6))
    check.case(5, 6, expected=expected)
    check.passed("sines in the even dimensions, cosines in the odd ones")


@exercise(
    "scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]); np.where(mask, scores, -1e9); a "
    "softmax over the last axis (subtract the largest first); weights @ v."
)
def scaled_attention(check):
    generator = np.random.default_rng(1)
    q, k, v = (generator.normal(size=(2, 3, time, 4)) for time in (2, 5, 5))
    mask = generator.random((2, 1, 2, 5)) < 0.6
    mask[..., 0] = True
    expected, weights = np.zeros((2, 3, 2, 4)), np.zeros((2, 3, 2, 5))
    for batch, head, row in np.ndindex(2, 3, 2):
        powers = mask[batch, 0, row] * np.exp(k[batch, head] @ q[batch, head, row] / 2)
        weights[batch, head, row] = powers / powers.sum()
        expected[batch, head, row] = weights[batch, head, row] @ v[batch, head]
    check.case(q, k, v, mask, expected=(expected, weights))
    hint = "large scores overflow: subtract the largest of each row before np.exp."
    value = check.run(2000 * q, k, v, mask, count=2, hint=hint)
    if not all(np.all(np.isfinite(part)) for part in value):
        check.fail("values that are not finite for large scores", "finite ones", hint=hint)
    check.passed("scaled, masked, each row of weights adds up to one")


@exercise(
    "np.tri(time, dtype=bool) says which places are not in the future, ids != 0 which are "
    "real; the second belongs to what is looked at, so it gets its new axis in the middle: "
    "[:, None, :]."
)
def decoder_mask(check):
    expected = [
        [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]],
        [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]],
    ]
    check.case(np.array([[5, 7, 6, 0], [4, 0, 0, 0]]), expected=np.array(expected, dtype=bool))
    check.passed("no place sees the future, none sees padding")


@exercise(
    "reshape to (batch, time, heads, size) first, and only then exchange the two middle axes: "
    ".transpose(0, 2, 1, 3)."
)
def split_heads(check):
    x = np.arange(2 * 3 * 8, dtype=float).reshape(2, 3, 8)
    check.case(x, 4, expected=np.stack(np.split(x, 4, axis=-1), axis=1))
    check.passed("every head gets its own part of each vector, and all of the time")


@exercise(
    "x = x + attention(norms[0](x)), and then x = x + network(norms[1](x)): each sublayer sees "
    "the normalized vectors, the sum does not."
)
def encoder_block(check):
    def attention(h):
        return 10 * h[:, ::-1]

    def network(h):
        return h**2

    norms = (lambda h: h - 1.0, lambda h: h / 4.0)
    x = np.array([[[1.0, 2.0], [3.0, 5.0]]])
    middle = np.array([[[21.0, 42.0], [3.0, 15.0]]])  # x + 10 * (x - 1) of the other place
    check.case(x, attention, network, norms, expected=middle + (middle / 4) ** 2)
    check.passed("two sublayers, each normalized before and added after")


@exercise(
    "before warm-up is over: peak * step / warmup. After it, done = (step - warmup) / (total - "
    "warmup) runs from 0 to 1, and the rate is peak * (1 + math.cos(math.pi * done)) / 2."
)
def rate_at(check):
    for step, expected in ((0, 0.0), (5, 0.1), (10, 0.2), (20, 0.15), (30, 0.05), (40, 0.0)):
        check.case(step, 0.2, 10, 40, expected=expected)
    check.passed("up in a line to the peak, down to nothing at the end")


@exercise(
    "write key and value to place t of the caches, keys[:, :, t] = key, then attend with "
    "query[:, :, None] and the mask np.arange(length) <= t; return output[:, :, 0]."
)
def attend_next(check):
    generator = np.random.default_rng(3)
    shape = (2, 3, 5, 4)
    q, k, v = (generator.normal(size=shape) for _ in range(3))
    keys, values = np.zeros(shape), np.zeros(shape)

    def step(query, key, value, t, learner=check.learner):
        return learner(query, key, value, keys, values, t)

    check.learner = step  # the caches are handed over themselves, not as copies: they are written
    for t in range(5):
        scores = np.einsum("bhd,bhtd->bht", q[:, :, t], k[:, :, : t + 1]) / 2
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        expected = np.einsum("bht,bhtd->bhd", weights, v[:, :, : t + 1])
        arguments = q[:, :, t], k[:, :, t], v[:, :, t], t
        check.case(*arguments, expected=expected, label=f" at step {t}")
        check.compare(keys[:, :, t], k[:, :, t], f" at step {t}, key in the cache")
        check.compare(values[:, :, t], v[:, :, t], f" at step {t}, value in the cache")
    check.passed("each step adds one key and one value, and sees all of them so far")
