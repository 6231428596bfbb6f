"""The checks of notebook 4-2: right answers pass, typical wrong ones and empty ones do not."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy.special import logsumexp

from course.checks import CheckFailed
from course.checks import named_entities as checks


def entity_spans(tags):
    spans, start, kind = [], None, None
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and tag != f"I-{kind}":
            spans.append((start, place, kind))
            start = None
        if tag != "O" and start is None:
            start, kind = place, tag[2:]
    return spans


def span_f1(wanted, given):
    right = sum(len(set(w) & set(g)) for w, g in zip(wanted, given, strict=True))
    return 2 * right / (sum(map(len, wanted)) + sum(map(len, given)))


def majority_tags(sentences):
    counts = defaultdict(Counter)
    for words, tags in sentences:
        for word, tag in zip(words, tags, strict=True):
            counts[word][tag] += 1
    return {word: count.most_common(1)[0][0] for word, count in counts.items()}


def word_form(word):
    letters = any(letter.isalpha() for letter in word)
    if any(letter.isdigit() for letter in word):
        return "a-1" if letters else "number"
    if not letters:
        return "other"
    if word.islower():
        return "lower"
    if word[0].isupper() and word[1:] == word[1:].lower():
        return "Title"
    return "UPPER" if word.isupper() else "miXed"


def letter_features(vectors, kernel, bias, real):
    framed = np.pad(vectors * real[:, None], ((1, 1), (0, 0)))
    windows = np.stack([framed[:-2], framed[1:-1], framed[2:]], axis=1)
    seen = np.einsum("lwu,wuf->lf", windows, kernel) + bias
    return seen[real].max(axis=0)


def may_follow(before, tag):
    if not tag.startswith("I-"):
        return True
    return before in (f"B-{tag[2:]}", f"I-{tag[2:]}")


def path_score(scores, transitions, begin, end, path):
    path = np.array(path)
    steps = scores[np.arange(len(path)), path].sum() + transitions[path[:-1], path[1:]].sum()
    return begin[path[0]] + steps + end[path[-1]]


def log_normaliser(scores, transitions, begin, end):
    alpha = begin + scores[0]
    for step in scores[1:]:
        alpha = logsumexp(alpha[:, None] + transitions, axis=0) + step
    return logsumexp(alpha + end)


def best_path(scores, transitions, begin, end):
    best, kept = begin + scores[0], []
    for step in scores[1:]:
        paths = best[:, None] + transitions
        kept.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + step
    path = [int((best + end).argmax())]
    for before in reversed(kept):
        path.append(int(before[path[-1]]))
    return path[::-1]


def first_pieces(words):
    return [
        place
        for place, word in enumerate(words)
        if word >= 0 and (place == 0 or word != words[place - 1])
    ]


SOLUTIONS = [
    entity_spans,
    span_f1,
    majority_tags,
    word_form,
    letter_features,
    may_follow,
    path_score,
    log_normaliser,
    best_path,
    first_pieces,
]


def last_one_lost(tags):
    return [span for span in entity_spans(tags) if span[1] < len(tags)]


def kinds_run_together(tags):
    return entity_spans(["I-PER" if tag == "I-ORG" else tag for tag in tags])


def neighbours_joined(tags):
    return entity_spans([tag.replace("B-LOC", "I-LOC") for tag in tags])


def only_after_a_b(tags):
    return [span for span in entity_spans(tags) if tags[span[0]].startswith("B-")]


def any_kind_will_do(wanted, given):
    return span_f1(*[[[span[:2] for span in spans] for spans in s] for s in (wanted, given)])


def mean_of_sentences(wanted, given):
    pairs = [pair for pair in zip(wanted, given, strict=True) if any(pair)]
    return np.mean([span_f1([w], [g]) for w, g in pairs])


def last_tag(sentences):
    return {word: tag for words, tags in sentences for word, tag in zip(words, tags, strict=True)}


def first_tag(sentences):
    return last_tag([(words[::-1], tags[::-1]) for words, tags in reversed(sentences)])


def capitals_alone(word):
    return "UPPER" if word.isupper() else word_form(word)


def padding_in_the_maximum(vectors, kernel, bias, real):
    return letter_features(vectors * real[:, None], kernel, bias, np.ones_like(real))


def without_frame(vectors, kernel, bias, real):
    windows = np.stack([vectors[:-2], vectors[1:-1], vectors[2:]], axis=1)
    return (np.einsum("lwu,wuf->lf", windows, kernel) + bias).max(axis=0)


def any_kind_may_follow(before, tag):
    return not tag.startswith("I-") or before not in (None, "O")


def no_beginning(scores, transitions, begin, end, path):
    return path_score(scores, transitions, 0 * begin, end, path)


def turned(scores, transitions, begin, end, path):
    return path_score(scores, transitions.T, begin, end, path)


def with_exponentials(scores, transitions, begin, end):
    alpha = np.exp(begin + scores[0])
    for step in scores[1:]:
        alpha = (alpha @ np.exp(transitions)) * np.exp(step)
    return np.log(alpha @ np.exp(end))


def no_end(scores, transitions, begin, end):
    return log_normaliser(scores, transitions, begin, 0 * end)


def step_by_step(scores, transitions, begin, end):
    return scores.argmax(axis=1).tolist()


def greedy(scores, transitions, begin, end):
    path = [int((begin + scores[0]).argmax())]
    for step in scores[1:]:
        path.append(int((transitions[path[-1]] + step).argmax()))
    return path


def every_piece(words):
    return [place for place, word in enumerate(words) if word >= 0]


def last_pieces(words):
    return [place for place in every_piece(words) if words[place + 1] != words[place]]


def marks_forgotten(words):
    return [place - 1 for place in first_pieces(words)]


def as_long_as_the_words(words):
    return list(range(1, max(words) + 2))


WRONG = [
    (checks.entity_spans, last_one_lost),
    (checks.entity_spans, kinds_run_together),
    (checks.entity_spans, neighbours_joined),
    (checks.entity_spans, only_after_a_b),
    (checks.span_f1, any_kind_will_do),
    (checks.span_f1, mean_of_sentences),
    (checks.majority_tags, first_tag),
    (checks.word_form, capitals_alone),
    (checks.letter_features, padding_in_the_maximum),
    (checks.letter_features, without_frame),
    (checks.may_follow, any_kind_may_follow),
    (checks.path_score, no_beginning),
    (checks.path_score, turned),
    (checks.log_normaliser, with_exponentials),
    (checks.log_normaliser, no_end),
    (checks.best_path, step_by_step),
    (checks.best_path, greedy),
    (checks.first_pieces, every_piece),
    (checks.first_pieces, last_pieces),
    (checks.first_pieces, marks_forgotten),
    (checks.first_pieces, as_long_as_the_words),
]


@pytest.mark.parametrize(("check", "wrong"), WRONG, ids=lambda function: function.__name__)
def test_typical_wrong_answers_fail_with_a_hint(check, wrong):
    with pytest.raises(CheckFailed, match="Hint"), np.errstate(all="ignore"):
        check(wrong)
