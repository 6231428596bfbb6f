"""Word2Vec: skip-gram with negative sampling, trained live and by a recipe."""
