WITHOUT_A_FRAME = """
windows = np.stack([vectors[:-2], vectors[1:-1], vectors[2:]], axis=1)
return (np.einsum("lwu,wuf->lf", windows, kernel) + bias).max(axis=0)"""

MEAN_OF_SENTENCES = """
pairs = [(set(w), set(g)) for w, g in zip(wanted, given) if w or g]
return np.mean([2 * len(w & g) / (len(w) + len(g)) for w, g in pairs])"""

FIRST_TAG = """
pairs = [pair for words, tags in sentences for pair in zip(words, tags)]
return dict(reversed(pairs))"""

EXPONENTIALS = """
alpha = np.exp(begin + scores[0])
for step in scores[1:]:
    alpha = (alpha @ np.exp(transitions)) * np.exp(step)
return np.log(alpha @ np.exp(end))"""

GREEDY = """
path = [int((begin + scores[0]).argmax())]
for step in scores[1:]:
    path.append(int((transitions[path[-1]] + step).argmax()))
return path"""

MISTAKES = [
    ("entity_spans", '[*tags, "O"]', "tags"),
    ("entity_spans", 'tag != f"I-{kind}"', 'tag[0] != "I"'),
    ("entity_spans", 'tag != f"I-{kind}"', "tag[2:] != kind"),
    ("entity_spans", 'if tag != "O" and', 'if tag[0] == "B" and'),
    ("span_f1", "set(w) & set(g)", "{span[:2] for span in w} & {span[:2] for span in g}"),
    ("span_f1", None, MEAN_OF_SENTENCES),
    ("majority_tags", None, FIRST_TAG),
    (
        "word_form",
        "if word.islower()",
        "if word.isupper():\n        return 'UPPER'\n    if word.islower()",
    ),
    ("letter_features", "seen[real]", "seen"),
    ("letter_features", None, WITHOUT_A_FRAME),
    ("may_follow", None, 'return not tag.startswith("I-") or before not in (None, "O")'),
    ("path_score", "begin[path[0]] + own", "own"),
    ("path_score", "transitions[path[:-1], path[1:]]", "transitions[path[1:], path[:-1]]"),
    ("log_normalizer", None, EXPONENTIALS, "overflow"),
    ("log_normalizer", "alpha + end", "alpha"),
    ("best_path", None, "return scores.argmax(axis=1).tolist()"),
    ("best_path", None, GREEDY),
    ("first_pieces", " and word != words[place - 1]", ""),
    ("first_pieces", "words[place - 1]", "words[place + 1]"),
    ("first_pieces", "append(place)", "append(place - 1)"),
    ("first_pieces", None, "return list(range(1, max(words) + 2))"),
]
