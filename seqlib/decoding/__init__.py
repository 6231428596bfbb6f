"""From next-token logits to sequences: sampling, greedy and beam search, each one compiled loop.

They drive a model through one protocol, two methods or functions of any name:

* ``initial_state(...)`` returns what the model remembers before the first token: any structure of
  tensors whose first axis is the batch, ``()`` for nothing; a scalar is shared by all rows. What a
  step only reads, such as an encoder's output, is a part of it.
* ``step(tokens, states)`` takes one token a row, (batch,) of int32, and returns the logits of the
  next ones, (batch, vocabulary), and the new states, of the same structure, shapes and dtypes.

`ctc_greedy` and `ctc_beam_search` need no step: they read labels off logits that a recognizer has
given for all frames.

Example:
    >>> import keras
    >>> from seqlib import decoding, layers
    >>> cell, head = layers.LSTMCell(8), keras.layers.Dense(5)
    >>> def step(tokens, states):
    ...     h, states = cell(keras.ops.one_hot(tokens, 5), states)
    ...     return head(h), states
    >>> tokens, _ = decoding.sample(step, cell.get_initial_state(3), [0, 0, 0], length=7)
    >>> tuple(tokens.shape)
    (3, 7)
"""

from seqlib.decoding.automaton import Automaton
from seqlib.decoding.autoregressive import greedy
from seqlib.decoding.beam import beam_search
from seqlib.decoding.ctc import ctc_beam_search, ctc_greedy
from seqlib.decoding.filters import filter_logits
from seqlib.decoding.sampling import sample

__all__ = [
    "Automaton",
    "beam_search",
    "ctc_beam_search",
    "ctc_greedy",
    "filter_logits",
    "greedy",
    "sample",
]
