import keras
import numpy as np
import pytest

from course.audio import BANDS, StreamingDetector
from course.trigger_word import clips, model


@pytest.fixture(scope="module")
def detector():
    keras.utils.set_random_seed(1)
    return model.build(filters=8, units=8)


def test_it_answers_every_four_frames_and_never_looks_ahead(detector):
    assert detector(np.zeros((2, 40, BANDS))).shape == (2, 10)
    assert pytest.approx(0.04) == model.STEP
    frames = np.random.default_rng(0).standard_normal((1, 80, BANDS)).astype("float32")
    changed = frames.copy()
    changed[:, 40:] = 3
    moved = np.abs(detector(frames) - detector(changed))[0]
    assert moved[:10].max() == 0
    assert moved[10] > 0


def test_it_can_be_streamed(detector):
    sound = np.random.default_rng(0).standard_normal(16_000) / 10
    whole = detector(model.spectrograms((sound * 32767).astype("int16")[None]).astype("float32"))
    listener = StreamingDetector(detector, training_only=(model.SpectrogramAugmentation,))
    assert listener.listen(sound).probabilities == pytest.approx(np.array(whole)[0], abs=2e-3)


def test_augmentation_acts_in_training_alone_and_stretches():
    layer = model.SpectrogramAugmentation()
    frames = np.random.default_rng(0).standard_normal((3, 20, BANDS)).astype("float32")
    assert np.array_equal(layer(frames), frames)
    changed = np.array(layer(frames, training=True))
    assert changed.shape == frames.shape
    assert not np.allclose(changed, frames)
    assert np.allclose(model._stretch(1.0), np.eye(BANDS), atol=1e-5)
    bump = np.exp(-np.square(np.arange(BANDS) - 20) / 8)
    assert np.argmax(bump @ model._stretch(1.15)) > 20
    assert np.argmax(bump @ model._stretch(0.87)) < 20


def test_examples_are_made_in_batches():
    def make(count):
        samples = np.zeros((count, 6400), "int16")
        return clips.Clips(samples, np.ones((count, 10)), [[0.1]] * count, [[]] * count)

    frames, made = model.examples(make, 5, batch=2)
    assert frames.shape == (5, 40, BANDS)
    assert made.labels.shape == (5, 10)
    assert len(made.events) == 5
    assert made.samples.size == 0
