WHOLE_SENTENCES = """
both = np.isin(sentences, question) & (sentences != 0)
return np.broadcast_to(both.any(axis=1, keepdims=True), sentences.shape)"""

ARTICLES_FIRST = r"""
plain = re.sub(r"\b(a|an|the)\b", " ", answer.lower())
return " ".join("".join(mark for mark in plain if mark not in string.punctuation).split())"""

MISTAKES = [
    ("marks", " & (sentences != 0)", ""),
    ("marks", None, WHOLE_SENTENCES),
    ("hop", " / np.sqrt(len(memory))", ""),
    ("hop", "np.where(real, keys", "np.where(True, keys"),
    ("hop", "np.maximum(0, together @ kernel + bias)", "together @ kernel + bias"),
    ("pointed", "weights[words == answer].sum()", "max(weights[words == answer], default=0)"),
    ("normalize", r"\b(a|an|the)\b", "an|the|a"),
    (
        "normalize",
        "mark for mark in answer.lower() if mark not in string.punctuation",
        "' ' if mark in string.punctuation else mark for mark in answer.lower()",
    ),
    ("normalize", None, ARTICLES_FIRST),
    ("normalize", None, "return answer.lower()"),
    ("f1", "given.split(), wanted.split()", "list(set(given.split())), list(set(wanted.split()))"),
    ("f1", "2 * common / (len(given) + len(wanted))", "common / len(given)"),
    ("window_begins", None, "return list(range(0, size, stride))"),
    ("window_begins", "max(size - room, 0) + stride", "max(size - room, 1)"),
    ("answer_pieces", "touched[-1]", "touched[-1] + 1"),
    ("answer_pieces", "b < end and e > begin", "begin <= b and e <= end"),
    ("best_span", None, "return int(np.argmax(start)), int(np.argmax(end))"),
    ("best_span", "best = -np.inf", "allowed = np.ones_like(allowed)\n    best = -np.inf"),
    ("best_span", "first + longest", "len(end)"),
    ("best_span", "first + longest", "first + longest + 1"),
]
