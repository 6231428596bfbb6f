"""WordVectors against brute force: neighbours, analogies, similarity, subsets, conversions."""

import numpy as np
import pytest

from seqlib.text import Vocabulary
from seqlib.word_vectors import FileError, WordVectors
from seqlib.word_vectors import vectors as vectors_module
from tests.seqlib.word_vectors.files import numbers, write

WORDS = [f"w{n}" for n in range(200)]
MATRIX = numbers(200, 6)


@pytest.fixture
def vectors():
    return WordVectors(WORDS, MATRIX)


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def brute_force(target, k, left_out=(), vocabulary=200):
    """Return the nearest words one comparison at a time."""
    pairs = [
        (word, cosine(MATRIX[row].astype("float64"), target))
        for row, word in enumerate(WORDS[:vocabulary])
        if word not in left_out
    ]
    return sorted(pairs, key=lambda pair: -pair[1])[:k]


def assert_same(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], atol=1e-6)


@pytest.mark.parametrize("at_once", [1, 450, 16_000_000])
@pytest.mark.parametrize("vocabulary", [None, 50, 3])
def test_nearest_is_what_brute_force_finds(vectors, monkeypatch, at_once, vocabulary):
    monkeypatch.setattr(vectors_module, "_SCORES", at_once)
    limit = vocabulary or 200
    queries = ["w7", "w100", "w2", "w7"]
    found = vectors.nearest(queries, k=5, vocabulary=vocabulary)
    for query, one in zip(queries, found, strict=True):
        assert_same(one, brute_force(vectors[query], 5, [query], limit))
    assert_same(vectors.nearest("w7", k=5, vocabulary=vocabulary), found[0])
    targets = numbers(4, 6, seed=1)
    found = vectors.nearest(targets, k=4, vocabulary=vocabulary)
    for target, one in zip(targets, found, strict=True):
        assert_same(one, brute_force(target, 4, vocabulary=limit))
    assert_same(vectors.nearest(100 * targets[2], k=4, vocabulary=vocabulary), found[2])


@pytest.mark.parametrize("vocabulary", [None, 60])
def test_analogies_are_what_brute_force_finds(vectors, vocabulary):
    a, b, c = (np.random.default_rng(3).permutation(WORDS)[:40].tolist() for _ in range(3))
    a, b, c = a[:30], b[5:35], c[10:40]
    found = vectors.analogy(a, b, c, k=3, vocabulary=vocabulary)
    for question, one in zip(zip(a, b, c, strict=True), found, strict=True):
        first, second, third = (v / np.linalg.norm(v) for v in vectors[question].astype("float64"))
        target = second - first + third
        assert_same(one, brute_force(target, 3, question, vocabulary or 200))
    assert_same(vectors.analogy(a[3], b[3], c[3], k=3, vocabulary=vocabulary), found[3])
    mixed = vectors.analogy(a[3], [b[3], b[4]], c[3], k=3, vocabulary=vocabulary)
    assert_same(mixed[0], found[3])
    assert len(mixed) == 2


def test_similarity_pair_by_pair(vectors):
    assert vectors.similarity("w1", "w2") == pytest.approx(cosine(MATRIX[1], MATRIX[2]), abs=1e-6)
    assert isinstance(vectors.similarity("w1", "w2"), float)
    found = vectors.similarity(["w1", "w3"], ["w2", "w4"])
    expected = [cosine(MATRIX[1], MATRIX[2]), cosine(MATRIX[3], MATRIX[4])]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    table = vectors.similarity([["w1"], ["w2"], ["w3"]], ["w1", "w2"])  # every one with every one
    assert table.shape == (3, 2)
    np.testing.assert_allclose([table[0, 0], table[1, 1]], 1, atol=1e-6)


def test_a_vector_of_zeros_is_near_to_nothing_and_the_more_frequent_comes_first():
    vectors = WordVectors(["a", "zero", "b"], [[1, 0], [0, 0], [-1, 0]])
    assert vectors.nearest("a") == [("zero", 0.0), ("b", -1.0)]
    assert vectors.similarity("a", "zero") == 0
    assert [cosine for _, cosine in vectors.nearest("zero")] == [0, 0]
    vectors = WordVectors(["q", "x", "y", "z"], [[1, 0], [1, 1], [1, -1], [2, 2]])
    assert [word for word, _ in vectors.nearest("q")] == ["x", "y", "z"]


def test_looking_up(vectors):
    assert len(vectors) == 200
    assert vectors.dimension == 6
    assert "w3" in vectors
    assert "W3" not in vectors
    np.testing.assert_array_equal(vectors["w3"], MATRIX[3])
    np.testing.assert_array_equal(vectors[["w3", "w1"]], MATRIX[[3, 1]])
    assert vectors[[["w3", "w1"], ["w2", "w2"]]].shape == (2, 2, 6)
    with pytest.raises(KeyError, match=r"'W3' is not among the 200 words. Did you mean 'w3'\?"):
        vectors["W3"]
    with pytest.raises(KeyError, match="'none' is not among the 200 words"):
        vectors.nearest(["w1", "none"])
    assert len(vectors.nearest("w0", k=500)) == 199
    assert vectors.nearest([], k=3) == []


