"""Checks of the exercises in notebook 4-2, named entities."""

import itertools

import numpy as np

from course.checks import exercise


@exercise(
    "remember where the entity you are in began, and its kind. It goes on only at I- of the "
    "same kind; at anything else it ends, and anything but O then begins another. Put an O "
    "behind the last tag, so that the last entity ends too."
)
def entity_spans(check):
    cases = [
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("O O", []),
        ("B-LOC B-LOC I-LOC", [(0, 1, "LOC"), (1, 3, "LOC")]),
        ("B-PER I-ORG O", [(0, 1, "PER"), (1, 2, "ORG")]),
        ("O I-PER I-PER", [(1, 3, "PER")]),
    ]
    for tags, expected in cases:
        check.case(tags.split(), expected=expected)
    check.passed("neighbors, changes of kind, the end of a sentence, I- without B-")


@exercise(
    "an answer is right where start, stop and kind all agree: count the triples that both "
    "lists of a sentence share, over all sentences; F1 is 2 * right / (wanted + given)."
)
def span_f1(check):
    wanted = [[(0, 2, "PER"), (3, 4, "LOC")], [(0, 1, "ORG")], []]
    given = [[(0, 2, "PER"), (3, 5, "LOC")], [(0, 1, "LOC")], [(0, 2, "PER")]]
    check.case(wanted, given, expected=2 * 1 / (3 + 4))
    person = [(0, 1, "PER")]
    hint = "count over all sentences together, not sentence by sentence."
    check.case([person, person, []], [person, [], person], expected=0.5, hint=hint)
    check.case([person], [[]], expected=0.0)
    check.passed("place and kind must be right, all sentences count together")


@exercise("a Counter of tags for each word; most_common(1)[0][0] is the most frequent one.")
def majority_tags(check):
    sentences = [
        (["Paris", "Hilton", "in", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]),
        (["in", "Paris"], ["O", "B-LOC"]),
        (["in"], ["O"]),
    ]
    check.case(sentences, expected={"Paris": "B-LOC", "Hilton": "I-PER", "in": "O"}, read=dict)
    check.passed("for each word the tag that it has most often")


@exercise(
    "digits first: with a letter beside them 'a-1', else 'number'; without any letter "
    "'other'; then islower(); then a capital at the beginning and none after it; then "
    "isupper()."
)
def word_form(check):
    cases = {
        "of": "lower", "Paris": "Title", "A": "Title", "EU": "UPPER", "U.S.": "UPPER",
        "McCoy": "miXed", "iPod": "miXed", "1,000": "number", "1996-08-22": "number",
        "B2B": "a-1", "20th": "a-1", "--": "other", "'s": "lower",
    }  # fmt: skip
    for word, expected in cases.items():
        check.case(word, expected=expected)
    check.passed(f"{len(cases)} words of every form")


@exercise(
    "set the vectors of padding to zero and put a row of zeros before the first and after the "
    "last; windows of three rows times kernel (3, units, filters), summed, plus bias; then the "
    "maximum over the real letters."
)
def letter_features(check):
    generator = np.random.default_rng(0)
    kernel, bias = generator.normal(size=(3, 4, 5)), generator.normal(size=5)
    for length in (6, 3, 1):
        vectors, real = generator.normal(size=(6, 4)), np.arange(6) < length
        framed = np.zeros((8, 4))
        framed[1 : 1 + length] = vectors[:length]
        seen = [
            sum(framed[letter + offset] @ kernel[offset] for offset in range(3)) + bias
            for letter in range(length)
        ]
        label = f", {length} letters"
        check.case(vectors, kernel, bias, real, expected=np.max(seen, axis=0), label=label)
    check.passed("words of six letters, three and one; padding is never seen")


@exercise(
    "only an I- tag is choosy: the tag before it must be B- or I- of the same kind, and at the "
    "beginning of a sentence (before is None) it may not stand."
)
def may_follow(check):
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    for before, tag in itertools.product([None, *tags], tags):
        expected = tag[0] != "I" or (before or "O") in (f"B-{tag[2:]}", f"I-{tag[2:]}")
        check.case(before, tag, expected=expected, read=bool)
    check.passed("all pairs of five tags, and the beginning of a sentence")


def _chain(seed, time, tags=3):
    """Return random scores, transitions, begin and end of a linear-chain CRF."""
    generator = np.random.default_rng(seed)
    shapes = (time, tags), (tags, tags), (tags,), (tags,)
    return [generator.normal(size=shape) for shape in shapes]


def _score(scores, transitions, begin, end, tags):
    total = begin[tags[0]] + end[tags[-1]]
    total += sum(scores[step, tag] for step, tag in enumerate(tags))
    return total + sum(transitions[pair] for pair in itertools.pairwise(tags))


def _all_paths(chain):
    """Return every path through a chain and its score, one by one: slow, and plainly right."""
    time, tags = chain[0].shape
    paths = list(itertools.product(range(tags), repeat=time))
    return paths, np.array([_score(*chain, path) for path in paths])


@exercise(
    "begin[first tag] + the sum of scores[step, tag] + the sum of transitions[tag, next tag] "
    "over neighbors + end[last tag]."
)
def path_score(check):
    for time, tags in ((4, [0, 2, 2, 1]), (1, [2])):
        chain = _chain(time, time)
        check.case(*chain, tags, expected=_score(*chain, tags))
    check.passed("paths of four steps and of one")


@exercise(
    "alpha = begin + scores[0]; for each later step, alpha[j] becomes the logsumexp over i of "
    "alpha[i] + transitions[i, j], plus scores[step, j]; at the end the logsumexp of alpha + "
    "end."
)
def log_normalizer(check):
    for time in (1, 2, 5):
        chain = _chain(10 + time, time)
        expected = np.log(np.exp(_all_paths(chain)[1]).sum())
        check.case(*chain, expected=expected, label=f", {time} steps")
    scores, *weights = _chain(0, 6)
    expected = 6000 + np.log(np.exp(_all_paths([scores, *weights])[1]).sum())
    hint = "exponentials of large scores overflow: work with logsumexp throughout."
    check.case(scores + 1000, *weights, expected=expected, label=", large scores", hint=hint)
    check.passed("equal to the sum over all 243 paths, and no overflow")


@exercise(
    "as the forward algorithm, with the maximum in place of logsumexp; keep the argmax over i "
    "for each step and j. Start from the argmax of the last row plus end, and follow what you "
    "kept backwards."
)
def best_path(check):
    for seed, time in itertools.product(range(5), (1, 2, 5)):
        scores, transitions, *ends = _chain(100 + seed, time)
        chain = scores, 2 * transitions, *ends  # transitions that matter
        paths, totals = _all_paths(chain)
        check.case(*chain, expected=list(paths[totals.argmax()]), label=f", {time} steps")
    check.passed("the best of all paths, fifteen times")


@exercise(
    "go through the numbers with their places: a word begins where the number is not -1 and "
    "is not the one before it."
)
def first_pieces(check):
    cases = [
        ([-1, 0, 0, 1, 2, 2, 2, -1], [1, 3, 4]),
        ([-1, 0, -1], [1]),
        ([-1, 0, 1, 2, -1, -1, -1], [1, 2, 3]),
        ([-1, 0, 0, 0, 0, 1, -1, -1], [1, 5]),
    ]
    for words, expected in cases:
        check.case(words, expected=expected)
    check.passed("one place a word, neither marks nor padding among them")
