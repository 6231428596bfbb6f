"""Pairs: no sentence leaks into another part; batches are what teacher forcing asks for."""

import numpy as np
import pytest

from course.translation.pairs import Batches, Sentences, plain, split, unseen


@pytest.fixture(scope="module")
def parts(pairs):
    return split(pairs, test=40, validation=20, seed=3)


def test_no_english_sentence_is_in_two_parts(parts):
    training = {plain(english) for english, _ in parts.training}
    test, validation = ({plain(text) for text in part.english} for part in parts[:0:-1])
    assert (len(test), len(validation)) == (40, 20)
    assert len(training | test | validation) == len(training) + 60


def test_every_pair_is_in_one_part(pairs, parts):
    wanted = {(plain(a), b) for a, b in zip(pairs["english"], pairs["spanish"], strict=True)}
    found = {(plain(a), b) for a, b in parts.training}
    for part in (parts.validation, parts.test):
        for english, references in zip(part.english, part.references, strict=True):
            found |= {(plain(english), one) for one in references}
    assert found == wanted


def test_a_held_out_sentence_keeps_all_its_translations_once(pairs, parts):
    for english, references in zip(parts.test.english, parts.test.references, strict=True):
        same = [plain(text) == plain(english) for text in pairs["english"]]
        assert set(references) == set(pairs["spanish"][same])
        assert len(references) == len(set(references))


def test_the_draw_depends_on_the_seed_alone_and_leaves_something_to_train_with(pairs, parts):
    assert split(pairs, test=40, validation=20, seed=3) == parts
    assert split(pairs, test=40, validation=20, seed=4).test != parts.test
    with pytest.raises(ValueError, match="200 and 88 sentences"):
        split(pairs, test=200, validation=88)


def test_unseen_are_those_without_a_known_translation():
    sentences = Sentences(["a", "b"], [["Llego tarde.", "Otra."], ["Nuevo."]])
    assert unseen(sentences, [("c", "¡llego tarde!"), ("d", "Viejo.")]).tolist() == [False, True]


BUCKETS = (9, 11, 13, 16, 64)


@pytest.fixture
def batches(pairs, pieces):
    rows = list(zip(pairs["english"], pairs["spanish"], strict=True))
    return Batches(rows, *pieces, batch_size=16, seed=1, widths=BUCKETS)


def test_batches_are_whole_and_the_decoder_is_given_what_was_said_before(batches, pieces):
    start, end = (pieces[1].id(token) for token in ("<start>", "<end>"))
    for number in range(len(batches)):
        (source, given), said = batches[number]
        assert source.shape == given.shape == said.shape
        assert source.shape[0] == 16
        assert source.shape[1] in BUCKETS
        assert np.all(given[:, 0] == start)
        np.testing.assert_array_equal(given[:, 1:], said[:, :-1])
        assert np.all((said == end).sum(axis=1) == 1)
        assert np.all((source == pieces[0].id("<end>")).sum(axis=1) == 1)


def test_an_epoch_has_every_pair_once_but_what_fills_no_batch(pairs, batches, pieces):
    def epoch():
        return [
            (pieces[0].decode(row), pieces[1].decode(column))
            for number in range(len(batches))
            for row, column in zip(batches[number][0][0], batches[number][1], strict=True)
        ]

    first = epoch()
    rows = list(zip(pairs["english"], pairs["spanish"], strict=True))
    assert set(first) <= set(rows)
    assert len(pairs) - len(first) < 16 * len(BUCKETS)
    batches.on_epoch_end()
    assert epoch() != first
