"""Checks of the exercises in notebook 2-2, sentiment."""

import keras
import numpy as np

from course.checks import exercise
from course.checks.central_differences import central_differences

_VECTORS = {
    "good": np.array([1.0, 0.0, 0.5]),
    "bad": np.array([-1.0, 0.5, 0.0]),
    "film": np.array([0.0, 2.0, 0.25]),
}


@exercise("collect vectors[token] for the tokens that are in vectors; their mean over axis 0.")
def sentence_average(check):
    tokens = ["good", "film", "good", "zzyzx"]
    check.case(tokens, _VECTORS, 3, expected=np.array([2.0, 2.0, 1.25]) / 3)
    hint = "a sentence without a known word has no mean: return zeros of that dimension."
    check.case(["zzyzx"], _VECTORS, 3, expected=np.zeros(3), hint=hint)
    check.passed("repeated words count twice, unknown ones not at all")


@exercise(
    "with P the softmax of X W + b and Y one-hot: D = (P - Y) / n, dW = X^T D, and db is the "
    "sum of D over the sentences."
)
def loss_and_gradients(check):
    generator = np.random.default_rng(0)
    features, labels = generator.normal(size=(6, 4)), np.array([0, 2, 1, 2, 2, 0])
    kernel, bias = generator.normal(size=(4, 3)), generator.normal(size=3)

    def loss(features=features):
        logits = features @ kernel + bias
        norm = np.logaddexp.reduce(logits, axis=1)
        return (norm - logits[np.arange(6), labels]).mean()

    slopes = [central_differences(loss, array) for array in (kernel, bias)]
    value = check.run(features, labels, kernel, bias, count=3)
    check.compare(value[0], loss(), ", loss")
    check.compare(value[1], slopes[0], ", gradient of the kernel", tolerance=1e-7)
    check.compare(value[2], slopes[1], ", gradient of the bias", tolerance=1e-7)
    value = check.run(1000 * features, labels, kernel, bias, count=3)
    hint = "large logits overflow: subtract the maximum of each row before the exponential."
    check.compare(value[0], loss(1000 * features), ", loss of large logits", hint=hint)
    check.passed("equal to central differences, and no overflow")


@exercise(
    "start from np.zeros((sentences, length), dtype='int32'); fill row i from the left, "
    "ids.get(token, 1), at most `length` of them."
)
def sentences_to_ids(check):
    ids = {"good": 2, "bad": 3, "film": 4}
    sentences = [["good", "film"], ["a", "bad", "bad", "film"], []]
    check.case(sentences, ids, 3, expected=np.array([[2, 4, 0], [1, 3, 3], [0, 0, 0]]))
    check.passed("padding 0 on the right, unknown 1, long sentences cut")


@exercise("multiply by mask[..., None], sum over time, divide by the number of true steps.")
def masked_mean(check):
    vectors = np.random.default_rng(1).normal(size=(3, 5, 4))
    mask = np.arange(5) < np.array([[5], [2], [1]])
    expected = np.stack([vectors[i, :n].mean(axis=0) for i, n in enumerate((5, 2, 1))])
    check.case(vectors, mask, expected=expected)
    check.passed("the mean of the real steps, whatever stands in the padding")


@exercise(
    "keras.Sequential of layers.PretrainedEmbedding(vectors, vocabulary), "
    "keras.layers.Bidirectional(layers.LSTM(units)) and keras.layers.Dense(classes), with "
    "keras.layers.Dropout between them."
)
def emojify_model(check):
    ids = np.array([[2, 4, 0, 0], [3, 1, 4, 0]])
    model = check.run(_VECTORS, ["<pad>", "<unk>", *_VECTORS], 6, 5)
    check.learner = model  # what is checked from here on is the model that was returned
    value = keras.ops.convert_to_numpy(check.run(ids))
    check.compare(value.shape, (2, 5), ", shape of the output")
    if (5, 3) in [tuple(weight.shape) for weight in model.trainable_variables]:
        hint = "the vectors stay as they are: PretrainedEmbedding(..., trainable=False)."
        check.fail("an embedding that would be trained", "a frozen one", hint=hint)
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    for kind, name in ((recurrent, "a recurrent layer"), (keras.layers.Dropout, "dropout")):
        if not any(isinstance(layer, kind) for layer in model.layers):
            check.fail(f"a model without {name}", "one with it")
    hint = "padding changes the answer: keep mask_zero=True, so that the LSTM stops at the end."
    wider = np.pad(ids, ((0, 0), (0, 3)))
    check.case(wider, expected=value, label=", more padding", hint=hint, tolerance=1e-5)
    if np.allclose(value.sum(axis=1), 1.0, atol=1e-5):
        hint = "return logits: no softmax in the last Dense; the loss is told from_logits=True."
        check.fail("outputs that sum to one", "logits", hint=hint)
    check.passed("five logits, vectors frozen, padding makes no difference")


@exercise(
    "vectors = embedding(ids); watch them on a tf.GradientTape; send them through the other "
    "layers; (vectors * gradient of the chosen score) summed over the last axis."
)
def gradient_times_input(check):
    embedding = keras.layers.Embedding(5, 3, mask_zero=True)
    dense = keras.layers.Dense(2)
    model = keras.Sequential([embedding, keras.layers.GlobalAveragePooling1D(), dense])
    ids, lengths = np.array([[1, 2, 4, 0], [3, 3, 0, 0]]), np.array([[3], [2]])
    model(ids)
    table, kernel = map(keras.ops.convert_to_numpy, (embedding.embeddings, dense.kernel))
    for output in (0, 1):
        expected = np.where(ids > 0, table[ids] @ kernel[:, output] / lengths, 0)
        check.case(model, ids, output, expected=expected, tolerance=1e-5)
    check.passed("of a linear model, exactly what each word adds to the score")
