"""CTC: every alignment counted out, padding, gradients, faults."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import losses
from seqlib.layers import ctc
from tests.seqlib.layers.gradients import relative_error, slopes, to_numpy, value_and_gradients

ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


def drawn(batch, time, classes, longest, seed=0):
    """Logits, labels padded with the blank 0, and how many frames of each row are real."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(batch, time, classes)).astype("float32")
    lengths = rng.integers(0, longest + 1, batch)
    labels = rng.integers(1, classes, (batch, longest)) * (np.arange(longest) < lengths[:, None])
    frames = rng.integers(2 * longest, time + 1, batch)
    return logits, labels.astype("int32"), frames.astype("int32")


def reading(alignment):
    """What an alignment reads: repeated classes merged, blanks out."""
    return tuple(k for k, _ in itertools.groupby(alignment) if k)


def counted_out(logits):
    """For every reading of a row of logits: its alignments, and how likely each is."""
    y = np.exp(logits - logits.max(1, keepdims=True))
    y = y / y.sum(1, keepdims=True)
    found = {}
    for alignment in itertools.product(range(y.shape[1]), repeat=len(y)):
        share = np.prod([y[t, k] for t, k in enumerate(alignment)])
        found.setdefault(reading(alignment), []).append((share, alignment))
    return found


def compiled(function):
    """The function as a backend compiles it, whose kernel is then at work."""
    if ON_TENSORFLOW:
        import tensorflow as tf

        return tf.function(function, autograph=False)
    return function


@pytest.mark.parametrize("way", [compiled, lambda function: function])
@pytest.mark.parametrize(("time", "classes"), [(1, 2), (3, 4), (5, 3)])
def test_all_is_as_when_every_alignment_is_counted_out(way, time, classes):
    logits = np.random.default_rng(time).normal(size=(time, classes)).astype("float32") * 2
    readings = counted_out(logits)
    labels = [label for n in range(4) for label in itertools.product(range(1, classes), repeat=n)]
    padded = np.array([[*label, *[-1] * (3 - len(label))] for label in labels], "int32")
    rows = np.repeat(logits[None], len(labels), axis=0)
    likelihood = way(ctc.log_likelihood)
    found = to_numpy(ops.exp(likelihood(ops.convert_to_tensor(rows), padded)))
    expected = [sum(share for share, _ in readings.get(label, [])) for label in labels]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    places, score = map(to_numpy, ctc.best_alignment(rows, padded))
    for label, place, own in zip(labels, places, score, strict=True):
        if label not in readings:
            assert own == -np.inf
            assert (place == -1).all()
            continue
        share, alignment = max(readings[label])
        np.testing.assert_allclose(np.exp(own), share, rtol=1e-5)
        assert [label[at] if at >= 0 else 0 for at in place] == list(alignment)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="in float64, which JAX leaves out")
@pytest.mark.parametrize("way", [compiled, lambda function: function])
def test_the_gradient_is_the_slope_and_each_frame_of_it_sums_to_zero(way):
    logits, labels, frames = drawn(5, 12, 4, longest=4)
    double = keras.Variable(logits, dtype="float64")
    loss = way(lambda: ops.sum(losses.ctc(labels, double, frames)))
    _, (gradient,) = value_and_gradients(loss, [double])
    told, found = slopes(loss, [double], [gradient], np.random.default_rng(1))
    assert relative_error(told, found) < 1e-6
    assert not gradient[np.arange(12) >= frames[:, None]].any()
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-8)


def test_the_kernel_gives_what_the_definition_gives():
    logits, labels, frames = drawn(40, 60, 29, longest=25)
    variable = keras.Variable(logits)

    def loss():
        return ops.sum(losses.ctc(labels, variable, frames))

    value, (gradient,) = value_and_gradients(compiled(loss), [variable])
    expected, (by_autodiff,) = value_and_gradients(loss, [variable])
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, by_autodiff, atol=1e-4)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="beside the operation of TensorFlow")
def test_the_losses_are_those_of_tensorflow():
    import tensorflow as tf

    logits, labels, frames = drawn(16, 50, 8, longest=20)
    labels[:, 0] = 1  # TensorFlow's takes no empty label in this form
    found = compiled(losses.ctc)(labels, tf.constant(logits), frames)
    expected = tf.nn.ctc_loss(
        labels, logits, (labels > 0).sum(1), frames, logits_time_major=False, blank_index=0
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("way", [compiled, lambda function: function])
def test_padding_has_no_effect(way):
    logits, labels, frames = drawn(6, 20, 5, longest=6)
    noise = np.random.default_rng(3).normal(size=(6, 13, 5)).astype("float32") * 9
    longer = np.concatenate([logits, noise], axis=1)
    apart = np.full((6, 2 * labels.shape[1]), -1, "int32")  # padding before, between and after
    apart[:, 1::2] = np.where(labels > 0, labels, -1)
    expected = to_numpy(way(losses.ctc)(labels, ops.convert_to_tensor(logits), frames))
    mask = np.arange(33) < frames[:, None]
    for padded, given in ((labels, frames), (apart, frames), (labels, mask)):
        found = to_numpy(way(losses.ctc)(padded, ops.convert_to_tensor(longer), given))
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="shapes are open on TensorFlow alone")
def test_sizes_that_are_open_are_padded_without_effect():
    import tensorflow as tf

    logits, labels, frames = drawn(5, 20, 6, longest=6)
    specs = [((None, None), "int32"), ((None, None, 6), "float32"), ((None,), "int32")]

    @tf.function(input_signature=[tf.TensorSpec(*spec) for spec in specs])
    def loss_and_gradient(labels, logits, frames):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = losses.ctc(labels, logits, frames, blank=5)
        return loss, tape.gradient(loss, logits)

    labels = np.where(labels > 0, labels - 1, 5)  # the blank is the last class, 0 a label
    with tf.GradientTape() as tape:
        variable = tf.Variable(logits)
        expected = losses.ctc(labels, variable, frames, blank=5)
    loss, gradient = loss_and_gradient(labels, logits, frames)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, tape.gradient(expected, variable), atol=1e-5)


