"""Each benchmark for a fraction of a second at tiny shapes: the form, never the speed."""

import math
import pathlib
import platform
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest

from benchmarks import (
    __main__,
    attention,
    beam,
    chart,
    decoder,
    generation,
    products,
    recurrent,
    results,
    tables,
    torch_layers,
    transformer,
)
from benchmarks.agreement import check_agreement
from benchmarks.turns import Effort

ROOT = pathlib.Path(__file__).parents[2]
QUICK = Effort(seconds=0, rounds=2, attempts=1)


@pytest.fixture(scope="module")
def record():
    keras.utils.set_random_seed(0)
    lengths = {"seqlib": 5, "model.predict": 1, "model(x)": 2, "torch": 5}
    sizes = {"source": 3, "target": 2, "hidden": 4}
    small = {**sizes, "batch": 4, "encoder": 3, "score": 2}
    layers = {"source": 3, "tokens": 4, "units": 8, "layers": 1, "heads": 2, "vocabulary": 9}
    rows = [
        *recurrent.rows(QUICK, ("LSTM",), [(2, 3, 4, 5)]),
        *recurrent.rows(QUICK, ("GRU",), [(1, 1, 3, 4)]),
        *recurrent.rows(QUICK, ("SimpleRNN",), [(3, 2, 2, 4)]),
        *attention.rows(QUICK, [(2, 3, 2, 4), (1, 5, 2, 4)]),
        *decoder.rows(QUICK, small, batches=2),
        *generation.rows(QUICK, batches=(3,), units=4, lengths=lengths),
        *beam.rows(QUICK, batches=(3,), sizes=sizes),
        *transformer.rows(QUICK, batches=(3,), sizes=layers),
    ]
    return results.record(rows, QUICK.seconds)


def test_every_ratio_is_a_ratio(record):
    for row in record["rows"]:
        contestants = list(row["milliseconds"])
        assert contestants[0] == "seqlib"
        assert list(row["ratios"]) == contestants[1:]
        assert all(ms > 0 and math.isfinite(ms) for ms in row["milliseconds"].values())
        for ratio in row["ratios"].values():
            low, high = ratio["quartiles"]
            assert 0 < low <= ratio["median"] <= high < math.inf
        for floor in row.get("floors", {}).values():
            assert floor["milliseconds"] > 0
            assert 0 < floor["share"] < math.inf
        assert row["rounds"] == QUICK.rounds
        assert 0 <= row["other_programs"] <= 1


def test_every_contestant_is_there(record):
    torch = {"torch"} if torch_layers.torch else set()
    found = {}
    for row in record["rows"]:
        key = row["layer"], row["what"], row["shape"]["batch"]
        found[key] = set(row["ratios"]), set(row.get("floors", ()))
    layers, floors = {"keras", "keras jit"} | torch, set(products.KINDS)
    assert found == {
        ("LSTM", "training step", 2): (layers, floors),
        ("LSTM", "inference", 2): (layers, floors),
        ("LSTM", "fit", 2): ({"keras"}, set()),
        ("GRU", "training step", 1): (layers, floors),
        ("GRU", "inference", 1): (layers, floors),
        ("SimpleRNN", "training step", 3): ({"keras"}, set()),
        ("SimpleRNN", "inference", 3): ({"keras"}, set()),
        **{
            (name, what, batch): ({"keras"} | torch, set())
            for name in (attention.LAYER, attention.CORE)
            for what in ("training step", "inference")
            for batch in (2, 1)
        },
        ("LSTM", "sampling", 3): ({"model.predict", "model(x)"} | torch, set()),
        ("AttentionDecoder", "training of an attentive decoder", 4): (
            {"loop of layers"} | torch,
            set(),
        ),
        ("LSTM with attention", f"beam search, width {beam.WIDTH}", 3): (
            {"predict, one sentence", "predict, whole batch"},
            set(),
        ),
        ("Transformer", "greedy decoding", 3): (
            {"no cache"} | ({"torch, cached"} if torch else set()),
            set(),
        ),
    }


def test_the_record_says_on_what_it_stands_and_nothing_private(record):
    machine = record["machine"]
    for name in ("CPU", "CPU cores", "memory", "operating system", "Python", "Keras", "PyTorch"):
        assert machine[name]
    text = str(machine)
    assert str(pathlib.Path.home()) not in text
    assert not platform.node() or platform.node() not in text.split()


