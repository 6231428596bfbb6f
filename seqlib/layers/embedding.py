"""An embedding that starts from vectors trained elsewhere, such as GloVe."""

import keras
import numpy as np

from seqlib.layers.arguments import checked_choice

RULES = ("mean", "zeros", "random")


@keras.saving.register_keras_serializable("seqlib")
class PretrainedEmbedding(keras.layers.Embedding):
    r"""Turn ids into vectors that were trained before.

    $$y_{b,t} = E_{x_{b,t}}$$

    Row 0 of $E$ belongs to padding and is zero. Every other row is the vector of the word that has
    this id. Words without a vector, such as ``<unk>`` and other special tokens, get one by a rule.

    The vectors of the vocabulary are copied when the layer is made, and saved with the weights. A
    layer made from its configuration alone holds zeros until it gets its weights.

    Args:
        vectors: What has a vector for a word: ``word in vectors``, ``vectors[word]``. A
            `seqlib.word_vectors.WordVectors`, gensim's `KeyedVectors`, or a dict.
        vocabulary: The token of each id, id 0 for padding: a list, or what has such a list as
            ``tokens``, such as a `seqlib.text.Vocabulary`.
        mask_zero: Whether id 0 is masked.
        trainable: Whether training changes the vectors.
        oov: What a word without a vector gets: ``"mean"``, the mean of all vectors found;
            ``"zeros"``; or ``"random"``, drawn from a normal distribution with their mean and
            deviation in every dimension.
        seed: Seed of that draw.
        **kwargs: Other arguments of `keras.layers.Embedding`. A configuration has `input_dim` and
            `output_dim` in place of vectors and vocabulary.

    Attributes:
        num_found: How many words of the vocabulary have a vector; None for a layer made from its
            configuration.
        missing_tokens: The tokens that have none, padding left out, a tuple; or None.

    Call arguments:
        inputs: $x$, ids of any shape, such as (batch, time).

    Returns:
        $y$, the shape of the ids and (dimension,) after it, such as (batch, time, dimension).

    Example:
        >>> vectors = {"good": [1.0, 0.0], "bad": [-1.0, 0.5]}
        >>> layer = PretrainedEmbedding(vectors, ["<pad>", "<unk>", "good", "bad"])
        >>> keras.ops.convert_to_numpy(layer(np.array([[2, 1, 0]]))).tolist()
        [[[1.0, 0.0], [0.0, 0.25], [0.0, 0.0]]]
        >>> layer.num_found, layer.missing_tokens
        (2, ('<unk>',))

    Source:
        Collobert et al., Natural language processing (almost) from scratch (2011).
    """

    def __init__(
        self,
        vectors=None,
        vocabulary=None,
        mask_zero=True,
        trainable=False,
        oov="mean",
        *,
        seed=0,
        input_dim=None,
        output_dim=None,
        **kwargs,
    ):
        checked_choice(self, "oov", oov, RULES)
        first_values = num_found = missing_tokens = None
        if vectors is not None and vocabulary is not None:
            tokens = _tokens(vectors, vocabulary)
            first_values, is_found = _matrix(vectors, tokens, oov, seed)
            input_dim, output_dim = first_values.shape
            num_found = int(is_found.sum())
            missing_tokens = tuple(np.array(tokens[1:], object)[~is_found])
        elif vectors is not None or vocabulary is not None or None in (input_dim, output_dim):
            raise ValueError(
                "`vectors` and `vocabulary` are needed, both; without them, as a configuration "
                "has it, `input_dim` and `output_dim`."
            )
        super().__init__(
            input_dim,
            output_dim,
            "zeros",
            mask_zero=mask_zero,
            weights=first_values,
            trainable=trainable,
            **kwargs,
        )
        self.oov = oov
        self.seed = seed
        self.num_found, self.missing_tokens = num_found, missing_tokens

    def get_config(self):
        """Return the arguments, without the vectors and the vocabulary."""
        config = super().get_config()
        del config["embeddings_initializer"]
        return {**config, "oov": self.oov, "seed": self.seed}


def _tokens(vectors, vocabulary):
    """Return the tokens of a vocabulary as a list, the first of them sure to be padding."""
    tokens = list(getattr(vocabulary, "tokens", vocabulary))
    padding = getattr(vocabulary, "padding", None)
    if not tokens or (tokens[0] != padding and tokens[0] in vectors):
        raise ValueError(
            f"`vocabulary` begins with {tokens[:3]!r}. Id 0 belongs to padding: put a token for "
            "it, such as '<pad>', before all words."
        )
    return tokens


def _matrix(vectors, tokens, oov, seed):
    """Return the weights, (tokens, dimension), and whether each token but padding has a vector."""
    words = tokens[1:]
    is_found = np.array([word in vectors for word in words], dtype=bool)
    if not is_found.any():
        raise ValueError(
            f"none of the {len(words):,} words of `vocabulary` has a vector. Do both write words "
            "in the same way (case, language)?"
        )
    known = np.stack(
        [np.asarray(vectors[words[n]], dtype=np.float32) for n in np.flatnonzero(is_found)]
    )  # (words found, dimension)
    matrix = np.zeros((len(tokens), known.shape[1]), np.float32)
    rows = matrix[1:]  # a view: padding stays zero
    rows[is_found] = known
    if oov == "mean":
        rows[~is_found] = known.mean(axis=0)
    elif oov == "random":
        shape = (int((~is_found).sum()), known.shape[1])
        drawn = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
        rows[~is_found] = known.mean(axis=0) + known.std(axis=0) * drawn
    return matrix, is_found
