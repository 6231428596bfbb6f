import keras
import numpy as np
import pytest

from course.audio import StreamingNetwork
from course.speech_recognition import model
from course.trigger_word.model import SpectrogramAugmentation
from seqlib import layers


@pytest.mark.parametrize("both_ways", [True, False])
def test_frames_of_padding_change_nothing(both_ways):
    network = model.build(filters=8, units=4, both_ways=both_ways)
    frames = np.random.default_rng(0).standard_normal((2, 30, 40)).astype("float32")
    padded = np.pad(frames, ((0, 0), (0, 21), (0, 0)))
    alone, beside = (keras.ops.convert_to_numpy(network(x)) for x in (frames, padded))
    np.testing.assert_allclose(beside[:, : alone.shape[1]], alone, atol=1e-5)


def test_a_network_that_looks_back_alone_can_be_heard_in_chunks():
    network = model.build(filters=8, units=4, both_ways=False)
    sound = np.random.default_rng(1).standard_normal(16_000).astype("float32") / 10
    whole = keras.ops.convert_to_numpy(network(layers.LogMel()(sound[None])))[0]
    stream = StreamingNetwork(network, training_only=(SpectrogramAugmentation,))
    np.testing.assert_allclose(stream.listen(sound, 700), whole, atol=1e-4)
