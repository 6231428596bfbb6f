"""Weights of the BERT family in our layers: the same numbers, and clear words for bad files."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from seqlib.files import FileError
from seqlib.pretrained import BertEncoder, load_bert
from tests.seqlib.pretrained.models import CONFIG, forward, tensors, write

IDS = np.array([[2, 7, 8, 9, 3], [2, 11, 3, 0, 0]], "int32")
TYPES = np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], "int32")
QUERY = "encoder.layer.1.attention.self.query.weight"
INNER = "encoder.layer.0.intermediate.dense.weight"


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "model")


def numpy(x):
    return np.array(ops.convert_to_numpy(x))


def test_hidden_states_are_those_of_the_equations(folder):
    encoder = load_bert(folder)
    mask = IDS != 0
    for types in (np.zeros_like(TYPES), TYPES):
        expected = forward(tensors(), IDS, mask, types, heads=2)
        found = numpy(encoder(IDS, types=types))
        np.testing.assert_allclose(found[mask], expected[mask], atol=1e-4)
    np.testing.assert_allclose(numpy(encoder(IDS)), numpy(encoder(IDS, types=0 * TYPES)), atol=1e-6)
    other = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], bool)  # a mask of one's own
    expected = forward(tensors(), IDS, other, 0 * TYPES, heads=2)
    found = numpy(encoder(IDS, mask=other))
    np.testing.assert_allclose(found[other], expected[other], atol=1e-4)


def test_the_pooler_where_it_is_asked_for(folder):
    encoder = load_bert(folder, has_pooler=True)
    hidden, arrays = encoder(IDS), tensors()
    weight, bias = arrays["pooler.dense.weight"], arrays["pooler.dense.bias"]
    expected = np.tanh(numpy(hidden)[:, 0] @ weight.T + bias)
    np.testing.assert_allclose(numpy(encoder.pooled(hidden)), expected, atol=1e-5)
    without = load_bert(folder)
    with pytest.raises(ValueError, match="no pooler"):
        without.pooled(hidden)


def test_padding_changes_nothing_and_the_mask_goes_on(folder):
    encoder = load_bert(folder)
    longer = np.pad(IDS, ((0, 0), (0, 4)))
    real = IDS != 0
    found, padded = numpy(encoder(IDS)), numpy(encoder(longer))[:, :5]
    np.testing.assert_allclose(padded[real], found[real], atol=1e-6)
    assert numpy(encoder(IDS)._keras_mask).tolist() == real.tolist()
    model = keras.Sequential([keras.Input((None,), dtype="int32"), encoder])
    assert model.output_shape == (None, None, 8)


def test_other_ways_to_write_the_same_weights(tmp_path, folder):
    expected = numpy(load_bert(folder)(IDS))
    renamed = {}
    for name, array in tensors().items():
        old = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        renamed["bert." + old.replace("LayerNorm.bias", "LayerNorm.beta")] = array
    renamed["cls.predictions.bias"] = np.zeros(30, "float32")
    renamed["bert.embeddings.position_ids"] = np.arange(16)[None]
    again = load_bert(write(tmp_path / "renamed", arrays=renamed))
    np.testing.assert_allclose(numpy(again(IDS)), expected, atol=1e-6)
    half = {name: array.astype("float16") for name, array in tensors().items()}
    again = load_bert(write(tmp_path / "half", arrays=half))
    np.testing.assert_allclose(numpy(again(IDS)), expected, atol=2e-2)
    files = {name: folder / name for name in ("model.safetensors", "config.json")}
    np.testing.assert_array_equal(numpy(load_bert(files)(IDS)), expected)


def test_it_can_be_trained_further(folder):
    encoder = load_bert(folder, dropout=0.1)
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, keras.layers.Dense(1)(encoder(ids)[:, 0]))
    model.compile("adam", "mse", run_eagerly=keras.backend.backend() != "jax")
    before = numpy(encoder.pieces.embeddings)
    model.train_on_batch(IDS, np.ones((2, 1)))
    moved = np.abs(numpy(encoder.pieces.embeddings) - before).max(axis=1) > 0
    assert set(np.flatnonzero(moved)) >= set(IDS[IDS != 0])
    again = BertEncoder.from_config(encoder.get_config())
    assert again.get_config() == encoder.get_config()


def changed(**arrays):
    """The tensors, some of them replaced, or left out where None."""
    found = {**tensors(), **arrays}
    return {name: array for name, array in found.items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (changed(**{QUERY: None}), rf"{QUERY}: there is no such tensor.*\(8, 8\)"),
        (changed(**{QUERY: np.zeros((8, 6), "f4")}), rf"{QUERY}: the shape is \(8, 6\).*\(8, 8\)"),
        (changed(**{QUERY: np.zeros((8, 8), "i4")}), rf"{QUERY}: the dtype is I32"),
        (changed(**{"encoder.layer.2.bias": np.zeros(8, "f4")}), r"2\.bias: .* has no place"),
        (changed(**{INNER: np.zeros((8, 12), "f4")}), rf"{INNER}: .*\(8, 12\).*\(12, 8\)"),
    ],
    ids=["missing", "shape", "dtype", "too many", "transposed"],
)
def test_wrong_tensors_are_named(tmp_path, arrays, said):
    folder = write(tmp_path / "model", arrays=arrays)
    with pytest.raises(FileError, match=said) as caught:
        load_bert(folder)
    assert "model.safetensors" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hidden_size", "big", "hidden_size: got 'big'"),
        ("hidden_size", None, "hidden_size: got nothing"),
        ("num_attention_heads", 3, "num_attention_heads: got 3.*divisor"),
        ("hidden_act", "mystery", "hidden_act: got 'mystery'"),
        ("model_type", "gpt2", "model_type: got 'gpt2'. Expected: 'bert'"),
        ("position_embedding_type", "relative_key", "position_embedding_type"),
        ("layer_norm_eps", 0, "layer_norm_eps"),
        ("is_decoder", True, "is_decoder: got True. Expected: False"),
        ("num_hidden_layers", 3, "layer.2.*no such tensor"),
        ("vocab_size", 31, r"word_embeddings.weight: the shape is \(30, 8\)"),
    ],
)
def test_a_wrong_config_is_named(folder, key, value, said):
    config = {**CONFIG, key: value}
    if value is None:
        del config[key]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(FileError, match=said):
        load_bert(folder)


@pytest.mark.parametrize("content", [b"", b"no tensors at all", b"\xff" * 100, "cut"])
def test_what_is_no_safetensors_file_is_refused(folder, content):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100] if content == "cut" else content)
    with pytest.raises(FileError, match=r"model\.safetensors: it cannot be read"):
        load_bert(folder)


def test_missing_files_and_folders_are_named(tmp_path, folder):
    with pytest.raises(FileError, match="no such folder"):
        load_bert(tmp_path / "nowhere")
    for name in ("config.json", "model.safetensors"):
        (folder / name).unlink()
        with pytest.raises(FileError, match=f"{name}: the file is missing"):
            load_bert(folder)
    (folder / "config.json").write_text("[1", encoding="utf-8")
    write(tmp_path / "other")
    files = {"model.safetensors": tmp_path / "other" / "model.safetensors"}
    with pytest.raises(FileError, match="read as a JSON object"):
        load_bert({"config.json": folder / "config.json", **files})
