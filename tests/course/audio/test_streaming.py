import keras
import numpy as np
import pytest

from course.audio import AudioError, StreamingDetector
from seqlib import layers
from seqlib.layers import LogMel


def make(kernel=15, depth=2, recurrent=layers.GRU, padding=None):
    keras.utils.set_random_seed(3)
    stack = [
        keras.Input((None, 40)),
        keras.layers.ZeroPadding1D((kernel - 4 if padding is None else padding, 0)),
        keras.layers.Conv1D(8, kernel, strides=4),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Dropout(0.5),
    ]
    stack += [recurrent(8, return_sequences=True) for _ in range(depth)]
    stack += [keras.layers.Dense(1, activation="sigmoid"), keras.layers.Reshape((-1,))]
    model = keras.Sequential(stack)
    for weight in model.weights:  # a normalisation that does something, and probabilities apart
        values = keras.ops.convert_to_numpy(weight)
        noise = np.random.default_rng(0).uniform(0.5, 1.5, values.shape)
        weight.assign(values * 2 * noise if "kernel" in weight.path else values + 0.3 * noise)
    return model


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture(scope="module")
def compiled(model):
    return StreamingDetector(model)


@pytest.fixture
def detector(compiled):
    """A detector that has heard nothing yet; its programs are compiled once for all tests."""
    compiled.reset()
    compiled.threshold, compiled.pause = 0.5, 1.0
    return compiled


@pytest.fixture(scope="module")
def sound():
    generator = np.random.default_rng(1)
    envelope = np.repeat(generator.random(50), 3200 // 5)
    return (generator.standard_normal(len(envelope)) * envelope * 0.2).astype("float32")


def whole(model, sound):
    return np.asarray(model.predict(LogMel()(sound[None]), verbose=0)).reshape(-1)


@pytest.mark.parametrize("chunk", [1, 160, 777, 1280, 10**6])
def test_any_chunk_gives_what_the_whole_clip_gives(model, detector, sound, chunk):
    part = sound[: 4000 if chunk == 1 else None]
    heard = detector.listen(part, chunk)
    expected = whole(model, part)
    assert len(heard.probabilities) == len(part) // 640
    assert heard.probabilities == pytest.approx(expected[: len(part) // 640], abs=1e-4)
    assert np.ptp(expected) > 0.05, "probabilities that never change would prove nothing"


def test_chunks_of_changing_size(model, detector, sound):
    generator, found, at = np.random.default_rng(0), [], 0
    while at < len(sound):
        size = int(generator.integers(0, 3000))
        found.append(detector.feed(sound[at : at + size]).probabilities)
        at += size
    assert np.concatenate(found) == pytest.approx(whole(model, sound), abs=1e-4)


@pytest.mark.parametrize("recurrent", [layers.LSTM, layers.SimpleRNN, keras.layers.GRU])
def test_other_recurrent_layers(sound, recurrent):
    model = make(kernel=6, depth=1, recurrent=recurrent)
    found = StreamingDetector(model).listen(sound, 1280).probabilities
    assert found == pytest.approx(whole(model, sound), abs=1e-4)


def test_listening_twice_is_listening_anew_and_nothing_is_nothing(detector, sound):
    first, second = detector.listen(sound), detector.listen(sound)
    assert np.array_equal(first.probabilities, second.probabilities)
    assert detector.feed(np.zeros(0)).probabilities.shape == (0,)
    assert detector.listen(np.zeros(0)).events == []


def test_it_fires_once_and_then_pauses(detector, sound):
    detector.threshold, detector.pause = 0.0, 0.5
    heard = detector.listen(sound)
    assert heard.events[0] == pytest.approx(0.04)
    assert np.all(np.diff(heard.events) >= 0.5 - 1e-9)
    assert np.all(np.diff(heard.events) <= 0.56)
    detector.threshold = 1.1
    assert detector.listen(sound).events == []


def test_events_do_not_depend_on_chunks(model, sound):
    threshold = float(np.median(whole(model, sound)))
    detector = StreamingDetector(model, threshold, pause=0.2)
    events = [detector.listen(sound, chunk).events for chunk in (160, 5000)]
    assert events[0] == events[1] != []


def test_integers_and_channels(detector, sound):
    expected = detector.listen(sound).probabilities
    whole_numbers = np.round(sound * 32767).astype("int16")
    stereo = np.stack([whole_numbers, whole_numbers], axis=1)
    assert detector.listen(stereo).probabilities == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    "chunk", [np.array([np.nan] * 700), np.array(["a", "b"]), np.zeros((2, 2, 2))]
)
def test_what_is_no_sound(detector, chunk):
    with pytest.raises(AudioError):
        detector.feed(chunk)
    assert len(detector.feed(np.zeros(640)).probabilities) == 1  # it still listens


def test_a_layer_that_sees_the_future():
    for padding in (0, 3):
        with pytest.raises(AudioError, match="sees the past alone"):
            StreamingDetector(make(padding=padding))
    both = keras.layers.Bidirectional(layers.GRU(4, return_sequences=True))
    first = [keras.layers.ZeroPadding1D((1, 0)), keras.layers.Conv1D(8, 5, strides=4)]
    model = keras.Sequential([keras.Input((None, 40)), *first, both, keras.layers.Dense(1)])
    with pytest.raises(AudioError, match="may see the future"):
        StreamingDetector(model)
