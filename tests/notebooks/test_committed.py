"""Every notebook is committed as it ran, with its record, its learner's copy and its table line."""

import re
from pathlib import Path

import nbformat
import pytest

from course import results
from course.publishing import committed, exercises, picture, tables

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))

by_name = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


@by_name
def test_notebook_is_fit_to_be_committed_and_small_in_the_file_too(path):
    assert committed.check(path, NOTEBOOKS / "results") == []
    assert path.stat().st_size <= committed.SIZE_LIMIT


@by_name
def test_recorded_figures_reach_their_thresholds(path):
    file = NOTEBOOKS / "results" / f"{path.stem}.json"
    if file.exists():
        record = tables.read_record(file)
        assert results.fits_a_laptop(record), record["megabytes"]
        for row in record["results"]:
            assert row["value"] is not None, row
            assert results.reaches(row["value"], row), row


@by_name
def test_links_lead_to_files(path):
    copy = NOTEBOOKS / "exercises" / path.name
    for place in [path, copy] if copy.exists() else [path]:
        for cell in nbformat.read(place, as_version=4).cells:
            if cell.cell_type == "markdown":
                for link in re.findall(r"\]\((?![a-zA-Z]+:|[#/])([^)\s#]+)", cell.source):
                    assert (place.parent / link).exists(), f"{place.name}: {link}"


def test_records_copies_and_table_are_in_step():
    names = {path.stem for path in PATHS}
    assert {path.stem for path in (NOTEBOOKS / "results").glob("*.json")} <= names
    assert exercises.out_of_step(NOTEBOOKS) == []
    assert tables.main(["--notebooks", str(NOTEBOOKS), "--check"]) == 0


def test_picture_of_the_readme_is_in_step():
    kept = (NOTEBOOKS / picture.FILE).read_text(encoding="utf-8")
    assert picture.picture(NOTEBOOKS) == kept, "run: python -m course.publishing.picture"
    assert len(kept) < 200_000