@pytest.mark.parametrize("way", [compiled, lambda function: function])
def test_labels_that_do_not_fit_cost_infinity_and_teach_nothing(way):
    logits = keras.Variable(drawn(3, 4, 3, longest=2)[0])
    labels = np.array([[1, 1, 1], [1, 2, 1], [0, 0, 0]])  # "111" needs two blanks between

    def total():
        found = losses.ctc(labels, logits)
        return ops.sum(ops.where(found == float("inf"), 0, found))

    found = to_numpy(way(lambda: losses.ctc(labels, logits))())
    assert found[0] == np.inf
    assert np.isfinite(found[1:]).all()
    silence = keras.ops.log_softmax(logits.value)[2, :, 0]
    np.testing.assert_allclose(found[2], -to_numpy(ops.sum(silence)), rtol=1e-5)
    _, (gradient,) = value_and_gradients(way(total), [logits])
    assert not gradient[0].any()
    assert gradient[1].any()
    assert np.isfinite(gradient).all()


def test_extreme_logits_give_numbers():
    logits, labels, frames = drawn(4, 20, 6, longest=5)
    logits = keras.Variable(logits * 3000)
    loss = compiled(lambda: ops.sum(losses.ctc(labels, logits, frames)))
    value, (gradient,) = value_and_gradients(loss, [logits])
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_a_class_that_is_ruled_out_is_in_no_alignment():
    logits = np.zeros((1, 3, 3), "float32")
    without = to_numpy(losses.ctc([[1]], logits[:, :, :2]))
    logits[:, :, 2] = -np.inf
    np.testing.assert_allclose(to_numpy(losses.ctc([[1]], logits)), without, rtol=1e-6)


@pytest.mark.parametrize("way", [compiled, lambda function: function])
def test_an_id_beyond_the_classes_gives_no_number(way):
    logits = ops.zeros((2, 5, 3))
    found = to_numpy(way(losses.ctc)(np.array([[1, 3], [1, 2]]), logits))
    assert np.isnan(found[0])
    assert np.isfinite(found[1])


@pytest.mark.parametrize(
    ("labels", "logits", "arguments", "message"),
    [
        ((2, 3), (2, 5), {}, r"`logits` must be \(batch, time, classes\)"),
        ((2, 3, 4), (2, 5, 4), {}, "not one-hot"),
        ((2, 3), (2, 5, 4), {"blank": 4}, "`blank` got 4"),
        ((2, 3), (2, 5, 4), {"frames": np.ones((2, 5, 1))}, "`frames` has the shape"),
        ((2, 3), (2, 5, 4), {"frames": np.ones((2, 4), bool)}, "`frames` has the shape"),
    ],
)
def test_what_is_wrong_is_said(labels, logits, arguments, message):
    with pytest.raises(ValueError, match=message):
        losses.ctc(np.ones(labels, "int32"), np.zeros(logits, "float32"), **arguments)


def test_frames_that_a_mask_leaves_out_cost_nothing():
    """As a loss of `compile`, whose model says by its mask which frames are real."""
    logits, labels, frames = drawn(6, 20, 4, longest=5)
    logits[np.arange(20) >= frames[:, None]] = 0  # what the mask leaves out
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.Masking()(inputs))
    model.compile("sgd", losses.CTC())
    expected = to_numpy(losses.ctc(labels, logits, frames)).sum()
    expected /= np.maximum((labels > 0).sum(1), 1).sum()
    assert model.evaluate(logits, labels, batch_size=6, verbose=0) == pytest.approx(
        expected, rel=1e-5
    )


def test_a_model_learns_to_say_its_labels():
    rng = np.random.default_rng(0)
    labels = np.array([[label] for label in (1, 2, 3)] * 8)
    x = np.zeros((24, 6, 3), "float32")
    x[np.arange(24), rng.integers(0, 6, 24), labels[:, 0] - 1] = 1  # a click somewhere
    model = keras.Sequential([keras.Input((6, 3)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.Adam(0.1), losses.CTC())
    before = model.evaluate(x, labels, verbose=0)
    model.fit(x, labels, epochs=30, verbose=0)
    assert model.evaluate(x, labels, verbose=0) < before / 3


def test_weights_and_what_infeasible_rows_cost():
    logits, labels, _ = drawn(4, 8, 4, longest=3)
    labels[0] = [1, 1, 1]
    short = np.array([2, 8, 8, 8])  # frames: the first row's labels do not fit
    logits, weights = ops.convert_to_tensor(logits), np.array([1.0, 2.0, 0.0, 0.5], "float32")
    each = to_numpy(losses.ctc(labels, logits))
    counts = np.maximum((labels > 0).sum(1), 1)
    found = losses.CTC()(labels, logits, sample_weight=weights[:, None])
    assert float(found) == pytest.approx((each * weights).sum() / (counts * weights).sum(), 1e-5)
    loss = losses.CTC(infeasible_cost=0.0)
    assert losses.CTC.from_config(loss.get_config()).infeasible_cost == 0
    with pytest.raises(ValueError, match="one for each sequence"):
        loss(labels, logits, sample_weight=np.ones((4, 8)))
    first = logits[:1, : short[0]]
    assert float(losses.CTC()(labels[:1], first)) == np.inf
    assert float(loss(labels[:1], first)) == 0
