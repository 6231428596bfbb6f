"""Masks of attention: joined in one place, and a softmax over what they leave.

One convention holds in the whole package, that of Keras: a mask is boolean, and **True means
attend** (a real token), False means leave out (padding, the future).
"""

import keras
from keras import ops

from seqlib.layers.arguments import checked_mask

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
    """Join the masks of scores, (batch, [heads,] query time, value time); None without any."""
    # query_mask (batch, query time), value_mask and key_mask (batch, value time); attention_mask as
    # the scores, without batch or heads, of size 1 where an axis stands for all; True = attend.
    batch, *heads, query_time, value_time = scores_shape
    axes = {"batch": batch, "query time": query_time, "value time": value_time}
    if heads:
        axes = {"batch": batch, "heads": heads[0], **axes}
    masks = []
    for name, mask, own in (
        ("query_mask", query_mask, "query time"),
        ("value_mask", value_mask, "value time"),
        ("key_mask", key_mask, "value time"),
    ):
        if mask is not None:
            mask = checked_mask(name, mask, {"batch": batch, own: axes[own]})
            places = [place for place, axis in enumerate(axes) if axis not in ("batch", own)]
            masks.append(ops.expand_dims(mask, places))
    if attention_mask is not None:
        masks.append(_with_all_axes(ops.convert_to_tensor(attention_mask), axes))
    if use_causal_mask:
        masks.append(
            ops.expand_dims(causal_mask(query_time, value_time), list(range(len(axes) - 2)))
        )
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


def masked_softmax(scores, mask=None, mean_of_masked=False):
    r"""Turn scores into weights, $m_i e^{s_i} / \sum_j m_j e^{s_j}$.

    Where all is masked they are 0, or all equal with `mean_of_masked`.

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
    if not mean_of_masked:
        weights = ops.where(mask, weights, 0.0)
    return ops.cast(weights, dtype)


def _softmax(scores):
    if scores.shape[-1] == 1:
        # `ops.softmax` warns that a softmax over one score is always 1, as it takes it for a
        # mistaken sigmoid. Here it is right: a source of one token gets all of the attention.
        return ops.ones_like(scores)
    return ops.softmax(scores, axis=-1)


def _with_all_axes(attention_mask, axes):
    """Return an attention mask with a size, perhaps 1, for each axis of the scores."""
    by_rank = {2: ("query time", "value time"), 3: ("batch", "query time", "value time")}
    given = by_rank.get(len(attention_mask.shape), tuple(axes))
    sizes = {name: axes[name] for name in given}
    mask = checked_mask("attention_mask", attention_mask, sizes, one_for_all=given)
    for place, name in enumerate(axes):
        mask = mask if name in given else ops.expand_dims(mask, place)
    return mask
