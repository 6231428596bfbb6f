"""Checks of the exercises in notebook 1-2, dinosaur names."""

import keras
import numpy as np

from course.checks import CheckFailed, answered, attempt, compare, passed

_LOGITS = np.array([1.0, 3.0, -1.0, 2.5, 0.0, 2.0])


def nats_per_character(learner):
    """Check the mean surprise over the real characters of a batch."""
    hint = "minus the sum of log_probabilities * mask, divided by the sum of mask."
    log_probabilities = np.log(np.array([[0.5, 0.25, 0.1], [0.125, 0.9, 0.9]]))
    mask = np.array([[True, True, False], [True, False, False]])
    with attempt("nats_per_character", hint):
        value = learner(log_probabilities, mask)
    compare(
        "nats_per_character",
        answered("nats_per_character", value, hint),
        2 * np.log(2.0),
        hint,
    )
    passed("nats_per_character", "padding does not count, every real character counts once")


def bigram_probabilities(learner):
    """Check the table of smoothed pair frequencies."""
    hint = "np.add.at(counts, (inputs[mask], targets[mask]), 1) counts pairs, repeated ones too."
    inputs = np.array([[1, 2, 2, 3], [1, 2, 0, 0]])
    targets = np.array([[2, 2, 3, 1], [2, 1, 0, 0]])
    counts = np.zeros((4, 4))
    counts[1, 2], counts[2, 2], counts[2, 3], counts[2, 1], counts[3, 1] = 2, 1, 1, 1, 1
    smoothed = counts[:, 1:] + 0.5
    expected = np.pad(smoothed / smoothed.sum(axis=1, keepdims=True), ((0, 0), (1, 0)))
    with attempt("bigram_probabilities", hint):
        value = learner(inputs, targets, vocabulary_size=4, pseudo_count=0.5)
    value = answered("bigram_probabilities", value, hint)
    compare("bigram_probabilities", value, expected, hint)
    passed("bigram_probabilities", "pairs counted, padding impossible, every row sums to one")


def softmax_with_temperature(learner):
    """Check the softmax of logits divided by a temperature."""
    hint = "divide by the temperature, subtract the maximum, exponentiate, divide by the sum."
    for temperature in (0.5, 1.0, 2.0):
        powers = np.exp(_LOGITS) ** (1 / temperature)
        with attempt("softmax_with_temperature", hint):
            value = learner(_LOGITS, temperature)
        value = answered("softmax_with_temperature", value, hint)
        compare("softmax_with_temperature", value, powers / powers.sum(), hint)
    with attempt("softmax_with_temperature", hint), np.errstate(all="ignore"):
        value = learner(np.array([1000.0, 0.0]), 0.5)
    hint = "large logits overflow: subtract the maximum before the exponential."
    compare("softmax_with_temperature", value, np.array([1.0, 0.0]), hint)
    passed("softmax_with_temperature", "three temperatures, and no overflow")


def keep_top_k(learner):
    """Check that all logits but the k largest become minus infinity."""
    hint = "np.sort(logits)[-k] is the smallest logit to keep; np.where does the rest."
    for k, kept in ((1, [1]), (3, [1, 3, 5]), (6, [0, 1, 2, 3, 4, 5])):
        expected = np.full(6, -np.inf)
        expected[kept] = _LOGITS[kept]
        with attempt("keep_top_k", hint):
            value = learner(_LOGITS.copy(), k)
        _compare_kept("keep_top_k", value, expected, hint)
    passed("keep_top_k", "the likeliest 1, 3 and all of 6")


def _compare_kept(name, value, expected, hint):
    """Compare logits of which some are minus infinity, by their exponentials."""
    value = np.asarray(answered(name, value, hint), dtype=float)
    compare(name, np.exp(value), np.exp(expected), hint)


def keep_top_p(learner):
    """Check that the logits outside the nucleus become minus infinity."""
    hint = (
        "go through the tokens from the likeliest down; a token stays if the probabilities of all "
        "likelier ones together are still below p."
    )
    logits = np.log(np.array([0.1, 0.4, 0.05, 0.25, 0.2]))
    for p, kept in ((0.3, [1]), (0.5, [1, 3]), (0.8, [1, 3, 4]), (1.0, [0, 1, 2, 3, 4])):
        expected = np.full(5, -np.inf)
        expected[kept] = logits[kept]
        with attempt("keep_top_p", hint):
            value = learner(logits.copy(), p)
        _compare_kept("keep_top_p", value, expected, hint)
    passed("keep_top_p", "the smallest sets that hold 0.3, 0.5, 0.8 and all of the probability")


