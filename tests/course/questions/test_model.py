"""The reader: its scores and masks, what it learns from, how its weights are kept."""

import keras
import numpy as np
import pytest

from course.progress import ProgressBar
from course.questions import model as models
from course.questions.model import Batches, SpanReader, answers
from course.questions.spans import best_spans
from course.questions.windows import Windows
from seqlib import pretrained
from tests.seqlib.pretrained.models import write

PASSAGE = "the cat sat on the mat , a dog sat !"
QUESTIONS = ["the cat ?", "a dog sat on the ?", "cats ?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("model"))


@pytest.fixture
def reader(folder):
    keras.utils.set_random_seed(0)
    return SpanReader.load(folder)


@pytest.fixture(scope="module")
def windows(folder):
    wordpiece = pretrained.WordPiece.load(folder)
    return Windows(wordpiece, QUESTIONS, [PASSAGE] * 3, length=14, stride=3)


def test_scores_are_heads_on_the_encoder_and_padding_changes_nothing(reader, windows):
    packed = windows.arrays([0, 1], width=16)
    scores = np.array(reader((packed.ids, packed.types)))
    hidden = np.array(reader.encoder(packed.ids, types=packed.types))
    kernel, bias = map(np.array, reader.heads.weights)
    expected = (hidden @ kernel + bias).transpose(0, 2, 1)
    real = np.broadcast_to((packed.ids != 0)[:, None], scores.shape)
    np.testing.assert_allclose(scores[real], expected[real], atol=1e-5)
    assert (scores[~real] == -1e9).all()
    assert (~real).any()
    narrow, wide = (windows.arrays([0], width) for width in (None, 16))
    one, other = (np.array(reader((packed.ids, packed.types))) for packed in (narrow, wide))
    np.testing.assert_allclose(one, other[:, :, : one.shape[2]], atol=1e-5)


def test_scores_are_in_full_whatever_the_encoder_computes_in(folder, windows):
    reader = SpanReader.load(folder, dtype="mixed_bfloat16")
    packed = windows.arrays([0])
    assert keras.backend.standardize_dtype(reader((packed.ids, packed.types)).dtype) == "float32"
    assert reader.encoder.compute_dtype == "bfloat16"
    assert all(weight.dtype == "float32" for weight in reader.weights)


def test_answers_are_the_best_spans_of_all_windows(reader, windows):
    texts, places = answers(reader, windows, batch_size=2, longest=4, widths=(14, 16))
    for question, (text, (begin, end)) in enumerate(zip(texts, places, strict=True)):
        best = None
        for row in np.flatnonzero(windows.question == question):
            packed = windows.arrays([row])
            start, end_ = np.array(reader((packed.ids, packed.types)))[0]
            first, last, score = best_spans(start[None], end_[None], packed.allowed, 4)
            if best is None or score[0] > best[0]:
                spans = packed.spans[0]
                best = score[0], spans[first[0], 0], spans[last[0], 1]
        assert (begin, end) == best[1:]
        assert PASSAGE[begin:end] == text != ""
    done = []
    answers(reader, windows, batch_size=4, widths=(16,), progress=done.append)
    assert sum(done) == len(windows)


def test_batches_are_of_like_lengths_and_hold_every_window_once(windows):
    labels = np.stack([np.arange(len(windows))] * 2, axis=1).astype(np.int32)
    batches = Batches(windows, labels, batch_size=1, seed=0, widths=(12, 14))
    seen = []
    for number in range(len(batches)):
        (ids, types), wanted = batches[number]
        length = windows.lengths[wanted[0, 0]]
        assert ids.shape == types.shape == (1, 12 if length <= 12 else 14)
        assert (ids != 0).sum() == length
        seen.append(wanted[0, 0])
    assert sorted(seen) == list(range(len(windows)))
    before = [rows.tolist() for _, rows in batches.order]
    batches.on_epoch_end()
    assert before != [rows.tolist() for _, rows in batches.order]


def test_it_learns_where_answers_stand(folder, windows):
    labels = windows.labels([4, 27, 4], ["cat", "dog", "cat"])
    keras.utils.set_random_seed(0)
    reader = SpanReader(pretrained.load_bert(folder))  # nothing frozen: its embeddings are random
    keras.utils.set_random_seed(1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    reader.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    batches = Batches(windows, labels, batch_size=3, widths=(14,))
    losses = reader.fit(batches, epochs=25, verbose=0, callbacks=[ProgressBar()]).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    assert answers(reader, windows, widths=(14,))[0] == ["cat", "dog", "cat"]


def test_what_was_learnt_makes_the_same_reader(folder, reader, windows, tmp_path, monkeypatch):
    load_bert = pretrained.load_bert
    monkeypatch.setattr(pretrained, "load_bert", lambda path, **kw: load_bert(folder, **kw))
    draw = np.random.default_rng(0)
    for weight in reader.trainable_weights:
        weight.assign(weight + 0.02 * draw.normal(size=weight.shape))
    models.save(tmp_path / "a.npz", reader, epochs=2)
    other = SpanReader.load(seed=5)
    assert int(models.load(tmp_path / "a.npz", other)["epochs"]) == 2
    packed = windows.arrays(range(len(windows)))
    one, two = (np.array(model((packed.ids, packed.types))) for model in (reader, other))
    real = np.broadcast_to((packed.ids != 0)[:, None], one.shape)
    assert np.abs(one - two)[real].max() < 0.1 * one[real].std()
