"""One sequence a row, one token at a time: the loop under sampling, and the greedy choice."""

from keras import ops

from seqlib.decoding.loop import check_jit_compile, run
from seqlib.decoding.protocol import check_start, check_states, take_step


def greedy(step, states, first_token, *, length, end_token=None, jit_compile="auto"):
    r"""Take the likeliest token each time, in one compiled loop.

    $$y_t = \arg\max_y p(y \mid y_1 \ldots y_{t-1})$$

    Quick, and often good; but a likely token may lead where nothing likely follows, and the
    sequence found is then not the likeliest: see `beam_search`.

    The arguments are those of `sample`.

    Returns:
        Tokens, (batch, length) of int32, and for each its natural log-probability, (batch, length);
        zero after the end token. Of equally likely tokens the first one is taken.

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
        check_states(states),
        [tokens],
        jit_compile=jit_compile,
        length=int(length),
        end_token=end_token,
    )


def build_greedy(step, **options):
    """Build the loop of `greedy`."""

    def select(logits, t, rows, shared):
        return ops.cast(ops.argmax(logits, axis=-1), "int32")

    return build_generation_loop(step, select=select, **options)


def build_generation_loop(step, *, select, length, end_token):
    """Build a loop that appends to each row the token that `select` chooses."""

    def loop(rows, states, shared):
        tokens, *rows = rows
        batch = tokens.shape[0]

        def is_unfinished(t, ended, *_):
            if end_token is None:
                return t < length
            return ops.logical_and(t < length, ops.logical_not(ops.all(ended)))

        def append(t, ended, tokens, sequences, scores, states):
            logits, states = take_step(step, tokens, states, end_token)
            tokens = select(logits, t, rows, shared)  # (batch,); `rows` but for the first tokens
            score = log_probability(logits, tokens)
            if end_token is not None:
                tokens = ops.where(ended, end_token, tokens)
                score = ops.where(ended, 0.0, score)
                ended = ops.logical_or(ended, tokens == end_token)
            sequences, scores = write_row(sequences, t, tokens), write_row(scores, t, score)
            return t + 1, ended, tokens, sequences, scores, states

        start = (
            ops.convert_to_tensor(0, "int32"),
            ops.zeros((batch,), "bool"),
            tokens,
            ops.full((length, batch), 0 if end_token is None else end_token, "int32"),
            ops.zeros((length, batch), "float32"),
            states,
        )
        _, _, _, sequences, scores, _ = ops.while_loop(is_unfinished, append, start)
        return ops.transpose(sequences), ops.transpose(scores)

    return loop


def write_row(array, t, row):
    """Return an array (length, ...) with its row number t replaced: in place, where compiled."""
    return ops.scatter_update(array, ops.reshape(t, (1, 1)), row[None])


def log_probability(logits, tokens):
    """Return the log-probability of one token a row, (batch,)."""
    logit = ops.take_along_axis(logits, tokens[:, None], axis=-1)[:, 0]
    return logit - ops.logsumexp(logits, axis=-1)
