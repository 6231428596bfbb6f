import json
import math

import keras
import numpy as np
import pytest

from course import results as results_module
from course.publishing import tables
from course.publishing.tables import BEGIN, END, markdown_table, with_table
from course.results import Results, figure, html_table, peak_megabytes, text_table

FIGURE = {"name": "a <b> | c", "value": 0.25, "unit": "nats"}
BESIDE = {"baseline": 0.5, "baseline_label": "guess", "published": 0.1, "source": "A & B, 2001"}
ROW = {**FIGURE, **BESIDE, "threshold": 0.3, "direction": "at most"}
RECORD = {"notebook": "9-9_toy", "profile": "default", "seconds": 61.4, "megabytes": 2345}
RECORD["results"] = [ROW]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Record into a folder of this test, under the default profile, with 2 GB at the peak."""
    monkeypatch.setattr(results_module, "peak_megabytes", lambda: 2000)
    monkeypatch.setenv("SEQLIB_RESULTS", str(tmp_path / "records"))
    monkeypatch.delenv("SEQLIB_PROFILE", raising=False)
    return tmp_path / "records"


def record(folder, name="9-9_toy"):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def test_record_holds_every_field(folder):
    results = Results("9-9_toy")
    pairs = {"baseline": ("guess", 0.5), "published": (0.1, "A & B, 2001")}
    results.add(ROW["name"], ROW["value"], unit="nats", at_most=0.3, **pairs)
    results.add("names", 3)
    results.finish()
    found = record(folder)
    assert found.keys() == RECORD.keys()
    assert (found["notebook"], found["profile"]) == ("9-9_toy", "default")
    row, names = found["results"]
    assert row == ROW
    assert names["threshold"] is names["direction"] is names["baseline"] is None


def test_all_missed_thresholds_are_named_at_once_and_the_record_is_written(folder):
    results = Results("9-9_toy")
    results.add("loss", 2.0, at_most=1.6)
    results.add("kept", 1.0, at_most=1.6)
    results.add("share", 0.5, at_least=0.9)
    results.add("figure, not its rounding", 1.600001, at_most=1.6)
    with pytest.raises(AssertionError, match="3 of the results") as caught:
        results.finish()
    assert "loss: 2, must be at most 1.6" in str(caught.value)
    assert "share: 0.5, must be at least 0.9" in str(caught.value)
    assert "figure, not its rounding: 1.6" in str(caught.value)
    assert "kept" not in str(caught.value)
    assert len(record(folder)["results"]) == 4


def test_peak_of_memory_is_recorded_and_held_to_a_laptop(folder, monkeypatch, capsys):
    assert 50 < peak_megabytes() < 1e6
    monkeypatch.setattr(results_module, "peak_megabytes", lambda: 4100)
    with pytest.raises(AssertionError, match="peak of memory: 4,100 MB, must be at most 4,000"):
        Results("9-9_toy").finish()
    assert record(folder)["megabytes"] == 4100
    assert "4.1 GB" in capsys.readouterr().out
    monkeypatch.setenv("SEQLIB_PROFILE", "full")
    Results("9-9_toy").finish()


@pytest.mark.parametrize("limit", [{"at_most": 1e9}, {"at_least": -1e9}, {}])
def test_nan_never_passes_and_is_valid_json(folder, limit):
    results = Results("9-9_toy")
    results.add("loss", math.nan, **limit)
    with pytest.raises(AssertionError, match="loss"):
        results.finish()
    assert record(folder)["results"][0]["value"] is None


def test_quick_profile_shows_and_does_no_more(folder, monkeypatch, capsys):
    monkeypatch.setenv("SEQLIB_PROFILE", "quick")
    results = Results("9-9_toy")
    results.add("loss", 99.0, at_most=1.6)
    results.finish()
    assert "99" in capsys.readouterr().out
    assert not folder.exists()


def test_same_figures_give_the_same_text(folder):
    for _ in range(2):
        results = Results("9-9_toy")
        results.add("third", 1 / 3)
        results.add("many", 1234567)
        results.finish()
        text = (folder / "9-9_toy.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert text == results_module.dumps(record(folder))
    assert [row["value"] for row in record(folder)["results"]] == [0.3333, 1234567]


@pytest.mark.parametrize(
    "value", [np.float32(0.5), np.array(0.5), keras.ops.convert_to_tensor(0.5)]
)
def test_scalars_of_every_kind_are_numbers(folder, value):
    results = Results("9-9_toy")
    results.add("half", value, at_most=value)
    results.finish()
    assert record(folder)["results"][0]["value"] == 0.5


@pytest.mark.parametrize("value", ["0.5", None, np.ones(2), True])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="'loss': value must be a number"):
        Results("9-9_toy").add("loss", value)


def test_bad_arguments_are_refused_by_name_and_finish_is_called_once(folder):
    results = Results("9-9_toy")
    results.add("loss", 1.0)
    with pytest.raises(ValueError, match="'loss' already"):
        results.add("loss", 2.0)
    with pytest.raises(ValueError, match="at_most or at_least"):
        results.add("share", 1.0, at_most=1, at_least=0)
    with pytest.raises(TypeError, match=r"baseline must be a pair \(label, value\)"):
        results.add("share", 1.0, baseline=0.5)
    with pytest.raises(TypeError, match="published must be a number"):
        results.add("share", 1.0, published=("A, 2001", 0.5))
    results = Results("9-9_toy")
    results.finish()
    with pytest.raises(RuntimeError, match="finish"):
        results.finish()


def test_only_the_notebook_itself_writes_the_record_beside_it(monkeypatch, tmp_path):
    """A learner's copy, one folder below, must leave the record of the worked notebook alone."""
    monkeypatch.delenv("SEQLIB_RESULTS", raising=False)
    monkeypatch.delenv("SEQLIB_PROFILE", raising=False)
    monkeypatch.setattr(results_module, "peak_megabytes", lambda: 2000)
    for folder in ("exercises", "results"):
        (tmp_path / folder).mkdir()
    for place in (tmp_path, tmp_path / "exercises"):
        (place / "9-9_toy.ipynb").touch()
    monkeypatch.chdir(tmp_path / "exercises")
    Results("9-9_toy").finish()
    assert not list(tmp_path.rglob("*.json"))
    monkeypatch.chdir(tmp_path)
    Results("9-9_toy").finish()
    assert record(tmp_path / "results")["notebook"] == "9-9_toy"


