import pytest

from seqlib import data
from seqlib.data import __main__ as command_line
from seqlib.data import cards, loaders


def test_every_card_is_valid_and_shows_license_and_citation():
    for card in map(data.card, data.names()):
        shown = str(card)
        assert " ".join(card.license.split()) in shown
        assert " ".join(card.citation.split()) in shown
        assert card.origin in shown
        assert card.notebooks, card.name
        assert card.kind in ("generated", "written") or card.canonical, card.name
        assert bool(card.loads) == (card.name in loaders.LOADERS), card.name
        if card.restrictions:
            limits = (card.restrictions, card.license, card.citation)
            assert all(part in card.notice() for part in limits)


def test_cards_agree_on_archives_and_sizes():
    archives = {}
    for card in map(data.card, data.names()):
        if archive := card.archive:
            assert archives.setdefault(archive.package, archive) == archive
        for source in card.sources:
            member = card.member(source.file)
            assert member is None or source.size == member.size


def test_the_readme_table_is_in_step():
    text = (cards.folder() / "README.md").read_text(encoding="utf-8")
    assert command_line.with_table(text) == text, "run: python -m seqlib.data table"


def test_an_unknown_name_lists_close_ones():
    with pytest.raises(data.UnknownDataSet, match=r"'dinosaur'.*Did you mean 'dinosaurs'"):
        data.card("dinosaur")
    with pytest.raises(ValueError, match=r"No data set is called 7\. There are: bach_chorales"):
        data.card(7)


MEMBER = {"file": "a.txt", "path": "p/a.txt", "sha256": "0" * 64, "size": 1}
ARCHIVE = {"package": "p", "version": "1.0", "sha256": "0" * 64, "size": 1}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"colour": "red"}, "unknown colour; allowed are name, title"),
        ({"license": ""}, "license is empty"),
        ({"license": 3}, "license is 3; it must be of type str"),
        ({"name": "other"}, "name is 'other', but the file is made_up.toml"),
        ({"kind": "web"}, "kind is 'web'; allowed are archive, canonical"),
        ({"kind": "package"}, "kind 'package' needs requires"),
        ({"kind": "canonical"}, r"kind 'canonical' needs \[\[sources\]\]"),
        ({"canonical": "file:///etc/hosts"}, "'file:///etc/hosts' is not an http or https address"),
        ({"archive": ARCHIVE}, r"kind 'archive' goes with \[archive\] and \[\[members\]\]"),
        ({"members": [MEMBER | {"sha256": "abc"}]}, "sha256 is 'abc'; it must be 64"),
        ({"members": [MEMBER | {"size": 0}]}, "size is 0; it must be positive"),
        ({"members": [MEMBER | {"file": "../a"}]}, "it must be a plain file name"),
        ({"members": [MEMBER | {"path": ""}]}, "needs either path or pattern"),
        ({"members": [MEMBER, MEMBER]}, "two members are kept under one name"),
        ({"archive": {"package": "p"}}, r"\[archive\]: .*missing.*'version'"),
    ],
)
def test_a_wrong_card_is_rejected_with_its_file_and_field(shelf, fields, message):
    if "members" in fields:
        fields = {"kind": "archive", "archive": ARCHIVE} | fields
    shelf.write("made_up", **({"kind": "generated"} | fields))
    with pytest.raises(data.DataError, match=message) as caught:
        data.card("made_up")
    assert "made_up.toml" in str(caught.value)


def test_a_card_that_is_not_toml_is_named(shelf):
    (shelf.cards / "made_up.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(data.DataError, match=r"made_up\.toml is not valid TOML"):
        data.card("made_up")


def test_cards_are_found_inside_an_installed_package(tmp_path, monkeypatch):
    installed = tmp_path / "seqlib" / "datasets"
    installed.mkdir(parents=True)
    monkeypatch.setattr(cards, "__file__", str(tmp_path / "seqlib" / "data" / "cards.py"))
    library = tmp_path / "datasets"  # a library of that name, installed beside seqlib
    library.mkdir()
    with pytest.raises(data.DataError, match="cards are missing"):
        cards.folder()
    (installed / "dinosaurs.toml").touch()
    assert cards.folder() == installed
