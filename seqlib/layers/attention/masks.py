"""Masks of attention: joined in one place, and a softmax over what they leave.

One convention holds in the whole package, that of Keras: a mask is boolean, and **True means
attend** (a real token), False means leave out (padding, the future).
"""

import keras
from keras import ops

HALF = ("float16", "bfloat16")
FLOAT16_MAX = 65504.0
LEAST = -3e38  # about the least number of float32


def join_masks(
    scores_shape,
    query_mask=None,
    value_mask=None,
    attention_mask=None,
    use_causal_mask=False,
    key_mask=None,
):
    """Join the masks of scores, (batch, ..., query time, value time); None if there is none."""
    # query_mask (batch, query time), value_mask and key_mask (batch, value time), attention_mask
    # with or without batch, of size 1 where an axis stands for all; True = attend in each.
    *batch, query_time, value_time = scores_shape
    batch = batch[0] if batch else None
    masks = []
    if query_mask is not None:
        sizes = {"batch": batch, "query time": query_time}
        masks.append(_checked("query_mask", query_mask, sizes)[:, :, None])
    for name, mask in (("value_mask", value_mask), ("key_mask", key_mask)):
        if mask is not None:
            sizes = {"batch": batch, "value time": value_time}
            masks.append(_checked(name, mask, sizes)[:, None, :])
    if attention_mask is not None:
        sizes = {"batch": batch, "query time": query_time, "value time": value_time}
        masks.append(_checked("attention_mask", attention_mask, sizes, may_broadcast=True))
    if use_causal_mask:
        masks.append(causal_mask(query_time, value_time)[None])
    joined = None
    for mask in masks:
        joined = mask if joined is None else ops.logical_and(joined, mask)
    return joined


def causal_mask(query_time, value_time=None):
    """Return which values each query may see, those up to its own time, (query time, value time).

    Args:
        query_time: Number of queries.
        value_time: Number of values, of which the queries are the last; as many where None.

    Example:
        >>> ops.convert_to_numpy(causal_mask(3)).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    value_time = query_time if value_time is None else value_time
    query = ops.arange(query_time)[:, None] + (value_time - query_time)
    return ops.arange(value_time)[None, :] <= query


def masked_softmax(scores, mask=None):
    r"""Turn scores into weights, $m_i e^{s_i} / \sum_j m_j e^{s_j}$, 0 where all is masked.

    Example:
        >>> scores = ops.array([[0.0, 0.0, 9.0], [1.0, 2.0, 3.0]])
        >>> mask = ops.array([[True, True, False], [False, False, False]])
        >>> ops.convert_to_numpy(masked_softmax(scores, mask)).tolist()
        [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    """
    dtype = keras.backend.standardize_dtype(scores.dtype)
    if dtype in HALF:  # added up in full
        scores = ops.cast(scores, "float32")
    if dtype == "float16":
        scores = ops.clip(scores, -FLOAT16_MAX, FLOAT16_MAX)
    if mask is None:
        return ops.cast(_softmax(scores), dtype)
    # A finite score for what is masked: where all is masked, -inf would leave 0 / 0.
    weights = _softmax(ops.where(mask, scores, LEAST))
    return ops.cast(ops.where(mask, weights, 0.0), dtype)


def _softmax(scores):
    if scores.shape[-1] == 1:
        # `ops.softmax` warns that a softmax over one score is always 1, as it takes it for a
        # mistaken sigmoid. Here it is right: a source of one token gets all of the attention.
        return ops.ones_like(scores)
    return ops.softmax(scores, axis=-1)


def _checked(name, mask, sizes, may_broadcast=False):
    """Return a mask as booleans, batch first, or refuse it by name where its shape is another."""
    mask = ops.cast(ops.convert_to_tensor(mask), "bool")
    shape = tuple(mask.shape)
    if may_broadcast and len(shape) == 2:
        mask = mask[None]
    fits = len(mask.shape) == len(sizes)
    for axis, (found, size) in enumerate(zip(mask.shape, sizes.values(), strict=False)):
        is_known = isinstance(found, int) and isinstance(size, int)
        is_one = found == 1 and (may_broadcast or axis == 0)
        fits = fits and (not is_known or found == size or is_one)
    if not fits:
        known = (str(size) if isinstance(size, int) else "any" for size in sizes.values())
        allowed = f"({', '.join(sizes)})"
        if may_broadcast:
            allowed += f" or ({', '.join(list(sizes)[1:])})"
        raise ValueError(
            f"`{name}` has the shape {shape}. Allowed: {allowed}, here ({', '.join(known)}), of "
            "booleans, True = attend."
        )
    return mask
