"""Connectionist temporal classification: the loss with its gradient, and decoding.

`seqlib.losses.ctc` beside the losses of Keras, TensorFlow and PyTorch, all with real lengths of
frames and labels that differ from row to row, and `seqlib.decoding.ctc_beam_search` without a
language model beside `keras.ops.ctc_decode`. All sides have to find the same before they are timed.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from benchmarks import torch_layers
from benchmarks.agreement import check_agreement
from benchmarks.turns import Contestant, compare, row
from seqlib import decoding, losses

SHAPES = ((32, 75, 45), (64, 75, 45), (32, 300, 100))  # batch, frames, labels
CLASSES = 29  # letters, the space, the apostrophe and the blank
WIDTH = 16
_BATCHES = 4  # that are taken in turn


def rows(effort, shapes=SHAPES):
    """Measure the loss at each shape, and decoding at the first."""
    for batch, frames, labels in shapes:
        drawn = [_drawn(seed, batch, frames, labels) for seed in range(_BATCHES)]
        contestants = [
            Contestant(name, lambda k, call=call, drawn=drawn: call(*drawn[k % _BATCHES]), batch)
            for name, call in _gradients().items()
        ]
        shape = {"batch": batch, "frames": frames, "labels": labels, "classes": CLASSES}
        measured = compare(contestants, effort, check=check_agreement)
        what = f"CTC of {frames} frames, loss and gradient"
        yield row("ctc", "CTC", what, shape, "clip", measured)
    batch, frames, labels = shapes[0]
    drawn = [_drawn(seed, batch, frames, labels) for seed in range(_BATCHES)]
    contestants = [
        Contestant(name, lambda k, call=call: call(*drawn[k % _BATCHES]), batch)
        for name, call in _decoders().items()
    ]
    shape = {"batch": batch, "frames": frames, "classes": CLASSES}
    measured = compare(contestants, effort, check=_check_transcripts)
    what = f"CTC of {frames} frames, beam of {WIDTH}"
    yield row("ctc", "CTC", what, shape, "clip", measured)


def _drawn(seed, batch, frames, labels):
    """Return logits, labels padded by the blank 0, and the lengths of both."""
    draw = np.random.default_rng(seed)
    ids = draw.integers(1, CLASSES, (batch, labels), dtype="int32")
    label_lengths = draw.integers(labels // 2, labels + 1, batch, dtype="int32")
    ids[np.arange(labels) >= label_lengths[:, None]] = 0
    # A label that comes twice running needs a frame more, a blank between the two.
    least = np.minimum(label_lengths + (ids[:, 1:] == ids[:, :-1]).sum(axis=1) + 1, frames)
    frame_lengths = draw.integers(least, frames + 1, dtype="int32")
    logits = draw.normal(size=(batch, frames, CLASSES)).astype("float32")
    # As those of a recognizer: blanks, and now and then a label.
    logits[:, :, 0] += 4
    for clip, (number, length) in enumerate(zip(frame_lengths, label_lengths, strict=True)):
        said = np.sort(draw.choice(number, length, replace=False))
        logits[clip, said, ids[clip, :length]] += 8
    return logits, ids, frame_lengths, label_lengths


def _gradients():
    """Return functions to the losses and the gradient, by name."""

    def of_tensorflow(loss):
        @tf.function
        def both(logits, labels, frames, label_lengths):
            with tf.GradientTape() as tape:
                tape.watch(logits)
                total = loss(logits, labels, frames, label_lengths)
            return total, tape.gradient(total, logits)

        return lambda *arrays: [x.numpy() for x in both(*map(tf.constant, arrays))]

    def sparse(logits, labels, frames, label_lengths):
        labels = tf.sparse.from_dense(labels)
        return tf.nn.ctc_loss(labels, logits, None, frames, logits_time_major=False, blank_index=0)

    def dense(logits, labels, frames, label_lengths):
        return tf.nn.ctc_loss(
            labels, logits, label_lengths, frames, logits_time_major=False, blank_index=0
        )

    found = {
        "seqlib": of_tensorflow(lambda z, y, frames, _: losses.ctc(y, z, frames)),
        "keras.ops": of_tensorflow(lambda z, y, frames, n: ops.ctc_loss(y, z, n, frames)),
        "tf.nn, sparse": of_tensorflow(sparse),
        "tf.nn, dense": of_tensorflow(dense),
    }
    if torch_layers.torch is not None:
        found["torch, ctc"] = torch_layers.ctc
    return found


def _decoders():
    """Return functions to the labels of each row, as lists, by name."""

    def of_seqlib(logits, labels, frames, label_lengths):
        found = decoding.ctc_beam_search(logits, frames, width=WIDTH)
        return _listed(found.tokens)

    def of_keras(logits, labels, frames, label_lengths):
        (tokens,), _ = ops.ctc_decode(
            logits, frames, "beam_search", beam_width=WIDTH, top_paths=1, mask_index=0
        )
        return _listed(tokens[:, None])

    return {"seqlib": of_seqlib, "keras.ops, beam": of_keras}


def _listed(tokens):
    return [[int(k) for k in row if k >= 0] for row in keras.ops.convert_to_numpy(tokens)[:, 0]]


def _check_transcripts(results):
    """Raise where the sides do not read the same; two texts may be as likely to rounding."""
    ours, theirs = results.values()
    same = np.mean([a == b for a, b in zip(ours, theirs, strict=True)])
    if same < 0.9:
        raise RuntimeError(f"keras.ops reads only {same:.0%} of the rows as seqlib does.")