def test_every_table_shows_figure_baseline_source_threshold_time_and_memory():
    for table in (text_table(RECORD), html_table(RECORD), markdown_table([RECORD])):
        for part in ("0.25 nats", "0.5 (guess)", "2001)", "at most 0.3", "61", "2.3"):
            assert part in table
    # Special characters do not break a table.
    assert "a &lt;b&gt; | c" in html_table(RECORD)
    line = markdown_table([RECORD]).splitlines()[-1]
    assert line.replace("\\|", "").count("|") == 9  # eight columns


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "not finite"), (0, "0"), (12345.6, "12,346"), (0.00012344, "0.0001234"), (5, "5")],
)
def test_figures_are_short(value, shown):
    assert figure(value) == shown


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_broken_markers_are_refused(text):
    with pytest.raises(ValueError, match="results:begin"):
        with_table(text, [])


def test_readme_is_checked_and_rewritten(tmp_path, capsys):
    readme = tmp_path / "README.md"
    before = f"# Ü\n\n{BEGIN}\n{END}\n\nafter\n"
    readme.write_text(before, encoding="utf-8")
    (tmp_path / "results").mkdir()
    text = results_module.dumps(RECORD)
    (tmp_path / "results" / "9-9_toy.json").write_text(text, encoding="utf-8")

    check, renew = ["--notebooks", str(tmp_path), "--check"], ["--notebooks", str(tmp_path)]
    assert tables.main(check) == 1
    assert "out of step" in capsys.readouterr().out
    assert readme.read_text(encoding="utf-8") == before
    assert tables.main(renew) == 0
    after = readme.read_text(encoding="utf-8")
    assert after.startswith("# Ü")
    assert after.endswith("\nafter\n")
    assert "[9-9_toy](9-9_toy.ipynb)" in after
    assert tables.main(check) == 0