def test_a_subset_keeps_the_order_asked_for_and_a_replacement_is_a_copy(vectors):
    vocabulary = Vocabulary(["w9", "no such word", "w4"], unknown="<unk>")
    for wanted in (vocabulary, ["w9", "w9", "no such word", "w4"]):
        some = vectors.subset(wanted)
        assert some.words == ["w9", "w4"]
        np.testing.assert_array_equal(some.matrix, MATRIX[[9, 4]])
    some.matrix[:] = 0
    assert vectors.matrix.any(axis=1).all()  # a copy
    with pytest.raises(ValueError, match="none of the 1 words is among the 200"):
        vectors.subset(["no such word"])
    new = vectors.replaced(["w5", "w6"], np.ones((2, 6)))
    assert new["w6"].tolist() == [1] * 6
    np.testing.assert_array_equal(new["w7"], MATRIX[7])
    np.testing.assert_array_equal(vectors["w6"], MATRIX[6])


def test_what_does_not_go_together_is_refused(vectors):
    with pytest.raises(ValueError, match=r"there are 1 words, and the matrix has shape \(2, 2\)"):
        WordVectors(["a"], np.eye(2))
    with pytest.raises(ValueError, match="'b' is there more than once"):
        WordVectors(["a", "b", "b"], np.eye(3))
    with pytest.raises(ValueError, match="Allowed: a word or more"):
        WordVectors([], np.empty((0, 2)))
    with pytest.raises(ValueError, match=r"queries has shape \(2, 5\). Allowed: words, \(6,\)"):
        vectors.nearest(np.ones((2, 5)))
    with pytest.raises(ValueError, match="k is 0"):
        vectors.nearest("w1", k=0)


def test_to_gensim_and_back(vectors):
    pytest.importorskip("gensim")
    theirs = vectors.to_gensim()
    assert np.shares_memory(theirs.vectors, vectors.matrix)
    for ours, their in zip(
        vectors.nearest("w3", k=4), theirs.most_similar("w3", topn=4), strict=True
    ):
        assert ours[0] == their[0]
        assert ours[1] == pytest.approx(their[1], abs=1e-5)
    again = WordVectors.from_gensim(theirs)
    assert again.words == vectors.words
    assert np.shares_memory(again.matrix, vectors.matrix)


@pytest.mark.parametrize("given", ["list", "file", "file with carriage returns"])
def test_numpy_with_a_vocabulary(tmp_path, given):
    np.save(tmp_path / "a.npy", MATRIX)
    text = "\n".join(WORDS) + "\n"
    if given != "list":
        write(tmp_path / "a.txt", text if given == "file" else text.replace("\n", "\r\n"))
    vectors = WordVectors.load_numpy(
        tmp_path / "a.npy", WORDS if given == "list" else tmp_path / "a.txt"
    )
    assert vectors.words == WORDS
    assert isinstance(vectors.matrix, np.memmap)
    np.testing.assert_array_equal(vectors.matrix, MATRIX)


def test_numpy_files_that_do_not_fit(tmp_path):
    path, words = tmp_path / "a.npy", tmp_path / "a.txt"
    np.save(path, MATRIX)
    with pytest.raises(FileError, match=r"a.npy: it has 200 rows, but the vocabulary 3 wor"):
        WordVectors.load_numpy(path, write(words, "a\nb\nc\n"))
    with pytest.raises(FileError, match=r"a.txt, line 3: the word 'a' is there for the sec"):
        WordVectors.load_numpy(path, write(words, "a\nb\na\n"))
    with pytest.raises(FileError, match=r"a.txt, line 2: it is not UTF-8"):
        WordVectors.load_numpy(path, write(words, b"a\n\xff\n"))
    bad = MATRIX.copy()
    bad[17, 2] = np.nan
    np.save(path, bad)
    with pytest.raises(FileError, match=r"a.npy, row 17: the vector of 'w17' is not finite"):
        WordVectors.load_numpy(path, WORDS)
    np.save(path, np.arange(4))
    with pytest.raises(FileError, match=r"Allowed: one array \(words, dimension\) of floats"):
        WordVectors.load_numpy(path, WORDS)
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(FileError, match=r"no whole .npy file"):
        WordVectors.load_numpy(path, WORDS)
    for content in (b"", b"what", b"\x93NUMPY"):
        with pytest.raises(FileError, match=r"no whole .npy file"):
            WordVectors.load_numpy(write(path, content), WORDS)
    with pytest.raises(FileNotFoundError):
        WordVectors.load_numpy(tmp_path / "nowhere.npy", WORDS)


def test_lengths_in_half_precision_do_not_overflow():
    rows = np.array([[300.0, 20.0], [290.0, 40.0], [-10.0, 280.0]])
    half, single = (WordVectors(["a", "b", "c"], rows.astype(kind)) for kind in ("f2", "f4"))
    for query in (lambda v: v.nearest("a", k=2), lambda v: v.analogy("a", "b", "c")):
        assert [word for word, _ in query(half)] == [word for word, _ in query(single)]
    np.testing.assert_allclose(half.nearest("a")[0][1], single.nearest("a")[0][1], atol=1e-2)
