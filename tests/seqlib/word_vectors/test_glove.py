"""Facts about the real GloVe vectors, with margins; fetched before the tests."""

import numpy as np
import pytest

from seqlib import data
from seqlib.word_vectors import evaluate


def words(text):
    return text.split()


# Word lists of Caliskan et al. (2017), tests 1 (flowers and insects) and 6 (names and careers).
FLOWERS = words("""
    aster clover hyacinth marigold poppy azalea crocus iris orchid rose bluebell daffodil lilac
    pansy tulip buttercup daisy lily peony violet carnation magnolia petunia zinnia
""")
INSECTS = words("""
    ant caterpillar flea locust spider bedbug centipede fly maggot tarantula bee cockroach gnat
    mosquito termite beetle cricket hornet moth wasp dragonfly horsefly roach weevil
""")
PLEASANT = words("""
    caress freedom health love peace cheer friend heaven loyal pleasure diamond gentle honest
    lucky rainbow diploma gift honor miracle sunrise family happy laughter vacation
""")
UNPLEASANT = words("""
    abuse crash filth murder sickness accident death grief poison stink assault disaster hatred
    pollute tragedy divorce jail poverty ugly cancer kill rotten vomit prison
""")
MEN = words("john paul mike kevin steve greg jeff bill")
WOMEN = words("amy joan lisa sarah diana kate ann donna")
CAREER = words("executive management professional corporation salary office business career")
HOME = words("home parents children family cousins marriage wedding relatives")
GENDER = [["she", "he"], ["her", "his"], ["woman", "man"], ["mother", "father"], ["girl", "boy"]]


def test_king_and_queen_and_frogs(glove):
    (found,) = glove.analogy("man", "king", "woman")
    assert found[0] == "queen"
    assert found[1] == pytest.approx(0.852, abs=0.005)
    answers = glove.analogy(["france", "man"], ["paris", "doctor"], ["italy", "woman"])
    assert [one[0][0] for one in answers] == ["rome", "nurse"]
    found = [word for word, _ in glove.nearest("frog", k=5)]
    assert {"toad", "snake"} & set(found)
    assert glove.nearest(glove["frog"], k=1)[0][0] == "frog"


@pytest.mark.parametrize(("name", "published"), [("wordsim353", 0.503), ("simlex999", 0.263)])
def test_similarity_ranks_pairs_as_people_do(glove, name, published):
    table = data.load(name)
    cosines = glove.similarity(table["first"].str.lower(), table["second"].str.lower())
    ranks = table.assign(cosine=cosines)[["score", "cosine"]].rank()
    assert ranks.corr().iloc[0, 1] == pytest.approx(published, abs=0.01)


def test_accuracy_on_questions_words(glove):
    eighth = {name: asked[::8] for name, asked in data.load("questions_words").items()}
    *sections, total = evaluate(glove, eighth, vocabulary=100_000)
    assert (total.asked, total.total) == (2404, 2449)
    assert total.accuracy == pytest.approx(0.466, abs=0.001)
    best = max(sections, key=lambda section: section.accuracy)
    assert best.name == "gram6-nationality-adjective"


def test_accuracy_is_that_of_gensim(glove):
    pytest.importorskip("gensim")
    small = glove.subset(glove.words[:10_000])
    total = evaluate(small, data.load("questions_words"), vocabulary=None)[-1]
    path = data.fetch("questions_words")["questions-words.txt"]
    accuracy, sections = small.to_gensim().evaluate_word_analogies(str(path))
    assert total.accuracy == pytest.approx(accuracy, abs=0.001)
    assert total.correct == len(sections[-1]["correct"])


def test_associations_of_flowers_and_of_careers(glove):
    flowers = glove.weat(FLOWERS, INSECTS, PLEASANT, UNPLEASANT, divisions=20_000)
    assert flowers.effect_size > 1
    assert flowers.p_value < 0.001
    assert not flowers.exact
    careers = glove.weat(MEN, WOMEN, CAREER, HOME)
    assert careers.effect_size > 1.5
    assert careers.exact
    assert careers.divisions == 12_870
    assert careers.p_value < 0.005


def test_a_debiased_word_is_as_near_to_either_of_an_equalized_pair(glove):
    gender = glove.direction(GENDER)
    jobs = ["nurse", "receptionist", "engineer", "captain"]
    before = glove.similarity(jobs, "woman") - glove.similarity(jobs, "man")
    fair = glove.replaced(jobs, glove.neutralize(jobs, gender))
    fair = fair.replaced(["woman", "man"], glove.equalize(["woman", "man"], gender))
    after = fair.similarity(jobs, "woman") - fair.similarity(jobs, "man")
    assert np.abs(before).max() > 0.1
    np.testing.assert_allclose(after, 0, atol=1e-5)
