import random
import sys

import numpy as np
import pytest

from course import machine, session


@pytest.mark.parametrize(("value", "expected"), [("quick", 1), ("default", 2), ("full", 3)])
def test_choose_follows_the_profile(monkeypatch, value, expected):
    monkeypatch.setenv("SEQLIB_PROFILE", value)
    assert session.profile() == value
    assert session.choose(quick=1, default=2, full=3) == expected


def test_what_is_left_out_is_the_default(monkeypatch):
    monkeypatch.delenv("SEQLIB_PROFILE", raising=False)
    assert session.profile() == "default"
    monkeypatch.setenv("SEQLIB_PROFILE", "")
    assert session.profile() == "default"
    monkeypatch.setenv("SEQLIB_PROFILE", "full")
    assert session.choose(quick=1, default=2) == 2
    assert session.choose(quick=1, default=2, full=None) is None


def test_unknown_profile_is_refused_with_what_is_allowed(monkeypatch):
    monkeypatch.setenv("SEQLIB_PROFILE", "fast")
    with pytest.raises(ValueError, match=r"'fast'.*quick, default, full"):
        session.start(seed=1)


def test_start_seeds_every_generator_and_says_on_what_it_runs(capsys):
    import keras

    def draw():
        session.start(seed=7)
        return random.random(), np.random.random(), float(keras.random.uniform(()))  # noqa: NPY002

    first, second = draw(), draw()
    assert first == second
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert len(lines) == 4  # two lines a start
    assert keras.__version__ in lines[0]
    assert "profile" in lines[1]
    assert "seed 7" in lines[1]
    assert session.seconds() >= 0


def test_report_names_backend_profile_and_path():
    report = session.report()["value"]
    assert report["profile"] == session.profile()
    assert report["recurrent layers"].startswith(machine.recurrent_execution().name)
    assert report["backend"].split()[0] in ("TensorFlow", "JAX", "PyTorch")


def test_data_folder_is_told_without_the_name_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQLIB_DATA", str(tmp_path))
    assert str(tmp_path) not in machine.data_folder()
    monkeypatch.delenv("SEQLIB_DATA")
    assert str(machine.Path.home()) not in machine.data_folder()


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_memory_that_is_freed_is_kept():
    """Else every page of a large array comes anew from the system."""
    resource = pytest.importorskip("resource")
    size, pages = 2**25, 2**25 // resource.getpagesize()
    session.keep_freed_memory()
    np.ones(size, "uint8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(size, "uint8")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < pages / 4
