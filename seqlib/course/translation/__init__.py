"""English to Spanish: the pairs, split and in batches; a recurrent translator; its scores."""
