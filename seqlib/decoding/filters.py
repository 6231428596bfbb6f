"""Temperature, top-k and top-p: which tokens a model may say, and how boldly."""

import numbers

from keras import ops

from seqlib.layers.arguments import refusal

PAIRWISE = 64  # largest vocabulary in which every token is compared with every other


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    r"""Sharpen or flatten a next-token distribution and cut off its tail.

    $$p_i \propto \exp(\ell_i / T)$$

    over the tokens that are kept: with `top_k` the k most likely ones; with `top_p` the fewest,
    most likely first, whose probabilities add up to at least p (the *nucleus*), after temperature
    and `top_k`. Tokens as likely as the last one kept are kept too.

    Args:
        logits: (..., vocabulary).
        temperature: $T > 0$. Below 1 likely tokens become likelier, above 1 the unlikely ones do.
        top_k: Number of tokens to keep, at least 1; None for all.
        top_p: Probability to keep, in (0, 1]; None for all.

    Returns:
        (..., vocabulary) logits; -inf for a token that is cut off.

    Example:
        >>> logits = ops.log(ops.array([0.5, 0.3, 0.15, 0.05]))
        >>> [round(float(p), 3) for p in ops.softmax(filter_logits(logits, top_k=2))]
        [0.625, 0.375, 0.0, 0.0]
        >>> [round(float(p), 3) for p in ops.softmax(filter_logits(logits, top_p=0.9))]
        [0.526, 0.316, 0.158, 0.0]

    Source:
        top-k: Fan et al., Hierarchical neural story generation (2018); top-p: Holtzman et al., The
        curious case of neural text degeneration (2020).
    """
    check_filter(temperature, top_k, top_p)
    return apply_filters(ops.convert_to_tensor(logits), temperature, top_k, top_p)


def check_filter(temperature, top_k, top_p):
    """Refuse what `filter_logits` cannot take, by name."""
    if not temperature > 0:
        allowed = "a number above 0; for the likeliest token each time use `greedy`, or top_k=1"
        raise refusal(None, "temperature", temperature, allowed)
    if top_k is not None and (not isinstance(top_k, numbers.Integral) or top_k < 1):
        raise refusal(None, "top_k", top_k, "a positive integer, or None for all")
    if top_p is not None and not 0 < top_p <= 1:
        raise refusal(None, "top_p", top_p, "a number above 0 and up to 1, or None for all")


def apply_filters(logits, temperature, top_k, top_p):
    """Do what `filter_logits` says, unchecked; temperature and `top_p` may be tensors."""
    logits = logits / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        cutoff = cutoff_logit(logits, ops.ones_like(logits), float(top_k))
        logits = ops.where(logits < cutoff, -float("inf"), logits)
    if top_p is not None:
        # A nucleus of all the probability is everything, however the sums are rounded.
        bound = ops.where(ops.convert_to_tensor(top_p) < 1, top_p, 2.0)
        cutoff = cutoff_logit(logits, ops.softmax(logits), bound)
        logits = ops.where(logits < cutoff, -float("inf"), logits)
    return logits


def cutoff_logit(logits, weights, bound):
    """Return the least logit, (..., 1), such that `weights` of likelier ones stay below `bound`."""
    # Without sorting, which XLA does many times slower on a CPU: a token is in when the weights of
    # all that are likelier sum to less than the bound. That sum is written out for every token of
    # a small vocabulary; in a large one the smallest logit for which it holds is found by halving,
    # 32 times, the range of all 32-bit floating-point numbers.
    if logits.shape[-1] <= PAIRWISE:
        likelier = logits[..., None, :] > logits[..., :, None]  # (..., token, other)
        is_kept = ops.sum(ops.where(likelier, weights[..., None, :], 0.0), axis=-1) < bound
    else:
        keys = _sortable_bits(logits)
        top = ops.max(keys, axis=-1, keepdims=True)
        low, high = ops.full_like(top, -(2**31)), top

        def halve(_, ends):
            low, high = ends
            # The mean rounded down; low + high itself would not fit.
            middle = (low & high) + ops.right_shift(low ^ high, 1)
            likelier = ops.sum(ops.where(keys > middle, weights, 0.0), axis=-1, keepdims=True)
            is_in = likelier < bound
            return ops.where(is_in, low, middle + 1), ops.where(is_in, middle, high)

        _, high = ops.fori_loop(0, 32, halve, (low, high))
        is_kept = keys >= high
    return ops.min(ops.where(is_kept, logits, float("inf")), axis=-1, keepdims=True)


def _sortable_bits(x):
    """Map floating-point numbers to 32-bit integers that are in the same order."""
    bits = ops.view(ops.cast(x, "float32"), "int32")
    return ops.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
