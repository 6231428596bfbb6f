"""Pieces of words and vectors of sentences."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from seqlib import data, pretrained
from seqlib.files import FileError
from seqlib.pretrained import SentenceEncoder, WordPiece
from tests.seqlib.pretrained.models import PIECES, write

SENTENCES = ["That is a happy person", "That is a happy dog", "Today is a sunny day"]


@pytest.fixture(scope="module")
def minilm():
    return pretrained.sentences._minilm()


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "model")


def test_the_cosines_are_those_published_of_minilm_loaded_once(minilm):
    vectors = minilm.embeddings(SENTENCES)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] == pytest.approx(0.6946, abs=1e-3)
    assert vectors[0] @ vectors[2] == pytest.approx(0.2569, abs=1e-3)
    assert pretrained.sentence_embeddings(SENTENCES[:1]).shape == (1, 384)
    assert pretrained.sentences._minilm() is minilm


def test_neither_padding_nor_company_nor_order_changes_a_vector(minilm):
    sentences = [*SENTENCES, "Yes.", " ".join(["and so on"] * 30), "", "a b c d e f g h i j k"]
    together = minilm.embeddings(sentences, batch_size=3)
    for sentence, vector in zip(sentences, together, strict=True):
        np.testing.assert_allclose(minilm.embeddings([sentence])[0], vector, atol=1e-5)
    np.testing.assert_allclose(minilm.embeddings(sentences[::-1])[::-1], together, atol=1e-5)
    assert minilm.embeddings([]).shape == (0, 384)


def test_long_sentences_are_cut_and_what_does_not_fit_is_refused(minilm):
    long = " ".join(["word"] * 600)
    cut = minilm.embeddings([" ".join(["word"] * 14)])
    np.testing.assert_allclose(minilm.embeddings([long], length=16), cut, atol=1e-5)
    assert minilm.embeddings([long], length=512).shape == (1, 384)
    with pytest.raises(ValueError, match="at most 512"):
        minilm.embeddings([long], length=513)
    with pytest.raises(TypeError, match="put it in"):
        minilm.embeddings("one string")


def test_the_mean_is_that_of_the_hidden_states(folder):
    encoder = SentenceEncoder.load(folder)
    sentence = "the cat sat on the mat"
    ids = encoder.wordpiece.encode([sentence]).ids
    hidden = np.array(encoder.encoder(ids))[0].mean(axis=0)
    expected = hidden / np.linalg.norm(hidden)
    np.testing.assert_allclose(
        encoder.embeddings([sentence, "a dog"], length=16)[0], expected, atol=1e-5
    )


def test_pieces_of_minilm(minilm):
    found = minilm.wordpiece.encode(SENTENCES)
    assert found.ids[0].tolist() == [101, 2008, 2003, 1037, 3407, 2711, 102]
    assert minilm.wordpiece.pieces("Café NAÏVETÉ")[1:-1] == ["cafe", "naive", "##te"]
    assert len(minilm.wordpiece) == 30_522


def test_the_list_gives_the_same_pieces_as_the_library_s_own_file(minilm):
    paths = data.fetch("minilm")
    from_list = WordPiece.load({"vocab.txt": paths["vocab.txt"]})
    assert from_list.tokens == minilm.wordpiece.tokens
    texts = [*SENTENCES, "Don't—naïve ÀÉ 漢字, [SEP] \u200b tab\t!", "x" * 150, ""]
    one, two = from_list.encode(texts, texts[::-1]), minilm.wordpiece.encode(texts, texts[::-1])
    for name in ("ids", "types", "words", "spans"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    library = Tokenizer.from_file(str(paths["tokenizer.json"]))
    library.no_padding()
    library.encode_special_tokens = True
    assert library.encode(texts[3]).ids == from_list.encode(texts[3:4]).ids[0].tolist()


def test_arrays_of_pieces(folder):
    wordpiece = WordPiece.load(folder)
    found = wordpiece.encode(["The cats sat", "a dog"])
    shown = [[wordpiece.tokens[n] for n in row] for row in found.ids]
    assert shown[0] == ["[CLS]", "the", "cat", "##s", "sat", "[SEP]"]
    assert shown[1] == ["[CLS]", "a", "dog", "[SEP]", "[PAD]", "[PAD]"]
    assert found.words.tolist() == [[-1, 0, 1, 1, 2, -1], [-1, 0, 1, -1, -1, -1]]
    assert found.spans[0].tolist() == [[0, 0], [0, 3], [4, 7], [7, 8], [9, 12], [0, 0]]
    assert found.mask.tolist() == [[True] * 6, [True] * 4 + [False] * 2]
    for array in (found.ids, found.types, found.words, found.spans):
        assert array.dtype == np.int32
    words = wordpiece.encode([["The", "cats", "sat"], ["a", "dog"]])
    np.testing.assert_array_equal(words.ids, found.ids)
    np.testing.assert_array_equal(words.words, found.words)


def test_pairs_have_types_and_are_cut_where_they_are_longer(folder):
    wordpiece = WordPiece.load(folder)
    found = wordpiece.encode(["a cat"], ["the dog sat on the mat"])
    assert found.types.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]]
    cut = wordpiece.encode(["a cat"], ["the dog sat on the mat"], length=8)
    assert [wordpiece.tokens[n] for n in cut.ids[0]] == (
        ["[CLS]", "a", "cat", "[SEP]", "the", "dog", "sat", "[SEP]"]
    )
    assert wordpiece.encode(["a cat sat"], length=4).ids.shape == (1, 4)
    assert wordpiece.encode(["a cat sat"]).ids.shape == (1, 5)  # no cut is left behind
    with pytest.raises(ValueError, match="3 marks"):
        wordpiece.encode(["a"], ["cat"], length=3)
    with pytest.raises(ValueError, match="`second` holds 2"):
        wordpiece.encode(["a"], ["cat", "dog"])
    with pytest.raises(ValueError, match="strings alone"):
        wordpiece.encode(["a", ["cat"]])
    with pytest.raises(TypeError, match="`second`"):
        wordpiece.encode(["a"], "c")


def test_bad_files_of_pieces_are_named_and_capitals_count_where_pieces_have_them(tmp_path, folder):
    cased = [*PIECES[:-1], "Berlin"]
    wordpiece = WordPiece.load(write(tmp_path / "cased", pieces=cased))
    assert wordpiece.pieces("Berlin berlin The the")[1:-1] == ["Berlin", "[UNK]", "[UNK]", "the"]
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FileError, match=r"tokenizer\.json: it is no tokenizer"):
        WordPiece.load(folder)
    with pytest.raises(FileError, match=r"\[CLS\]: there is no such piece"):
        WordPiece.load(write(tmp_path / "bare", pieces=["[PAD]", "[UNK]", "a"]))
    with pytest.raises(FileError, match=r"\[PAD\]: its id is 5"):
        WordPiece.load(write(tmp_path / "moved", pieces=[*PIECES[1:6], "[PAD]", *PIECES[6:]]))
    (folder / "vocab.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(FileError, match="UTF-8"):
        WordPiece.load(folder)
    (folder / "vocab.txt").unlink()
    with pytest.raises(FileError, match="neither"):
        WordPiece.load(folder)


def test_marks_in_a_text_are_text(folder):
    wordpiece = WordPiece.load(folder)
    for sentence in ("a [PAD] [SEP] cat", ["a", "[PAD]", "[SEP]", "cat"]):
        pieces = wordpiece.pieces(sentence)
        assert (pieces[0], pieces[-1]) == ("[CLS]", "[SEP]")
        assert "cat" in pieces
        assert not {"[PAD]", "[SEP]"} & set(pieces[1:-1])
    with pytest.raises(ValueError, match=r"text 1 holds U\+D83D"):
        wordpiece.encode(["a cat", "a \ud83d cat"])


def test_a_list_of_pieces_may_have_one_twice_and_blank_lines(tmp_path):
    pieces = [*PIECES[:-4], "cat", "", "", "last"]
    wordpiece = WordPiece.load(write(tmp_path / "twice", pieces=pieces))
    assert wordpiece.pieces("a cat last")[1:-1] == ["a", "cat", "last"]
    assert wordpiece.encode(["cat"]).ids[0, 1] == len(PIECES) - 4  # the last one counts
    assert len(wordpiece) == len(PIECES)


def test_what_the_tokenizer_s_settings_say_is_heeded(tmp_path):
    pieces = [*PIECES[:-5], "für", "fur", "straße", "möchte", "Та"]
    folder = write(tmp_path / "german", pieces=pieces)
    settings = folder / "tokenizer_config.json"
    settings.write_text('{"do_lower_case": true, "strip_accents": false}', encoding="utf-8")
    assert WordPiece.load(folder).pieces("Für STRAßE")[1:-1] == ["für", "straße"]
    settings.write_text('{"do_lower_case": false}', encoding="utf-8")
    assert WordPiece.load(folder).pieces("Та")[1:-1] == ["Та"]
    settings.write_text('{"strip_accents": "some"}', encoding="utf-8")
    with pytest.raises(FileError, match=r"strip_accents: got 'some'. Expected: true or false"):
        WordPiece.load(folder)
    settings.write_text("no JSON", encoding="utf-8")
    with pytest.raises(FileError, match="cannot be read as a JSON object"):
        WordPiece.load(folder)