def sample_name(learner):
    """Check the loop that draws one token after the other."""
    hint = (
        "start with an empty list; draw the next token with generator.choice(size, p=...) given "
        "the list so far; stop without adding it when it is the end token."
    )
    seen = []

    def counting_up(context):
        seen.append(list(context))
        return np.eye(6)[min(len(context) + 2, 5)] if len(context) < 3 else np.eye(6)[1]

    with attempt("sample_name", hint):
        value = learner(counting_up, np.random.default_rng(0), end=1, longest=10)
    value = answered("sample_name", value, hint)
    compare("sample_name", np.array(value), np.array([2, 3, 4]), hint)
    if seen[:3] != [[], [2], [2, 3]]:
        raise CheckFailed(
            f"sample_name: each draw is given the tokens drawn so far; it was given {seen[:3]}. "
            f"Hint: {hint}"
        )
    with attempt("sample_name", hint):
        value = learner(lambda context: np.eye(6)[2], np.random.default_rng(0), end=1, longest=4)
    compare("sample_name", np.array(value), np.array([2, 2, 2, 2]), "stop at `longest` tokens.")
    shares = np.array([0.0, 0.3, 0.7])
    generator = np.random.default_rng(0)
    with attempt("sample_name", hint):
        lengths = [
            len(learner(lambda context: shares, generator, end=1, longest=50)) for _ in range(2000)
        ]
    compare("sample_name", np.mean(lengths), 0.7 / 0.3, "draw with p=probabilities.", tolerance=0.2)
    passed("sample_name", "context handed on, end token and longest length obeyed, right shares")


def _gradients():
    return [np.array([[3.0, -4.0], [0.5, 0.0]]), np.array([12.0, -0.25])]


def clip_by_value(learner):
    """Check the clipping of each entry."""
    hint = "np.clip(gradient, -limit, limit) for each array of the list."
    with attempt("clip_by_value", hint):
        value = learner(_gradients(), 1.0)
    value = answered("clip_by_value", value, hint)
    expected = [np.array([[1.0, -1.0], [0.5, 0.0]]), np.array([1.0, -0.25])]
    compare("clip_by_value", list(value), expected, hint)
    passed("clip_by_value", "large entries cut on both sides, small ones untouched")


def clip_by_global_norm(learner):
    """Check the shortening of all gradients together."""
    hint = "one norm over all arrays together; multiply all by limit / norm if norm > limit."
    gradients = _gradients()
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    for limit in (1.0, 100.0):
        with attempt("clip_by_global_norm", hint):
            value = learner(_gradients(), limit)
        value = answered("clip_by_global_norm", value, hint)
        expected = [gradient * min(1.0, limit / norm) for gradient in gradients]
        compare("clip_by_global_norm", list(value), expected, hint)
    passed("clip_by_global_norm", "direction kept, a short gradient left alone")


def training_step(learner):
    """Check one step of clipped gradient descent against the same step of `fit`."""
    hint = (
        "inside the tape: logits, cross-entropy, mean over the mask; then tape.gradient, "
        "tf.clip_by_global_norm, optimizer.apply."
    )
    generator = np.random.default_rng(3)
    inputs = generator.integers(1, 5, size=(3, 4))
    targets = np.where(np.arange(4) < [[4], [2], [3]], generator.integers(1, 5, size=(3, 4)), 0)
    models = [
        keras.Sequential([keras.layers.Embedding(5, 3), keras.layers.Dense(5)]) for _ in range(2)
    ]
    for model in models:
        model.build((None, 4))
    models[1].set_weights(models[0].get_weights())
    optimizers = [keras.optimizers.SGD(0.5), keras.optimizers.SGD(0.5, global_clipnorm=0.1)]
    with attempt("training_step", hint):
        loss = learner(models[0], optimizers[0], inputs, targets, limit=0.1)
    loss = answered("training_step", loss, hint)
    measure = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    models[1].compile(optimizers[1], measure)
    expected = models[1].train_on_batch(
        inputs, targets, sample_weight=(targets > 0).astype("float32")
    )
    compare("training_step", np.asarray(loss), np.asarray(expected), hint, tolerance=1e-5)
    for own, reference in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        compare("training_step", own, reference, hint, tolerance=1e-5)
    passed("training_step", "loss and new weights as from keras with global_clipnorm")


def perplexity(learner):
    """Check the exponential of the mean surprise."""
    hint = "the exponential of minus the mean log-probability."
    with attempt("perplexity", hint):
        value = learner(np.log(np.array([0.25, 0.25, 0.25])))
    compare("perplexity", answered("perplexity", value, hint), 4.0, hint)
    with attempt("perplexity", hint):
        value = learner(np.log(np.array([0.5, 0.125])))
    compare("perplexity", value, 4.0, "the mean is over logarithms, not over probabilities.")
    passed("perplexity", "an even choice among four is 4, and means are taken of logarithms")
