"""English to Spanish: the pairs, split and in batches; two kinds of translator; their scores."""
