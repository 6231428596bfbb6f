"""Checks of the exercises in notebook 4-2, named entities."""

import itertools

import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed


def entity_spans(learner):
    """Check that tags become spans, also where an entity ends with the sentence."""
    hint = (
        "remember where the entity you are in began, and its kind. It goes on only at I- of the "
        "same kind; at anything else it ends, and anything but O then begins another. Put an O "
        "behind the last tag, so that the last entity ends too."
    )
    cases = [
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("O O", []),
        ("B-LOC B-LOC I-LOC", [(0, 1, "LOC"), (1, 3, "LOC")]),
        ("B-PER I-ORG O", [(0, 1, "PER"), (1, 2, "ORG")]),
        ("O I-PER I-PER", [(1, 3, "PER")]),
    ]
    for tags, expected in cases:
        with attempt("entity_spans", hint):
            value = learner(tags.split())
        value = answered("entity_spans", value, hint)
        with attempt("entity_spans", hint):
            value = [tuple(span) for span in value]
        if value != expected:
            raise CheckFailed(
                f"entity_spans: for {tags!r} given {value}; expected {expected}.\n  Hint: {hint}"
            )
    passed("entity_spans", "neighbours, changes of kind, the end of a sentence, I- without B-")


def span_f1(learner):
    """Check the strict F1, counted over all sentences together."""
    hint = (
        "an answer is right where start, stop and kind all agree: count the triples that both "
        "lists of a sentence share, over all sentences; F1 is 2 * right / (wanted + given)."
    )
    wanted = [[(0, 2, "PER"), (3, 4, "LOC")], [(0, 1, "ORG")], []]
    given = [[(0, 2, "PER"), (3, 5, "LOC")], [(0, 1, "LOC")], [(0, 2, "PER")]]
    with attempt("span_f1", hint):
        value = learner(wanted, given)
    compare("span_f1", answered("span_f1", value, hint), 2 * 1 / (3 + 4), hint)
    with attempt("span_f1", hint):
        value = learner([[(0, 1, "PER")]] * 2 + [[]], [[(0, 1, "PER")], [], [(0, 1, "PER")]])
    compare("span_f1", value, 0.5, "count over all sentences together, not sentence by sentence.")
    with attempt("span_f1", hint):
        value = learner([[(0, 1, "PER")]], [[]])
    compare("span_f1", value, 0.0, hint)
    passed("span_f1", "place and kind must be right, all sentences count together")


def majority_tags(learner):
    """Check the most frequent tag of each word."""
    hint = "a Counter of tags for each word; most_common(1)[0][0] is the most frequent one."
    sentences = [
        (["Paris", "Hilton", "in", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]),
        (["in", "Paris"], ["O", "B-LOC"]),
        (["in"], ["O"]),
    ]
    with attempt("majority_tags", hint):
        value = learner(sentences)
    value = answered("majority_tags", value, hint)
    with attempt("majority_tags", hint):
        value = {word: str(value[word]) for word in value}
    expected = {"Paris": "B-LOC", "Hilton": "I-PER", "in": "O"}
    if value != expected:
        raise CheckFailed(f"majority_tags: given {value}; expected {expected}.\n  Hint: {hint}")
    passed("majority_tags", "for each word the tag that it has most often")


def word_form(learner):
    """Check what a word looks like."""
    hint = (
        "digits first: with a letter beside them 'a-1', else 'number'; without any letter "
        "'other'; then islower(); then a capital at the beginning and none after it; then "
        "isupper()."
    )
    expected = {
        "of": "lower", "Paris": "Title", "A": "Title", "EU": "UPPER", "U.S.": "UPPER",
        "McCoy": "miXed", "iPod": "miXed", "1,000": "number", "1996-08-22": "number",
        "B2B": "a-1", "20th": "a-1", "--": "other", "'s": "lower",
    }  # fmt: skip
    for word, right in expected.items():
        with attempt("word_form", hint):
            value = learner(word)
        value = answered("word_form", value, hint)
        if value != right:
            raise CheckFailed(
                f"word_form: for {word!r} given {value!r}; expected {right!r}.\n  Hint: {hint}"
            )
    passed("word_form", f"{len(expected)} words of every form")


def letter_features(learner):
    """Check the convolution over the letters of a word and the largest value of each filter."""
    hint = (
        "set the vectors of padding to zero and put a row of zeros before the first and after the "
        "last; windows of three rows times kernel (3, units, filters), summed, plus bias; then the "
        "maximum over the real letters."
    )
    generator = np.random.default_rng(0)
    kernel, bias = generator.normal(size=(3, 4, 5)), generator.normal(size=5)
    for length in (6, 3, 1):
        vectors, real = generator.normal(size=(6, 4)), np.arange(6) < length
        framed = np.zeros((8, 4))
        framed[1 : 1 + length] = vectors[:length]
        seen = [
            sum(framed[place + offset] @ kernel[offset] for offset in range(3)) + bias
            for place in range(length)
        ]
        with attempt("letter_features", hint):
            value = learner(vectors.copy(), kernel, bias, real)
        value = answered("letter_features", value, hint)
        compare("letter_features", value, np.max(seen, axis=0), hint)
    passed("letter_features", "words of six letters, three and one; padding is never seen")


