"""Each benchmark for a fraction of a second at tiny shapes: the form, never the speed."""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks import (
    __main__,
    acceleration,
    attention,
    beam,
    chart,
    ctc,
    decoder,
    embeddings,
    fresh,
    generation,
    recurrent,
    results,
    tables,
    torch_layers,
    transformer,
    word2vec,
)
from benchmarks.agreement import check_agreement
from benchmarks.turns import Effort

ROOT = Path(__file__).parents[2]
QUICK = Effort(seconds=0, rounds=2, attempts=1)


@pytest.fixture(scope="module")
def record():
    keras.utils.set_random_seed(0)
    lengths = {"seqlib": 5, "model.predict": 1, "model(x)": 2, "torch": 5}
    sizes = {"source": 3, "target": 2, "hidden": 4}
    small = {**sizes, "batch": 4, "encoder": 3, "score": 2}
    layers = {"source": 3, "tokens": 4, "units": 8, "layers": 1, "heads": 2, "vocabulary": 900}
    compile_model = keras.Model.compile

    def compile_eagerly(model, *arguments, **options):  # as a `fit` takes seconds to be compiled
        compile_model(model, *arguments, **options, run_eagerly=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "compile", compile_eagerly)
        patch.setattr(recurrent, "_FIT_SECONDS", 0.0)
        rows = [
            *transformer.rows(QUICK, batches=(3,), sizes=layers),
            *recurrent.rows(QUICK, ("LSTM",), [(2, 3, 4, 5)]),
            *recurrent.rows(QUICK, ("SimpleRNN",), [(3, 2, 2, 4)]),
            *attention.rows(QUICK, [(2, 3, 2, 4)]),
            *decoder.rows(QUICK, small, batches=2),
            *generation.rows(QUICK, batches=(3,), units=4, lengths=lengths),
            *beam.rows(QUICK, batches=(3,), sizes=sizes),
            *ctc.rows(QUICK, [(3, 9, 3)]),
            *embeddings.rows(QUICK, words=400, size=20, vocabulary=1000),
            *word2vec.rows(QUICK, words=20_000, dimension=10),
        ]
    rows += acceleration.rows(QUICK, lengths=(2, 3), models={"small": small_model})
    return results.record(rows, QUICK.seconds)


def small_model(length):
    model = keras.Sequential([keras.Input((length, 8)), keras.layers.GRU(2), keras.layers.Dense(1)])
    model.compile("adam", "mse", run_eagerly=True)
    return model


def test_every_benchmark_measures_seqlib_beside_others(record):
    assert {row["benchmark"] for row in record["rows"]} >= {*__main__.PARTS[:-1]}
    for row in record["rows"]:
        contestants = list(row["milliseconds"])
        assert contestants[0] == "seqlib"
        assert list(row["ratios"]) == contestants[1:] != []
        assert all(0 < ms < math.inf for ms in row["milliseconds"].values())
        for ratio in row["ratios"].values():
            low, high = ratio["quartiles"]
            assert 0 < low <= ratio["median"] <= high < math.inf
        assert all(0 < floor["share"] < math.inf for floor in row.get("floors", {}).values())
        assert all(megabytes >= 0 for megabytes in row.get("megabytes", {}).values())
        assert 0 <= row["other_programs"] <= 1


def test_record_is_written_shown_and_drawn(record, tmp_path):
    results.write(tmp_path / "a.json", record)
    kept = results.read(tmp_path / "a.json")
    for row in kept["rows"]:
        assert all(name in tables.block(row) for name in row["milliseconds"])
    assert "LSTM, training step" in tables.overview(kept["summary"])
    page = tables.page(kept)
    for part in ("| LSTM, fit |", "`keras.ops.dot_product_attention`", "beam search", "line"):
        assert part in page
    chart.write(tmp_path / "a.svg", kept)
    first = (tmp_path / "a.svg").read_bytes()
    chart.write(tmp_path / "a.svg", kept)
    assert (tmp_path / "a.svg").read_bytes() == first
    assert ElementTree.fromstring(first).tag.endswith("svg")
    kept = results.read(ROOT / "benchmarks" / "results.json")
    chart.write(tmp_path / "whole.svg", kept)  # which has single steps too
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert tables.page(kept) == page, "run: make bench"


def test_sides_that_do_not_agree_are_not_timed():
    same = np.ones((2, 3), "float32")
    check_agreement({"seqlib": (same,), "torch": (same.T,)})
    with pytest.raises(RuntimeError, match="torch does not compute"):
        check_agreement({"seqlib": (same,), "torch": (1.1 * same,)})
    sentences, scores = np.zeros((2, 3), "int32"), np.zeros(2)
    other = np.ones((1, 3), "int32"), np.zeros(1)
    with pytest.raises(RuntimeError, match="loop does not find"):
        beam._check_agreement({"seqlib": (sentences, scores), "loop": other})
    with pytest.raises(RuntimeError, match="loop does not write"):
        transformer._check_agreement({"seqlib": sentences, "loop": 1 + sentences})
    with pytest.raises(RuntimeError, match="The accuracies differ"):
        embeddings._check_accuracy({"seqlib": 0.5, "gensim": 0.498})
    found = {"all": {"words": 9, "sum": 1.0}, "some": {"words": 8, "sum": 1.0}}
    with pytest.raises(RuntimeError, match="some does not load what all loads"):
        fresh._check_agreement(found)


def test_a_whole_run_alone_writes_record_chart_and_page(tmp_path, monkeypatch, record, capsys):
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    monkeypatch.setattr(__main__, "ROOT", tmp_path)
    monkeypatch.setattr(__main__, "measured", lambda options: iter(record["rows"]))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    for words in (["--only", "beam"], ["--layers", "GRU"], ["--seconds", "0.1"]):
        assert __main__.main(words) == 0
    assert __main__.main(["--only", "beam", "--output", str(tmp_path / "part.json")]) == 0
    assert (tmp_path / "part.svg").exists()
    assert not list(folder.iterdir())
    assert __main__.main([]) == 0
    kept = results.read(folder / "results.json")
    assert tables.page(kept) == (folder / "README.md").read_text(encoding="utf-8")
    assert ("pip install torch" in capsys.readouterr().out) == (torch_layers.torch is None)
