"""Word vectors: loading a text file, opening it again, a few words of it, and analogies.

Loading is measured in processes of their own, with the peak of memory; see `loaders`. The file has
as many words and numbers as GloVe's of 100 dimensions, and is made up. Its bytes are in the memory
of the system, so that no disk is measured. Analogies are those of questions-words, asked of the
real GloVe vectors; the two sides have to be right as often.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import fresh
from benchmarks.loaders import installed, made_up_words, wanted_words
from benchmarks.turns import Contestant, compare, row
from seqlib import data
from seqlib.word_vectors import WordVectors, evaluate

WORDS, SIZE = 400_000, 100
VOCABULARY = 100_000  # words that count as answers to analogies
RIVALS = ("gensim", "pandas")
_ROUNDS = 3  # of loading the whole file, which takes the others long
_PART = 20  # gensim is asked a question in 20: with all of them, a call takes a minute


def rows(effort, words=WORDS, size=SIZE, vocabulary=VOCABULARY):
    """Measure loading, then analogies."""
    with tempfile.TemporaryDirectory(prefix="seqlib-") as folder:
        path = Path(folder) / "vectors.txt"
        write_text_file(path, words, size)
        yield from _loading(effort, path, {"words": words, "dimension": size})
        if not installed("gensim"):
            return
        try:
            vectors = WordVectors(*data.load("glove"))
            sections = data.load("questions_words")
        except data.DataError as error:
            print(f"Analogies are left out: {error}")
            return
        yield _analogies(effort, vectors, sections, vocabulary, Path(folder) / "part.txt")


def write_text_file(path, words, size):
    """Write a made-up text file in the form of GloVe's."""
    generator = np.random.default_rng(0)
    tens = generator.normal(0, 0.4, (min(20_000, words), 10))
    pieces = [" ".join(f"{x:.5g}" for x in row) for row in tens]
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for word in made_up_words(words):
            chosen = generator.integers(len(pieces), size=size // 10)
            stream.write(f"{word} {' '.join([pieces[n] for n in chosen])}\n")


def _loading(effort, path, shape):
    """Yield the rows about a text file."""
    cache = path.with_name("cache")
    environment = {"SEQLIB_DATA": str(cache)}

    def forget():
        shutil.rmtree(cache, ignore_errors=True)

    loaders = {name: name for name in ("seqlib", *filter(installed, RIVALS), "line loop")}
    few = min(effort.rounds, _ROUNDS)
    yield _row("first load", shape, fresh.compare(loaders, path, few, environment, forget))

    if installed("gensim"):
        WordVectors.load_glove(path, cache=False).to_gensim().save(f"{path}.gensim")
        loaders = {"seqlib": "seqlib", "gensim, saved": "gensim saved"}
        yield _row("load again", shape, fresh.compare(loaders, path, effort.rounds, environment))

    loaders = {"seqlib": "seqlib wanted", "line loop": "line loop wanted"}
    what = f"{len(wanted_words(shape['words'])):,} words of it"
    yield _row(what, shape, fresh.compare(loaders, path, effort.rounds, environment))


def _analogies(effort, vectors, sections, vocabulary, part):
    """Return the row about analogies."""
    some = {name: section[::_PART] for name, section in sections.items()}
    lines = [
        f": {name}\n" + "".join(f"{' '.join(question)}\n" for question in section)
        for name, section in some.items()
    ]
    part.write_text("".join(lines), encoding="utf-8")
    theirs = vectors.to_gensim()

    def seqlib(k):  # all questions, but for the first call, which is compared
        return evaluate(vectors, sections if k else some, vocabulary)[-1].accuracy

    def gensim(k):
        return theirs.evaluate_word_analogies(str(part), restrict_vocab=vocabulary)[0]

    total = sum(map(len, sections.values()))
    contestants = [
        Contestant("seqlib", seqlib, work=total),
        Contestant("gensim", gensim, work=sum(map(len, some.values()))),
    ]
    shape = {"questions": total, "words": vocabulary, "dimension": vectors.dimension}
    measured = compare(contestants, effort, check=_check_accuracy)
    return row("embeddings", "word vectors", "analogies", shape, "question", measured)


def _check_accuracy(results):
    """Raise where the sides do not answer equally well."""
    if abs(results["seqlib"] - results["gensim"]) > 0.001:
        raise RuntimeError(f"The accuracies differ: {results}.")


def _row(what, shape, measured):
    megabytes = shape["words"] * shape["dimension"] * 4 / 1e6
    return row(
        "embeddings", "word vectors", what, shape, "file", measured, matrix_megabytes=megabytes
    )
