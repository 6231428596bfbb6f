"""Masked loss and accuracy: equal to Keras without padding, blind to padding, the same compiled."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib.compiled import BACKEND
from seqlib.losses import ChainCrossentropy, MaskedCrossentropy
from seqlib.metrics import MaskedAccuracy
from tests.seqlib.layers.gradients import value_and_gradients

BATCH, TIME, VOCABULARY = 4, 6, 9


@pytest.fixture
def logits():
    return np.random.default_rng(1).normal(0, 2, (BATCH, TIME, VOCABULARY)).astype("float32")


@pytest.fixture
def targets():
    """Ids in rows of lengths 6, 3, 1 and 0."""
    ids = np.random.default_rng(2).integers(1, VOCABULARY, (BATCH, TIME)).astype("int32")
    return ids * (np.arange(TIME) < np.array([[6], [3], [1], [0]]))


@pytest.fixture
def full():
    return np.random.default_rng(3).integers(1, VOCABULARY, (BATCH, TIME)).astype("int32")


def numpy(value):
    return ops.convert_to_numpy(value)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_it_is_the_mean_over_real_tokens_and_so_is_its_gradient(logits, targets, smoothing):
    keras_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction=None
    )
    variable, real = keras.Variable(logits), (targets != 0).astype("float32")

    def expected():
        each = keras_loss(ops.one_hot(targets, VOCABULARY), variable.value)
        return ops.sum(each * real) / real.sum()

    mean, (theirs,) = value_and_gradients(expected, [variable])
    loss = MaskedCrossentropy(smoothing)
    found, (ours,) = value_and_gradients(lambda: loss(targets, variable + 0), [variable])
    np.testing.assert_allclose(found, mean, rtol=1e-5)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert (ours[targets == 0] == 0).all()
    assert (np.abs(ours[targets != 0]).sum(axis=-1) > 0).all()


def test_logits_at_padding_change_nothing(logits, targets):
    changed = logits + 50 * (targets == 0)[..., None] * logits[::-1]
    loss, accuracies = MaskedCrossentropy(0.1), (MaskedAccuracy(), MaskedAccuracy())
    assert float(loss(targets, logits)) == float(loss(targets, changed))
    for accuracy, some in zip(accuracies, (logits, changed), strict=True):
        accuracy.update_state(targets, some)
    assert float(accuracies[0].result()) == float(accuracies[1].result())


def test_a_batch_of_padding_is_zero_and_moves_nothing(logits):
    padding, variable = np.zeros((BATCH, TIME), "int32"), keras.Variable(logits)
    loss, accuracy = MaskedCrossentropy(0.1), MaskedAccuracy()
    value, (gradient,) = value_and_gradients(lambda: loss(padding, variable + 0), [variable])
    assert value == 0
    assert (gradient == 0).all()
    accuracy.update_state(padding, logits)
    assert float(accuracy.result()) == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_summed_in_full(logits, targets, dtype):
    half = ops.cast(ops.convert_to_tensor(logits * 3), dtype)
    found = MaskedCrossentropy(0.1)(targets, half)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    expected = MaskedCrossentropy(0.1)(targets, ops.cast(half, "float32"))
    np.testing.assert_allclose(numpy(found), numpy(expected), rtol=1e-6)


def test_weights_of_sentences_and_of_tokens_count_tokens_not_batches(logits, targets):
    loss = MaskedCrossentropy(0.1)
    alone = float(loss(targets[:1], logits[:1]))
    first = np.array([1, 0, 0, 0], "float32")
    each = np.repeat(first[:, None], TIME, axis=1)
    for weights in (first, first[:, None], each):
        assert float(loss(targets, logits, sample_weight=weights)) == pytest.approx(alone)
        accuracy, expected = MaskedAccuracy(), MaskedAccuracy()
        accuracy.update_state(targets, logits, sample_weight=weights)
        expected.update_state(targets[:1], logits[:1])
        assert float(accuracy.result()) == pytest.approx(float(expected.result()))
    accuracy = MaskedAccuracy()
    for row in range(BATCH):  # batches of 6, 3, 1 and 0 tokens
        accuracy.update_state(targets[row : row + 1], logits[row : row + 1])
    right = (logits.argmax(-1) == targets)[targets != 0]
    assert float(accuracy.result()) == pytest.approx(right.mean())
    accuracy.reset_state()
    assert float(accuracy.result()) == 0


@pytest.mark.parametrize("made", [MaskedCrossentropy(0.2, name="mine"), MaskedAccuracy("mine")])
def test_it_is_made_anew_from_its_configuration(made, logits, targets):
    serialize = keras.saving.serialize_keras_object(made)
    again = keras.saving.deserialize_keras_object(serialize)
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    assert again.name == "mine"


def test_a_model_trains_with_it(targets):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.layers.Embedding(VOCABULARY, 16, mask_zero=True), keras.layers.Dense(VOCABULARY)]
    )
    model.compile(keras.optimizers.Adam(0.1), MaskedCrossentropy(0.1), metrics=[MaskedAccuracy()])
    before = float(model.loss(targets, model(targets)))
    history = model.fit(targets, targets, batch_size=4, epochs=40, verbose=0).history
    assert history["loss"][0] == pytest.approx(before, rel=1e-4)
    assert history["masked_accuracy"][-1] == 1


@pytest.mark.parametrize("smoothing", [-0.1, 1, 1.5])
def test_a_smoothing_out_of_range_is_refused(smoothing):
    with pytest.raises(ValueError, match=rf"`label_smoothing` got {smoothing}. Allowed:"):
        MaskedCrossentropy(smoothing)


@pytest.mark.parametrize("use", [MaskedCrossentropy(), MaskedAccuracy().update_state])
def test_shapes_that_do_not_go_together_are_refused(logits, full, use):
    with pytest.raises(ValueError, match="not one-hot"):
        use(logits, logits)
    with pytest.raises(ValueError, match="same batch and time; got shapes"):
        use(full[:, 1:], logits)


def test_negative_targets_are_padding_too(logits, targets):
    loss, foreign = MaskedCrossentropy(0.1), np.where(targets == 0, -100, targets)
    for use in (loss, lambda *both: MaskedAccuracy()(*both)):
        assert float(use(foreign, logits)) == pytest.approx(float(use(targets, logits)))
    variable = keras.Variable(logits)
    _, (gradient,) = value_and_gradients(lambda: loss(foreign, variable.value), [variable])
    assert np.all(np.isfinite(numpy(gradient)))


def test_weights_of_a_wrong_shape_are_refused(logits, targets):
    each = np.ones((BATCH, TIME, 1), "float32")
    loss = MaskedCrossentropy()
    assert float(loss(targets, logits, each)) == pytest.approx(float(loss(targets, logits)))
    with pytest.raises(ValueError, match=r"`sample_weight` has the shape \(4, 6, 2\). Allowed"):
        loss(targets, logits, np.ones((BATCH, TIME, 2), "float32"))
    with pytest.raises(ValueError, match=r"`sample_weight` has the shape \(4, 6\).*each sequence"):
        ChainCrossentropy()(targets % 3, np.zeros((BATCH, TIME, 3, 3), "float32"), each[..., 0])


def test_replicas_of_a_strategy_give_their_shares(logits, full, monkeypatch):
    """The gradients of all replicas are added up: two halves must make the whole."""
    potentials = np.random.default_rng(4).normal(size=(BATCH, TIME, 3, 3)).astype("float32")
    cases = (
        (MaskedCrossentropy(0.1), full, logits),
        (ChainCrossentropy(), full % 3, potentials),
    )
    whole = [float(loss(true, predicted)) for loss, true, predicted in cases]
    monkeypatch.setattr(BACKEND, "replicas", lambda: 2)
    for (loss, true, predicted), expected in zip(cases, whole, strict=True):
        halves = [float(loss(true[part], predicted[part])) for part in (slice(2), slice(2, 4))]
        assert sum(halves) == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a warning of its own")
def test_probabilities_where_logits_are_meant_are_warned_of(targets):
    probabilities = keras.layers.Dense(VOCABULARY, activation="softmax")
    model = keras.Sequential([keras.layers.Embedding(VOCABULARY, 2), probabilities])
    model.compile("sgd", MaskedCrossentropy())
    with pytest.warns(UserWarning, match="does not represent logits"):
        model.train_on_batch(targets, targets)
