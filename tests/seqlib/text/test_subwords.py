"""Pieces of words: exact there and back on the corpus, the same every time, and every error."""

import itertools
import json
import os

import numpy as np
import pytest

from seqlib import data
from seqlib.text import Subwords

START, END = "<start>", "<end>"


@pytest.fixture(scope="module")
def corpus():
    """2,000 sentences of each language, from all over the corpus."""
    table = data.load("english_spanish").sample(2000, random_state=1)
    return {language: table[language].tolist() for language in ("english", "spanish")}


@pytest.fixture(scope="module")
def both(corpus):
    """One vocabulary for both languages."""
    return Subwords.train(itertools.chain(*corpus.values()), size=1500)


@pytest.fixture
def tiny():
    return Subwords("▁acst.", [("▁", "c"), ("a", "t"), ("▁c", "at")])


@pytest.mark.parametrize("language", ["english", "spanish"])
def test_sentences_of_the_corpus_come_back_as_they_were(corpus, both, language):
    sentences = [" ".join(sentence.split()) for sentence in corpus[language]]
    ids = both.encode_batch(sentences, start=START, end=END)
    assert ids.dtype == np.int32
    assert not (ids == 1).any()
    assert [both.decode(row) for row in ids] == sentences


@pytest.mark.parametrize(
    "sentence",
    [
        "I don't know.",
        "¿Dónde está? ¡Aquí!",
        '"Well-known," she said: (3.5 or 10)...',
        "'tis the dogs' bone",
        "a  b\n\tc ",
        "",
    ],
)
def test_marks_and_spaces_come_back(sentence):
    subwords = Subwords.train([sentence, "a"], size=200)
    assert subwords.decode(subwords.encode(sentence)) == " ".join(sentence.split())


def test_ids_are_padding_unknown_special_if_any_then_pieces(both):
    assert both.tokens[:4] == ["<pad>", "<unk>", START, END]
    assert [both.id(token) for token in both.tokens] == list(range(len(both)))
    assert len(both) == len(set(both.tokens)) == 1500
    assert "▁the" in both
    assert "1500 pieces" in repr(both)
    subwords = Subwords.train(["abab"], size=10, special=())
    assert subwords.tokens[:2] == ["<pad>", "<unk>"]
    assert subwords.decode(subwords.encode("ab ba")) == "ab ba"


def test_what_is_most_frequent_is_joined_first(tiny):
    learnt = Subwords.train(["cat cat cats at"], size=10)
    assert learnt.tokens[4:] == ["a", "c", "s", "t", "▁", "at"]
    assert tiny.pieces("cats at. scat") == ["▁cat", "s", "▁", "at", ".", "▁", "s", "c", "at"]


@pytest.mark.parametrize("lower", [False, True])
def test_what_is_saved_is_loaded_and_leaves_nothing_else(corpus, tmp_path, lower):
    made = Subwords.train(corpus["english"], size=700, special=("<s>", "</s>"), lower=lower)
    made.save(tmp_path / "pieces.json")
    made.save(tmp_path / "pieces.json")
    loaded = Subwords.load(tmp_path / "pieces.json")
    assert os.listdir(tmp_path) == ["pieces.json"]
    assert (loaded.tokens, loaded.special, loaded.lower) == (made.tokens, made.special, lower)
    sentences = corpus["english"][:100]
    expected = made.encode_batch(sentences, end="</s>")
    assert (loaded.encode_batch(sentences, end="</s>") == expected).all()


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"format": "other"})])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.json: it is no file that Subwords\.save wrote"):
        Subwords.load(tmp_path / "a.json")


def test_a_word_is_the_same_piece_before_a_mark_and_keeps_its_apostrophe():
    subwords = Subwords.train(["the house", "the house.", "the house!"] * 3, size=40)
    assert subwords.pieces("the house.") == ["▁the", "▁house", "."]
    assert subwords.pieces("the house!") == ["▁the", "▁house", "!"]
    subwords = Subwords.train(["don't don't do 'n' t'"] * 3, size=60)
    assert subwords.pieces("don't") == ["▁don't"]


