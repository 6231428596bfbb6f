"""Language models of characters and words: n-grams and a word-level LSTM."""
