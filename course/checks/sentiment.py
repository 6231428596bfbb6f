"""Checks of the exercises in notebook 2-2, sentiment."""

import keras
import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed

_VECTORS = {
    "good": np.array([1.0, 0.0, 0.5]),
    "bad": np.array([-1.0, 0.5, 0.0]),
    "film": np.array([0.0, 2.0, 0.25]),
}


def sentence_average(learner):
    """Check the mean of the vectors of a sentence."""
    hint = "collect vectors[token] for the tokens that are in vectors; their mean over axis 0."
    tokens = ["good", "film", "good", "zzyzx"]
    with attempt("sentence_average", hint):
        value = learner(tokens, _VECTORS, 3)
    value = answered("sentence_average", value, hint)
    compare("sentence_average", value, np.array([2.0, 2.0, 1.25]) / 3, hint)
    empty = "a sentence without a known word has no mean: return zeros of that dimension."
    with attempt("sentence_average", empty):
        value = learner(["zzyzx"], _VECTORS, 3)
    compare("sentence_average", value, np.zeros(3), empty)
    passed("sentence_average", "repeated words count twice, unknown ones not at all")


def loss_and_gradients(learner):
    """Check loss and gradients of softmax regression against central differences."""
    hint = (
        "with P the softmax of X W + b and Y one-hot: D = (P - Y) / n, dW = X^T D, and db is the "
        "sum of D over the sentences."
    )
    generator = np.random.default_rng(0)
    features, labels = generator.normal(size=(6, 4)), np.array([0, 2, 1, 2, 2, 0])
    kernel, bias = generator.normal(size=(4, 3)), generator.normal(size=3)

    def loss(kernel, bias):
        logits = features @ kernel + bias
        norm = np.log(np.exp(logits).sum(axis=1))
        return (norm - logits[np.arange(6), labels]).mean()

    with attempt("loss_and_gradients", hint):
        value = learner(features, labels, kernel.copy(), bias.copy())
    value = answered("loss_and_gradients", value, hint, count=3)
    compare("loss_and_gradients, loss", value[0], loss(kernel, bias), hint)
    step = 1e-6
    expected = np.zeros_like(kernel)
    for place in np.ndindex(*kernel.shape):
        moved = np.zeros_like(kernel)
        moved[place] = step
        expected[place] = (loss(kernel + moved, bias) - loss(kernel - moved, bias)) / (2 * step)
    compare("loss_and_gradients, kernel", value[1], expected, hint, tolerance=1e-7)
    moves = step * np.eye(3)
    expected = [(loss(kernel, bias + m) - loss(kernel, bias - m)) / (2 * step) for m in moves]
    compare("loss_and_gradients, bias", value[2], np.array(expected), hint, tolerance=1e-7)
    with attempt("loss_and_gradients", hint), np.errstate(all="ignore"):
        value = learner(1000 * features, labels, kernel.copy(), bias.copy())
    far = "large logits overflow: subtract the maximum of each row before the exponential."
    compare("loss_and_gradients, loss", value[0], _far_loss(features, labels, kernel, bias), far)
    passed("loss_and_gradients", "equal to central differences, and no overflow")


def _far_loss(features, labels, kernel, bias):
    logits = 1000 * features @ kernel + bias
    logits = logits - logits.max(axis=1, keepdims=True)
    norm = np.log(np.exp(logits).sum(axis=1))
    return (norm - logits[np.arange(len(labels)), labels]).mean()


def sentences_to_ids(learner):
    """Check the array of ids, padded on the right."""
    hint = (
        "start from np.zeros((sentences, length), dtype='int32'); fill row i from the left, "
        "ids.get(token, 1), at most `length` of them."
    )
    ids = {"good": 2, "bad": 3, "film": 4}
    sentences = [["good", "film"], ["a", "bad", "bad", "film"], []]
    with attempt("sentences_to_ids", hint):
        value = learner(sentences, ids, 3)
    value = answered("sentences_to_ids", value, hint)
    compare("sentences_to_ids", value, np.array([[2, 4, 0], [1, 3, 3], [0, 0, 0]]), hint)
    passed("sentences_to_ids", "padding 0 on the right, unknown 1, long sentences cut")


