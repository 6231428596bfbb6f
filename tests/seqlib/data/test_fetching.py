"""The other ways in: the makers' own address, and a file that the user already has."""

import io
import shutil
import zipfile

import pytest

from seqlib import data

WORDS = {"made_up/words.txt": b"one two three\n", "made_up/more.txt": b"four\n"}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def mirrored(shelf, site):
    """A set whose files the makers offer too: one plain, one in a zip."""
    sources = [
        {"url": f"{site.url}/words.txt", "file": "words.txt"},
        {"url": f"{site.url}/all.zip", "file": "more.txt", "inside": "data/more.txt"},
    ]
    shelf.add("made_up", WORDS, sources=sources)
    shelf.wheel.unlink()
    site.pages["/words.txt"] = WORDS["made_up/words.txt"]
    site.pages["/all.zip"] = zipped({"data/more.txt": WORDS["made_up/more.txt"]})
    return shelf


@pytest.fixture
def published(shelf, site):
    """A set that only its own address has, without a hash."""
    source = {"url": f"{site.url}/a.conll", "file": "a.conll", "size": 5}
    shelf.write("made_up", kind="canonical", sources=[source])
    site.pages["/a.conll"] = b"a\tb\n"
    return shelf


def test_the_canonical_address_gives_the_same_files(mirrored, site):
    files = data.fetch("made_up", source="canonical")
    assert files["words.txt"].read_bytes() == WORDS["made_up/words.txt"]
    assert files["more.txt"].read_bytes() == WORDS["made_up/more.txt"]
    assert data.fetch("made_up") == files  # verified against the card: no archive is needed
    data.fetch("made_up", source="canonical")
    assert sorted(site.asked) == ["/all.zip", "/words.txt"]
    assert mirrored.left() == ["made_up/more.txt", "made_up/words.txt"]


@pytest.mark.parametrize(
    ("happens", "message"),
    [
        (lambda site: site.pages.update({"/words.txt": b"new\n"}), "another version of words"),
        (lambda site: site.pages.clear(), r"/words\.txt answered 404"),
        (lambda site: setattr(site, "promised_too_much", 10), "broke off after 14 of 24 bytes"),
        (lambda site: (site.shutdown(), site.server_close()), r"not be read: .*\n.*where it goes"),
    ],
    ids=["other", "gone", "broken off", "nobody"],
)
def test_what_does_not_come_whole_from_the_canonical_address_is_not_kept(
    mirrored, site, happens, message
):
    happens(site)
    with pytest.raises(data.DataError, match=message):
        data.fetch("made_up", source="canonical")
    assert mirrored.left() == []


@pytest.mark.parametrize("body", [b"no zip at all", zipped({"other.txt": b""})])
def test_a_zip_that_lacks_the_file_is_said(mirrored, site, body):
    site.pages["/all.zip"] = body
    with pytest.raises(
        data.DataError, match=r"all\.zip: the zip is damaged or cut short, or another"
    ):
        data.fetch("made_up", source="canonical")
    assert mirrored.left() == ["made_up/words.txt"]


def test_a_file_without_a_hash_is_watched_from_its_arrival(published, site, capsys):
    path = data.fetch("made_up")["a.conll"]
    assert "no hash to check it against" in capsys.readouterr().out
    data.fetch("made_up")
    assert site.asked == ["/a.conll"]
    path.write_bytes(b"a\tB\n")
    data.fetch("made_up")
    assert path.read_bytes() == b"a\tb\n"
    assert published.left() == ["made_up/a.conll", "made_up/a.conll.sha256"]


def test_the_archive_that_the_user_has(shelf, tmp_path):
    shelf.add("made_up", WORDS)
    mine = tmp_path / "renamed by a browser (1).zip"
    shutil.move(shelf.wheel, mine)
    assert sorted(data.fetch("made_up", path=mine)) == ["more.txt", "words.txt"]
    assert sorted(data.fetch("made_up")) == ["more.txt", "words.txt"]
    assert mine.exists()


def test_the_files_that_the_user_has(shelf, tmp_path):
    shelf.add("made_up", WORDS)
    shelf.wheel.unlink()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "w").write_bytes(WORDS["made_up/words.txt"])
    (tmp_path / "mine" / "unrelated").write_bytes(b"x")
    with pytest.raises(data.DataError, match=r"words\.txt was taken .*more\.txt is still missing"):
        data.fetch("made_up", path=tmp_path / "mine")
    (tmp_path / "mine" / "m").write_bytes(WORDS["made_up/more.txt"])
    files = data.fetch("made_up", path=str(tmp_path / "mine"))
    assert files["words.txt"].read_bytes() == WORDS["made_up/words.txt"]
    assert shelf.left() == ["made_up/more.txt", "made_up/words.txt"]


def test_a_file_without_a_hash_is_known_by_its_name(published, tmp_path):
    mine = tmp_path / "a.conll"
    mine.write_bytes(b"mine")
    assert data.fetch("made_up", path=mine)["a.conll"].read_bytes() == b"mine"
    assert data.fetch("made_up")["a.conll"].read_bytes() == b"mine"


def test_the_wrong_file_is_told_apart_by_its_hash(shelf, tmp_path):
    shelf.add("made_up", WORDS)
    mine = tmp_path / "words.txt"
    mine.write_bytes(b"one two three")
    with pytest.raises(data.DataError, match=r"13 bytes, sha256 [0-9a-f]{64}\) is nothing of"):
        data.fetch("made_up", path=mine)
    with pytest.raises(data.DataError, match=r"Wanted is\n  the wheel made_up_archive 1\.0"):
        data.fetch("made_up", path=tmp_path)
    with pytest.raises(data.DataError, match="There is no file or folder"):
        data.fetch("made_up", path=tmp_path / "absent")
    assert shelf.left() == []


def test_where_from_must_be_known(shelf):
    shelf.add("made_up", WORDS)
    with pytest.raises(data.DataError, match="'web'; allowed are 'archive', 'canonical'"):
        data.fetch("made_up", source="web")
    with pytest.raises(data.DataError, match=r"https://example\.org/ offers .*fetch\('made_up'\)"):
        data.fetch("made_up", source="canonical")


def test_what_is_not_fetched_says_where_it_comes_from():
    for name, origin in (("dates", "code of this course"), ("bach_chorales", "package music21")):
        with pytest.raises(data.DataError, match=f"nothing to fetch for '{name}': .*{origin}"):
            data.fetch(name)


def test_a_set_without_an_archive_says_so(published):
    with pytest.raises(data.DataError, match="has no archive; use source='canonical'"):
        data.fetch("made_up", source="archive")