def test_what_has_no_piece_is_unknown_and_marks_of_ours_are_plain_characters(tiny):
    ids = tiny.encode("a猫 cat")
    assert ids.count(1) == 1
    assert tiny.decode(ids) == "a<unk> cat"
    assert tiny.decode(tiny.encode("猫")) == "<unk>"
    subwords = Subwords.train(["<end> <start> <unk> <pad>"] * 5, size=80)
    ids = subwords.encode("a <end> <unk>")
    assert not {0, subwords.id(START), subwords.id(END)} & set(ids)
    assert subwords.decode(subwords.encode("<end> <unk>")) == "<end> <unk>"
    subwords = Subwords.train(["a_b"], size=20)
    assert subwords.decode(subwords.encode("a▁b")) == "a_b"
    assert tiny.decode(tiny.encode("a▁c")) == "a<unk>c"


def test_accents_in_two_ways_are_the_same_and_lower_case_is_a_choice(corpus):
    subwords = Subwords.train(["cafe\u0301"], size=20)
    assert subwords.encode("café") == subwords.encode("cafe\u0301")
    assert subwords.decode(subwords.encode("cafe\u0301")) == "café"
    lower = Subwords.train(corpus["english"], size=500, lower=True)
    assert not any(token != token.lower() for token in lower.tokens)
    assert lower.encode("THE House") == lower.encode("the house")


def test_start_and_end_stand_around_a_sentence_and_decoding_stops_there(tiny):
    start, end = tiny.id(START), tiny.id(END)
    assert tiny.encode("cat", start=START) == [start, *tiny.encode("cat")]
    assert tiny.encode("cat", end=END) == [*tiny.encode("cat"), end]
    assert tiny.encode("", start=START, end=END) == [start, end]
    assert tiny.pieces(tiny.encode("cat", START, END)) == [START, "▁cat", END]
    cat = tiny.id("▁cat")
    assert tiny.decode([start, cat, 0, cat, end, cat, 0]) == "cat cat"
    assert tiny.decode(np.array([start, cat, end, cat]), end=None) == "cat cat"
    assert tiny.decode([]) == ""


def test_a_batch_of_given_length_is_cut_or_filled(tiny):
    full = tiny.encode_batch(["cats", "cat", ""], end=END)
    cat, s, end = (tiny.id(token) for token in ("▁cat", "s", END))
    assert full.tolist() == [[cat, s, end], [cat, end, 0], [end, 0, 0]]
    assert tiny.encode_batch(["cats", "cat"], length=1).tolist() == [[cat], [cat]]
    assert tiny.encode_batch(["cat"], length=3).tolist() == [[cat, 0, 0]]
    assert tiny.encode_batch([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.encode(["a"]), TypeError, "must be a string, got list"),
        (lambda s: s.encode_batch("abc"), TypeError, "got one string"),
        (lambda s: s.encode_batch([None]), TypeError, "must be a string, got NoneType"),
        (lambda s: s.encode("a", end="<stop>"), ValueError, "'<end>'.*got '<stop>'"),
        (lambda s: s.encode("a", start="a"), ValueError, "start must be None or one of"),
        (lambda s: s.decode([99]), ValueError, r"must lie in 0\.\."),
        (lambda s: Subwords.train("abc"), TypeError, "got one string"),
        (lambda s: Subwords.train([]), ValueError, "must hold some text"),
        (lambda s: Subwords.train(["abc"], size=7), ValueError, "at least 8, got 7"),
        (lambda s: Subwords("", []), ValueError, "at least one"),
        (lambda s: Subwords("ab", [("a", "x")]), ValueError, r"got \('a', 'x'\)"),
        (lambda s: Subwords("ab", ["aba"]), ValueError, "must be a pair"),
        (lambda s: Subwords("ab", [], special=["<e>", "<e>"]), ValueError, "once: '<e>'"),
    ],
)
def test_what_is_wrong_is_said(tiny, call, error, message):
    with pytest.raises(error, match=message):
        call(tiny)


def test_half_of_a_surrogate_pair_is_named():
    broken = ["fine", "a broken \ud83d face"]
    for use in (Subwords.train, Subwords.train(["a broken face"] * 2, size=40).encode_batch):
        with pytest.raises(ValueError, match=r"text 1 holds U\+D83D at 9, half of"):
            use(broken)
