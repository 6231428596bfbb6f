"""The side of TensorFlow: what a layer of Keras or of seqlib does, as one `tf.function` each."""

import tensorflow as tf


def timed(forward, inputs, variables=(), jit=False):
    """Return functions for a training step and for inference, as `torch_layers.timed` does."""
    tensors = [tuple(map(tf.constant, arrays)) for arrays in inputs]

    @tf.function(jit_compile=jit)
    def train(arrays):
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            loss = tf.reduce_mean(tf.square(forward(*arrays, training=True)))
        return loss, *tape.gradient(loss, [*arrays, *variables])

    @tf.function(jit_compile=jit)
    def infer(arrays):
        return (forward(*arrays, training=False),)

    # On the processor a `tf.function` returns when its result is there.
    return {
        "training step": lambda k: train(tensors[k % len(tensors)]),
        "inference": lambda k: infer(tensors[k % len(tensors)]),
    }