def may_follow(learner):
    """Check the rule of IOB2."""
    hint = (
        "only an I- tag is choosy: the tag before it must be B- or I- of the same kind, and at the "
        "beginning of a sentence (before is None) it may not stand."
    )
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    for before, tag in itertools.product([None, *tags], tags):
        right = tag[0] != "I" or (before or "O") in (f"B-{tag[2:]}", f"I-{tag[2:]}")
        with attempt("may_follow", hint):
            value = learner(before, tag)
        value = answered("may_follow", value, hint)
        if bool(value) != right:
            raise CheckFailed(
                f"may_follow: for {tag!r} after {before!r} given {value}; expected {right}.\n"
                f"  Hint: {hint}"
            )
    passed("may_follow", "all pairs of five tags, and the beginning of a sentence")


def _chain(seed, time, tags=3):
    generator = np.random.default_rng(seed)
    shapes = (time, tags), (tags, tags), (tags,), (tags,)
    return [generator.normal(size=shape) for shape in shapes]


def _score(scores, transitions, begin, end, path):
    total = begin[path[0]] + end[path[-1]]
    total += sum(scores[step, tag] for step, tag in enumerate(path))
    return total + sum(transitions[pair] for pair in itertools.pairwise(path))


def _all_paths(chain):
    time, tags = chain[0].shape
    paths = list(itertools.product(range(tags), repeat=time))
    return paths, np.array([_score(*chain, path) for path in paths])


def path_score(learner):
    """Check the score of one path."""
    hint = (
        "begin[first tag] + the sum of scores[step, tag] + the sum of transitions[tag, next tag] "
        "over neighbours + end[last tag]."
    )
    for time, path in ((4, [0, 2, 2, 1]), (1, [2])):
        chain = _chain(time, time)
        with attempt("path_score", hint):
            value = learner(*chain, path)
        value = answered("path_score", value, hint)
        compare("path_score", value, _score(*chain, path), hint)
    passed("path_score", "paths of four steps and of one")


def log_normaliser(learner):
    """Check the forward algorithm against the sum over every path."""
    hint = (
        "alpha = begin + scores[0]; for each later step, alpha[j] becomes the logsumexp over i of "
        "alpha[i] + transitions[i, j], plus scores[step, j]; at the end the logsumexp of alpha + "
        "end."
    )
    for time in (1, 2, 5):
        chain = _chain(10 + time, time)
        expected = np.log(np.exp(_all_paths(chain)[1]).sum())
        with attempt("log_normaliser", hint):
            value = learner(*chain)
        value = answered("log_normaliser", value, hint)
        compare("log_normaliser", value, expected, hint)
    chain = _chain(0, 6)
    chain[0] = chain[0] + 1000
    overflow = "exponentials of large scores overflow: work with logsumexp throughout."
    with attempt("log_normaliser", overflow), np.errstate(all="ignore"):
        value = learner(*chain)
    chain[0] = chain[0] - 1000
    expected = 6000 + np.log(np.exp(_all_paths(chain)[1]).sum())
    compare("log_normaliser", value, expected, overflow)
    passed("log_normaliser", "equal to the sum over all 243 paths, and no overflow")


def best_path(learner):
    """Check the Viterbi algorithm against the best of every path."""
    hint = (
        "as the forward algorithm, with the maximum in place of logsumexp; keep the argmax over i "
        "for each step and j. Start from the argmax of the last row plus end, and follow what you "
        "kept backwards."
    )
    for seed, time in itertools.product(range(5), (1, 2, 5)):
        chain = _chain(100 + seed, time)
        chain[1] = 2 * chain[1]  # transitions that matter
        paths, totals = _all_paths(chain)
        with attempt("best_path", hint):
            value = learner(*chain)
        value = answered("best_path", value, hint)
        with attempt("best_path", hint):
            value = [int(tag) for tag in value]
        compare("best_path", value, list(paths[totals.argmax()]), hint)
    passed("best_path", "the best of all paths, fifteen times")


def first_pieces(learner):
    """Check where each word begins among its pieces."""
    hint = (
        "go through the numbers with their places: a word begins where the number is not -1 and "
        "is not the one before it."
    )
    cases = [
        ([-1, 0, 0, 1, 2, 2, 2, -1], [1, 3, 4]),
        ([-1, 0, -1], [1]),
        ([-1, 0, 1, 2, -1, -1, -1], [1, 2, 3]),
        ([-1, 0, 0, 0, 0, 1, -1, -1], [1, 5]),
    ]
    for words, expected in cases:
        with attempt("first_pieces", hint):
            value = learner(list(words))
        value = answered("first_pieces", value, hint)
        with attempt("first_pieces", hint):
            value = [int(place) for place in value]
        if value != expected:
            raise CheckFailed(
                f"first_pieces: for {words} given {value}; expected {expected}.\n  Hint: {hint}"
            )
    passed("first_pieces", "one place a word, neither marks nor padding among them")
