"""The checks of notebook 4-1: right answers pass, typical wrong ones and empty ones do not."""

import math

import numpy as np
import pytest

from course.checks import CheckFailed
from course.checks import transformer as checks


def positional_encoding(length, dim):
    angles = np.arange(length)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim)


def scaled_attention(q, k, v, mask):
    scores = np.where(mask, q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), -1e9)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights @ v, weights


def decoder_mask(ids):
    return np.tri(ids.shape[1], dtype=bool) & (ids != 0)[:, None]


def split_heads(x, heads):
    batch, time, units = x.shape
    return x.reshape(batch, time, heads, units // heads).transpose(0, 2, 1, 3)


def encoder_block(x, attention, network, norms):
    x = x + attention(norms[0](x))
    return x + network(norms[1](x))


def rate_at(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def attend_next(query, key, value, keys, values, t):
    keys[:, :, t], values[:, :, t] = key, value
    seen = np.arange(keys.shape[2]) <= t
    return scaled_attention(query[:, :, None], keys, values, seen)[0][:, :, 0]


SOLUTIONS = [
    positional_encoding,
    scaled_attention,
    decoder_mask,
    split_heads,
    encoder_block,
    rate_at,
    attend_next,
]


def halves(length, dim):
    angles = np.arange(length)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)


def unscaled(q, k, v, mask):
    return scaled_attention(q * np.sqrt(q.shape[-1]), k, v, mask)


def unmasked(q, k, v, mask):
    return scaled_attention(q, k, v, np.ones_like(mask))


def overflows(q, k, v, mask):
    powers = np.exp(q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])) * mask
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights @ v, weights


def without_transpose(x, heads):
    batch, time, units = x.shape
    return x.reshape(batch, heads, time, units // heads)


def post_norm(x, attention, network, norms):
    x = norms[0](x + attention(x))
    return norms[1](x + network(x))


def without_sums(x, attention, network, norms):
    return network(norms[1](attention(norms[0](x))))


def without_the_cache(query, key, value, keys, values, t):
    return value


def sees_all(query, key, value, keys, values, t):
    keys[:, :, t], values[:, :, t] = key, value
    seen = np.ones(keys.shape[2], dtype=bool)
    return scaled_attention(query[:, :, None], keys, values, seen)[0][:, :, 0]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("positional_encoding", halves),
        ("positional_encoding", lambda length, dim: positional_encoding(length + 1, dim)[1:]),
        ("scaled_attention", unscaled),
        ("scaled_attention", unmasked),
        ("scaled_attention", overflows),
        ("scaled_attention", lambda *given: scaled_attention(*given)[0]),
        ("decoder_mask", lambda ids: np.tri(ids.shape[1], dtype=bool) & (ids != 0)[:, :, None]),
        ("decoder_mask", lambda ids: ~decoder_mask(ids)),
        ("decoder_mask", lambda ids: decoder_mask(ids).astype(int)),
        ("split_heads", without_transpose),
        ("encoder_block", post_norm),
        ("encoder_block", without_sums),
        ("rate_at", lambda step, peak, warmup, total: peak * step / warmup),
        ("rate_at", lambda step, peak, warmup, total: rate_at(step, peak, 0, total)),
        ("attend_next", without_the_cache),
        ("attend_next", sees_all),
    ],
)
def test_wrong_answers_fail_with_a_hint(name, wrong):
    with pytest.raises(CheckFailed, match="Hint"):
        getattr(checks, name)(wrong)


def test_errors_come_back_with_a_hint():
    with pytest.raises(CheckFailed, match="raised ZeroDivisionError"):
        checks.rate_at(lambda *_: 1 / 0)
