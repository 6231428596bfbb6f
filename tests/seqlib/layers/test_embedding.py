"""The pretrained embedding: right rows, masks, saving without the matrix in the config."""

import json

import keras
import numpy as np
import pytest

from seqlib import layers
from seqlib.text import Vocabulary
from seqlib.word_vectors import WordVectors
from tests.seqlib.layers.check_layer import check_config
from tests.seqlib.layers.gradients import to_numpy

IDS = np.array([[2, 3, 4, 1, 0, 0], [5, 0, 2, 0, 0, 0]], "int32")
WORDS = ["good", "bad", "ugly", "unused"]


@pytest.fixture
def vectors():
    draw = np.random.default_rng(0).normal([2, 0, -1], size=(4, 3))
    return WordVectors(WORDS, draw.astype("float32"))


@pytest.fixture
def vocabulary():
    return Vocabulary(["bad", "good", "rare", "rarer"], unknown="<unk>")


@pytest.fixture
def make(vectors, vocabulary):
    def made(return_sequences=True, **arguments):
        assert return_sequences
        return layers.PretrainedEmbedding(vectors, vocabulary, **arguments)

    return made


def test_each_row_is_the_vector_of_its_word(make, vectors):
    layer = make()
    output = to_numpy(layer(IDS))  # (batch, time, dimension)
    assert output.shape == (*IDS.shape, 3)
    np.testing.assert_array_equal(output[0, 0], vectors["bad"])
    np.testing.assert_array_equal(output[0, 1], vectors["good"])
    assert not output[IDS == 0].any()
    mean = (vectors["good"] + vectors["bad"]) / 2  # of the vectors found, not of all there are
    for unknown in (output[0, 2], output[0, 3], output[1, 0]):
        np.testing.assert_allclose(unknown, mean, rtol=1e-6)
    assert layer.num_found == 2
    assert layer.missing_tokens == ("<unk>", "rare", "rarer")
    assert layer.compute_output_shape((2, 6)) == (2, 6, 3)


def test_the_rules_for_words_without_a_vector(make, vectors):
    zeros = to_numpy(make(oov="zeros")(IDS))
    assert not zeros[np.isin(IDS, [0, 1, 4, 5])].any()
    assert zeros[np.isin(IDS, [2, 3])].all()
    drawn = to_numpy(make(oov="random", seed=3)(np.arange(6)))
    again = to_numpy(make(oov="random", seed=3)(np.arange(6)))
    other = to_numpy(make(oov="random", seed=4)(np.arange(6)))
    np.testing.assert_array_equal(drawn, again)
    np.testing.assert_array_equal(drawn[2:4], other[2:4])
    assert len(np.unique(np.concatenate([drawn[[1, 4, 5]], other[[1, 4, 5]]]), axis=0)) == 6
    assert not drawn[0].any()
    rng = np.random.default_rng(0)
    known = {str(n): v for n, v in enumerate(rng.normal([1, -2], [0.1, 3], size=(500, 2)))}
    vocabulary = ["<pad>", *known, *(f"new {n}" for n in range(2000))]
    layer = layers.PretrainedEmbedding(known, vocabulary, oov="random")
    drawn = to_numpy(layer(np.arange(501, 2501)))
    np.testing.assert_allclose(drawn.mean(axis=0), [1, -2], atol=0.3)
    np.testing.assert_allclose(drawn.std(axis=0), [0.1, 3], rtol=0.1)


def test_the_mask_leaves_padding_out(make):
    for mask_zero in (True, False):
        layer = make(mask_zero=mask_zero)
        mask = getattr(layer(IDS), "_keras_mask", None)
        if mask_zero:
            np.testing.assert_array_equal(to_numpy(mask), IDS != 0)
        else:
            assert mask is None
    padded = np.pad(IDS, [(0, 0), (0, 3)])
    model = keras.Sequential([make(), layers.GRU(2, seed=1)])
    np.testing.assert_allclose(to_numpy(model(padded)), to_numpy(model(IDS)), rtol=1e-6)


@pytest.mark.parametrize("trainable", [False, True])
def test_only_a_trainable_one_is_trained(make, trainable):
    layer = make(trainable=trainable)
    model = keras.Sequential([layer, keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.build((None, 6))
    before = to_numpy(layer.embeddings)
    model.train_on_batch(IDS, np.ones((2, 1)))
    assert len(layer.trainable_weights) == trainable
    assert np.any(to_numpy(layer.embeddings) != before) == trainable
    assert not to_numpy(layer.embeddings)[0].any()  # padding is masked, so it learns nothing


def test_the_config_is_small_and_makes_the_layer_again(make):
    layer = make(oov="random", seed=5, trainable=True)
    layer(IDS)
    config = layer.get_config()
    assert (config["input_dim"], config["output_dim"]) == (6, 3)
    assert (config["oov"], config["seed"], config["trainable"]) == ("random", 5, True)
    assert len(json.dumps(config)) < 1000
    check_config(make, IDS)


def test_the_vectors_are_there_however_the_layer_is_built(make, vectors):
    class Model(keras.Model):  # its layers are built inside a compiled function
        def __init__(self):
            super().__init__()
            self.embedding = make(trainable=True)

        def call(self, ids):
            return self.embedding(ids)

    for model in (Model(), keras.Sequential([make()])):
        output = model.predict(IDS, verbose=0)
        np.testing.assert_allclose(output[0, 0], vectors["bad"], rtol=1e-6)
    model = Model()
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    model.fit(IDS, np.zeros((2, 6, 3)), verbose=0)
    np.testing.assert_array_equal(to_numpy(model.embedding.embeddings)[2], vectors["bad"])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(make, policy):
    full, half = make(), make(dtype=policy)
    output = half(IDS)
    assert keras.backend.standardize_dtype(output.dtype) == policy.removeprefix("mixed_")
    assert half.embeddings.dtype == "float32"
    output = to_numpy(keras.ops.cast(output, "float32"))
    np.testing.assert_allclose(output, to_numpy(full(IDS)), rtol=1e-2)


def test_arguments_that_do_not_fit_are_refused(vectors, vocabulary):
    with pytest.raises(ValueError, match=r"`oov` got 'median'. Allowed: 'mean', 'zeros', 'random'"):
        layers.PretrainedEmbedding(vectors, vocabulary, oov="median")
    with pytest.raises(ValueError, match="none of the 1 words"):
        layers.PretrainedEmbedding(vectors, ["<pad>", "Good"])
    with pytest.raises(ValueError, match=r"begins with \['good', 'bad'\]. Id 0 belongs to padding"):
        layers.PretrainedEmbedding(vectors, ["good", "bad"])
    with pytest.raises(ValueError, match="begins with"):
        layers.PretrainedEmbedding(vectors, [])
    with pytest.raises(ValueError, match="are needed, both"):
        layers.PretrainedEmbedding(vectors)
    said = Vocabulary(["bad"], padding="good")  # the vocabulary itself says that this is padding
    layer = layers.PretrainedEmbedding(vectors, said)
    assert not to_numpy(layer(np.array([0]))).any()