def masked_mean(learner):
    """Check the mean over the steps that the mask marks as real."""
    hint = "multiply by mask[..., None], sum over time, divide by the number of true steps."
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(3, 5, 4))
    mask = np.arange(5) < np.array([[5], [2], [1]])
    expected = np.stack([vectors[i, :n].mean(axis=0) for i, n in enumerate((5, 2, 1))])
    with attempt("masked_mean", hint):
        value = learner(vectors, mask)
    compare("masked_mean", answered("masked_mean", value, hint), expected, hint)
    passed("masked_mean", "the mean of the real steps, whatever stands in the padding")


def emojify_model(learner):
    """Check the recurrent classifier: its shape, its frozen vectors, its mask."""
    hint = (
        "keras.Sequential of layers.PretrainedEmbedding(vectors, vocabulary), "
        "keras.layers.Bidirectional(layers.LSTM(units)) and keras.layers.Dense(classes), with "
        "keras.layers.Dropout between them."
    )
    vocabulary = ["<pad>", "<unk>", *_VECTORS]
    ids = np.array([[2, 4, 0, 0], [3, 1, 4, 0]])
    with attempt("emojify_model", hint):
        model = learner(_VECTORS, vocabulary, units=6, classes=5)
        answered("emojify_model", model, hint)
        value = model(ids)
    compare("emojify_model, shape of the output", tuple(value.shape), (2, 5), hint)
    frozen = "the vectors stay as they are: PretrainedEmbedding(..., trainable=False)."
    trained = [tuple(weight.shape) for weight in model.trainable_variables]
    if (5, 3) in trained:
        raise CheckFailed(f"emojify_model: the embedding would be trained.\n  Hint: {frozen}")
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    if not any(isinstance(layer, recurrent) for layer in model.layers):
        raise CheckFailed(f"emojify_model: there is no recurrent layer in it.\n  Hint: {hint}")
    if not any(isinstance(layer, keras.layers.Dropout) for layer in model.layers):
        raise CheckFailed(f"emojify_model: there is no dropout in it.\n  Hint: {hint}")
    mask = "padding changes the answer: keep mask_zero=True, so that the LSTM stops at the end."
    with attempt("emojify_model", mask):
        wider = model(np.pad(ids, ((0, 0), (0, 3))))
    compare("emojify_model, more padding", wider, keras.ops.convert_to_numpy(value), mask, 1e-5)
    logits = "return logits: no softmax in the last Dense; the loss is told from_logits=True."
    sums = keras.ops.convert_to_numpy(value).sum(axis=1)
    if np.allclose(sums, 1.0, atol=1e-5):
        raise CheckFailed(f"emojify_model: the outputs sum to one.\n  Hint: {logits}")
    passed("emojify_model", "five logits, vectors frozen, padding makes no difference")


def gradient_times_input(learner):
    """Check the share of each word in a score, on models where it can be written down."""
    hint = (
        "vectors = embedding(ids); watch them on a tf.GradientTape; send them through the other "
        "layers; (vectors * gradient of the chosen score) summed over the last axis."
    )
    embedding = keras.layers.Embedding(5, 3, mask_zero=True)
    dense = keras.layers.Dense(2)
    model = keras.Sequential([embedding, keras.layers.GlobalAveragePooling1D(), dense])
    ids = np.array([[1, 2, 4, 0], [3, 3, 0, 0]])
    model(ids)
    table = keras.ops.convert_to_numpy(embedding.embeddings)
    kernel = keras.ops.convert_to_numpy(dense.kernel)
    for output in (0, 1):
        lengths = np.array([[3], [2]])
        expected = np.where(ids > 0, table[ids] @ kernel[:, output] / lengths, 0)
        with attempt("gradient_times_input", hint):
            value = learner(model, ids, output)
        value = answered("gradient_times_input", value, hint)
        compare("gradient_times_input", value, expected, hint, tolerance=1e-5)
    passed("gradient_times_input", "of a linear model, exactly what each word adds to the score")
