"""The benchmark of word vectors on a tiny file: the form, never the speed."""

import math

import numpy as np
import pytest

from benchmarks import chart, embeddings, fresh, loaders, results, tables
from benchmarks.turns import Effort
from seqlib.word_vectors import WordVectors

QUICK = Effort(seconds=0, rounds=2, attempts=1)
GENSIM = ["gensim"] if loaders.installed("gensim") else []
PANDAS = ["pandas"] if loaders.installed("pandas") else []


@pytest.fixture(scope="module")
def record():
    rows = list(embeddings.rows(QUICK, words=400, size=20, vocabulary=1000))
    return results.record(rows, QUICK.seconds)


def test_every_contestant_is_there(record):
    found = {row["what"]: list(row["ratios"]) for row in record["rows"]}
    expected = {"first load": [*GENSIM, *PANDAS, "line loop"], "10 words of it": ["line loop"]}
    if GENSIM:
        expected |= {"load again": ["gensim, saved"], "analogies": ["gensim"]}
    assert found == expected


def test_times_and_memory_are_numbers(record):
    for row in record["rows"]:
        assert next(iter(row["milliseconds"])) == "seqlib"
        assert all(0 < ms < math.inf for ms in row["milliseconds"].values())
        assert 0 <= row["other_programs"] <= 1
        if row["unit"] == "file":
            assert row["matrix_megabytes"] == pytest.approx(0.032)
            assert set(row["megabytes"]) <= set(row["milliseconds"])
            assert all(megabytes >= 0 for megabytes in row["megabytes"].values())


def test_rows_are_shown_and_drawn(record, tmp_path):
    for row in record["rows"]:
        text = tables.block(row)
        assert all(name in text for name in row["milliseconds"])
    section = tables.section(record)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    assert any("a file of 400 x 20" in line for line in lines)
    assert any("loop over the lines" in line for line in lines)
    assert {line.count("|") for line in lines if "seqlib" in line or " s |" in line} == {8}
    results.write(tmp_path / "a.json", record)
    chart.write(tmp_path / "a.svg", results.read(tmp_path / "a.json"))
    (ax,) = chart.draw(record).axes
    assert "first load" in [label.get_text() for label in ax.get_yticklabels()]


def test_the_made_up_file_has_the_form_of_gloves(tmp_path):
    path = tmp_path / "a.txt"
    embeddings.write_text_file(path, words=100, size=30)
    vectors = WordVectors.load_glove(path, cache=False)
    assert vectors.words == loaders.made_up_words(100)
    assert vectors.matrix.shape == (100, 30)
    assert np.abs(vectors.matrix).max() < 4


def test_loaders_that_fail_or_do_not_agree_are_not_compared(tmp_path):
    with pytest.raises(RuntimeError, match=r"line loop failed: (.|\n)*nowhere"):
        fresh.compare({"line loop": "line loop"}, tmp_path / "nowhere", 2, {})
    path = tmp_path / "a.txt"
    embeddings.write_text_file(path, words=100, size=10)
    contestants = {"all": "line loop", "some": "line loop wanted"}
    with pytest.raises(RuntimeError, match="some does not load what all loads"):
        fresh.compare(contestants, path, 2, {})
    with pytest.raises(RuntimeError, match="The accuracies differ"):
        embeddings._check_accuracy({"seqlib": 0.5, "gensim": 0.498})
    embeddings._check_accuracy({"seqlib": 0.5, "gensim": 0.4995})


def test_what_is_not_installed_is_left_out_with_a_word(monkeypatch):
    monkeypatch.setattr(embeddings, "installed", lambda name: False)
    assert len(embeddings.hints()) == 2
    assert "pip install gensim" in embeddings.hints()[0]
    assert embeddings.version("gensim") is None
    rows = list(embeddings.rows(QUICK, words=40, size=10))
    assert [row["what"] for row in rows] == ["first load", "1 words of it"]
    assert list(rows[0]["ratios"]) == ["line loop"]