def test_a_record_is_written_and_read(record, tmp_path):
    results.write(tmp_path / "results.json", record)
    again = results.read(tmp_path / "results.json")
    assert again["machine"] == record["machine"]
    assert len(again["rows"]) == len(record["rows"])
    for old, new in zip(record["summary"], again["summary"], strict=True):
        assert new["median"] == pytest.approx(old["median"], rel=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_the_summary_leaves_the_single_step_out(record):
    assert {one["layer"] for one in record["summary"]} == {"LSTM", "SimpleRNN"}
    for one in record["summary"]:
        assert one["least"] <= one["median"] <= one["greatest"]


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_chart_is_drawn_and_the_same_each_time(record, tmp_path, form):
    path = tmp_path / f"results.{form}"
    chart.write(path, record)
    first = path.read_bytes()
    chart.write(path, record)
    assert path.read_bytes() == first
    assert len(list(tmp_path.iterdir())) == 1
    if form == "svg":
        assert ElementTree.fromstring(first).tag.endswith("svg")


def test_the_chart_has_a_row_for_each_thing_measured(record):
    figure = chart.draw(record)
    layers, attentions, loops = figure.axes
    shown = [label.get_text().replace("\n", " ") for label in layers.get_yticklabels()]
    assert "LSTM, training step" in shown
    assert "GRU, one step, inference" in shown
    assert len(attentions.get_yticklabels()) == 4
    assert len(loops.get_yticklabels()) == 4
    for ax in figure.axes:
        low, high = ax.get_xlim()
        assert low < 1 < high


def test_text_for_the_terminal_and_the_readme(record):
    for row in record["rows"]:
        text = tables.block(row)
        assert all(name in text for name in row["milliseconds"])
    assert "LSTM, training step" in tables.overview(record["summary"])
    assert tables.overview([]) == ""
    section = tables.section(record)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    columns = {line.count("|") for line in lines if line.startswith(("| LSTM,", "| GRU,"))}
    assert len(columns) == 1  # every line of the table has all columns
    assert "| Simple" in section
    assert "| MultiHeadAttention, inference, 2 x 3 x 2 x 4 |" in section
    assert "| `keras.ops.dot_product_attention` |" in section
    assert "beam search" in section
    assert "benchmarks/results.svg" in section


def test_the_section_goes_between_its_markers(record):
    text = f"Before.\n{tables.BEGIN}\nold\n{tables.END}\nAfter.\n"
    new = tables.with_section(text, record)
    assert new.startswith("Before.\n")
    assert new.endswith(f"{tables.END}\nAfter.\n")
    assert "old" not in new
    assert tables.with_section(new, record) == new
    for wrong in ("", tables.BEGIN, f"{tables.END}\n{tables.BEGIN}", text + text):
        with pytest.raises(ValueError, match="needs one line"):
            tables.with_section(wrong, record)


def test_the_readme_shows_the_record_that_is_committed():
    path = ROOT / "benchmarks" / "results.json"
    record = results.read(path) if path.exists() else None
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tables.with_section(text, record) == text, "run: make bench"


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


@pytest.fixture
def project(tmp_path, monkeypatch, record):
    """A project with a README alone, in which every run measures the rows of the record."""
    readme = tmp_path / "README.md"
    readme.write_text(f"{tables.BEGIN}\n{tables.END}\n", encoding="utf-8")
    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr(__main__, "ROOT", tmp_path)
    monkeypatch.setattr(__main__, "measured", lambda options: iter(record["rows"]))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    return tmp_path


def test_a_whole_run_writes_the_record_the_chart_and_the_readme(project, capsys):
    assert __main__.main([]) == 0
    folder = project / "benchmarks"
    assert sorted(path.name for path in folder.iterdir()) == ["results.json", "results.svg"]
    record = results.read(folder / "results.json")
    assert record["seconds"] == __main__.SECONDS
    text = (project / "README.md").read_text(encoding="utf-8")
    assert tables.with_section(text, record) == text
    printed = capsys.readouterr().out
    assert "LSTM, training step: batch 2" in printed
    assert ("pip install torch" in printed) == (torch_layers.torch is None)


@pytest.mark.parametrize(
    "words", [["--only", "beam"], ["--layers", "GRU"], ["--seconds", "0.1"]], ids=lambda w: w[0]
)
def test_a_part_of_a_run_writes_nothing_unless_asked_to(project, words, tmp_path):
    before = (project / "README.md").read_text(encoding="utf-8")
    assert __main__.main(words) == 0
    assert not list((project / "benchmarks").iterdir())
    assert __main__.main([*words, "--output", str(tmp_path / "part.json")]) == 0
    assert results.read(tmp_path / "part.json")["rows"]
    assert (tmp_path / "part.svg").exists()
    assert not list((project / "benchmarks").iterdir())
    assert (project / "README.md").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    "words",
    [["--output", "a.txt"], ["--output", "no such folder/a.json"], ["--seconds", "-1"]],
    ids=["form", "folder", "seconds"],
)
def test_a_command_line_that_cannot_work_is_refused_at_once(words, capsys):
    with pytest.raises(SystemExit):
        __main__.main(words)
    assert words[0] in capsys.readouterr().err
