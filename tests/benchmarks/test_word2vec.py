"""The benchmark of Word2Vec on a little text: the form, never the speed."""

import math

import pytest

from benchmarks import chart, loaders, results, tables, word2vec
from benchmarks.turns import Effort
from course.word2vec.model import Corpus

QUICK = Effort(seconds=0, rounds=2, attempts=1)


@pytest.mark.skipif(not loaders.installed("gensim"), reason="gensim is not installed")
def test_rows_are_measured_shown_and_drawn():
    (row,) = word2vec.rows(QUICK, words=20_000, dimension=10)
    assert list(row["milliseconds"]) == ["seqlib", "gensim"]
    assert all(0 < ms < math.inf for ms in row["milliseconds"].values())
    assert 10_000 < row["shape"]["words"] < 30_000
    assert "gensim" in tables.block(row)
    record = results.record([row], QUICK.seconds)
    assert "| Word2Vec, once through" in tables.section(record)
    (ax,) = chart.draw(record).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Word2Vec"]


def test_documents_become_sentences():
    corpus = Corpus.read(["a b a", "", "b c"], minimum_count=1)
    assert word2vec.as_sentences(corpus) == [["a", "b", "a"], ["b", "c"]]


def test_without_gensim_there_is_nothing_to_compare(monkeypatch):
    monkeypatch.setattr(word2vec, "installed", lambda name: False)
    assert list(word2vec.rows(QUICK)) == []
