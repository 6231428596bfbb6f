"""The likeliest token each time."""

from keras import ops

from seqlib.decoding.loop import check_jit_compile, run
from seqlib.decoding.path import build_path, check_start
from seqlib.decoding.step import state_leaves


def greedy(step, states, first_token, *, length, end_token=None, jit_compile="auto"):
    r"""Take the likeliest token each time, in one compiled loop.

    $$y_t = \arg\max_y p(y \mid y_1 \ldots y_{t-1})$$

    Quick, and often good; but a likely token may lead where nothing likely follows, and the
    sequence found is then not the likeliest: see `beam_search`.

    Args:
        step: Function (tokens, states) -> (logits, states); see `sample`.
        states: What `step` needs to begin with: any structure of tensors, rows first.
        first_token: (batch,) token ids to begin with; they are not part of the result.
        length: Number of tokens to choose, at most.
        end_token: Id of the token that ends a sequence; None for none. A sequence that has ended
            is filled up with it. The loop stops when all have ended.
        jit_compile: "auto", True or False; see `sample`.

    Returns:
        Tokens, (batch, length) of int32, and for each its natural log-probability, (batch, length);
        zero after the end token. Of equally likely tokens the first one is taken.

    Raises:
        ValueError: If an argument has a value outside what is allowed, or the step function
            returns other shapes than `sample` asks for.

    Example:
        >>> def count_up(tokens, states):
        ...     return ops.one_hot((tokens + 1) % 4, 4), states
        >>> tokens, log_probabilities = greedy(count_up, (), [0, 1], length=5, end_token=3)
        >>> ops.convert_to_numpy(tokens).tolist()
        [[1, 2, 3, 3, 3], [2, 3, 3, 3, 3]]
    """
    check_jit_compile(jit_compile)
    tokens = check_start(first_token, length, end_token)
    return run(
        build_greedy,
        step,
        states,
        [tokens],
        leaves=state_leaves(states),
        jit_compile=jit_compile,
        length=int(length),
        end_token=end_token,
    )


def build_greedy(step, structure, **options):
    """Build the loop of `greedy`."""

    def choose(logits, t, rows, shared):
        return ops.cast(ops.argmax(logits, axis=-1), "int32")

    return build_path(step, structure, choose=choose, **options)
