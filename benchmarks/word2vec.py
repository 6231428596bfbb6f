"""Word2Vec beside gensim: words of text a second, on the same text with the same settings.

Both go through a part of the film reviews once in each call: skip-gram, 100 dimensions, window 5, 5
negatives, subsampling at 1e-3, and as many threads as there are cores. Each goes on with the model
that it has. The text is cut into words beforehand; drawing windows and noise is part of the time.
"""

import os

from benchmarks.loaders import installed
from benchmarks.turns import Contestant, compare, row
from seqlib import data

WORDS = 1_000_000  # of text, about


def rows(effort, words=WORDS, dimension=100):
    """Measure a pass through the text."""
    if not installed("gensim"):
        return
    from gensim.models import Word2Vec as Gensim

    from course.word2vec.model import Corpus, Word2Vec

    try:
        reviews = data.load("movie_reviews")["text"].sample(frac=1, random_state=0)
    except data.DataError as error:
        print(f"Word2Vec is left out: {error}")
        return
    enough = reviews.str.count(" ").cumsum() < words
    corpus = Corpus.read(reviews[enough])
    ours = Word2Vec(corpus, dimension=dimension)
    sentences = as_sentences(corpus)
    theirs = Gensim(
        sentences, vector_size=dimension, window=5, sg=1, negative=5, sample=1e-3, min_count=1,
        epochs=1, workers=os.cpu_count(),
    )  # fmt: skip

    def seqlib(_):
        return ours.fit(epochs=1)["loss"]

    def gensim(_):
        return theirs.train(sentences, total_examples=len(sentences), epochs=1)

    contestants = [
        Contestant("seqlib", seqlib, work=len(corpus.ids)),
        Contestant("gensim", gensim, work=len(corpus.ids)),
    ]
    shape = {"words": len(corpus.ids), "different": len(corpus.words), "dimension": dimension}
    measured = compare(contestants, effort)
    yield row("word2vec", "word vectors", "Word2Vec", shape, "word", measured)


def as_sentences(corpus):
    """Return a corpus as a list of lists of words, a document each."""
    sentences = {}
    for document, word in zip(corpus.document.tolist(), corpus.ids.tolist(), strict=True):
        sentences.setdefault(document, []).append(corpus.words[word])
    return list(sentences.values())
