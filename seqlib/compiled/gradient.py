"""One gradient of our own: what it needs is kept, or computed again where none was expected."""

import weakref

import keras

from seqlib.compiled.backend import BACKEND


def with_gradient(programs, inputs, fixed, *, expected):
    """Run `programs.forward` with `programs.backward` as its gradient, on TensorFlow and JAX."""
    # programs, kept by the caller: ``forward(inputs, fixed, for_gradient)`` returns the outputs and
    # what a gradient needs of them; ``backward(inputs, fixed, residuals, d_outputs)`` returns
    # anything, from which ``finish(inputs, fixed, d)`` makes the gradients of the inputs, by
    # operations of its own that are left out of a graph where nobody asks for them.
    # inputs and fixed: nests of tensors to differentiate by, and of the others.
    # expected: whether to keep what a gradient needs; without, a gradient runs forward once more.
    run = _on_jax if BACKEND.name == "jax" else _on_tensorflow
    return run(programs, inputs, fixed, expected)


def refuse_second_derivative(*_):
    """Stand where TensorFlow would take a second derivative."""
    raise NotImplementedError(
        "The kernel for whole sequences has first derivatives alone. For second ones make the "
        "layer with engine='reference'."
    )


def _on_tensorflow(programs, inputs, fixed, expected):
    tf, tree = BACKEND.tf, keras.tree
    # TensorFlow keeps the functions below for good, and with them whatever they hold.
    programs = weakref.ref(programs)
    fixed = tree.map_structure(lambda x: None if x is None else tf.stop_gradient(x), fixed)
    structure = None

    @tf.custom_gradient
    def run(*differentiable):
        nonlocal structure
        # No tape may look inside: the gradient is the one given below.
        inside = tree.pack_sequence_as(inputs, [tf.stop_gradient(x) for x in differentiable])
        outputs, residuals = programs().forward(inside, fixed, expected)
        structure = tree.map_structure(lambda _: 0, outputs)

        def gradients(*upstream):
            shape_of_d = None

            @tf.custom_gradient
            def once(*_):
                nonlocal shape_of_d
                known = residuals
                if not expected:
                    known = programs().forward(inside, fixed, True)[1]
                d_outputs = [tf.stop_gradient(d) for d in upstream]
                d_outputs = tree.pack_sequence_as(structure, d_outputs)
                d = programs().backward(inside, fixed, known, d_outputs)
                shape_of_d = tree.map_structure(lambda _: 0, d)
                return tuple(tree.flatten(d)), refuse_second_derivative

            flat = once(*differentiable, *upstream)
            d = tree.pack_sequence_as(shape_of_d, flat)
            return tree.flatten(programs().finish(inside, fixed, d))

        return tuple(tree.flatten(outputs)), gradients

    flat = run(*tree.flatten(inputs))
    return tree.pack_sequence_as(structure, flat)


def _on_jax(programs, inputs, fixed, expected):
    @BACKEND.jax.custom_vjp
    def run(inputs, fixed):
        return programs.forward(inputs, fixed, False)[0]

    def forward(inputs, fixed):
        outputs, residuals = programs.forward(inputs, fixed, True)
        return outputs, (inputs, fixed, residuals)

    def backward(known, d_outputs):
        inputs, fixed, _ = known
        d = programs.backward(*known, d_outputs)
        return programs.finish(inputs, fixed, d), None

    run.defvjp(forward, backward)
    return run(inputs, fixed)
