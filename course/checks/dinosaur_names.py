"""Checks of the exercises in notebook 1-2, dinosaur names."""

import keras
import numpy as np

from course.checks import exercise

_LOGITS = np.array([1.0, 3.0, -1.0, 2.5, 0.0, 2.0])


@exercise("minus the sum of log_probabilities * mask, divided by the sum of mask.")
def nats_per_character(check):
    log_probabilities = np.log(np.array([[0.5, 0.25, 0.1], [0.125, 0.9, 0.9]]))
    mask = np.array([[True, True, False], [True, False, False]])
    check.case(log_probabilities, mask, expected=2 * np.log(2.0))
    check.passed("padding does not count, every real character counts once")


@exercise("np.add.at(counts, (inputs[mask], targets[mask]), 1) counts pairs, repeated ones too.")
def bigram_probabilities(check):
    inputs = np.array([[1, 2, 2, 3], [1, 2, 0, 0]])
    targets = np.array([[2, 2, 3, 1], [2, 1, 0, 0]])
    smoothed = np.array([[0, 0, 0], [0, 2, 0], [1, 1, 1], [1, 0, 0]]) + 0.5  # of tokens 1 to 3
    expected = np.pad(smoothed / smoothed.sum(axis=1, keepdims=True), ((0, 0), (1, 0)))
    check.case(inputs, targets, 4, 0.5, expected=expected)
    check.passed("pairs counted, padding impossible, every row sums to one")


@exercise("divide by the temperature, subtract the maximum, exponentiate, divide by the sum.")
def softmax_with_temperature(check):
    for temperature in (0.5, 1.0, 2.0):
        powers = np.exp(_LOGITS) ** (1 / temperature)
        check.case(_LOGITS, temperature, expected=powers / powers.sum())
    hint = "large logits overflow: subtract the maximum before the exponential."
    check.case(np.array([1000.0, 0.0]), 0.5, expected=np.array([1.0, 0.0]), hint=hint)
    check.passed("three temperatures, and no overflow")


def _kept(logits, kept):
    return np.where(np.isin(np.arange(len(logits)), kept), logits, -np.inf)


def _very_low_is_infinite(logits):
    return np.where(np.asarray(logits) < -1e6, -np.inf, logits)


@exercise("np.sort(logits)[-k] is the smallest logit to keep; np.where does the rest.")
def keep_top_k(check):
    for k, kept in ((1, [1]), (3, [1, 3, 5]), (6, [0, 1, 2, 3, 4, 5])):
        check.case(_LOGITS, k, expected=_kept(_LOGITS, kept), read=_very_low_is_infinite)
    check.passed("the likeliest 1, 3 and all of 6")


@exercise(
    "go through the tokens from the likeliest down; a token stays if the probabilities of all "
    "likelier ones together are still below p."
)
def keep_top_p(check):
    logits = np.log(np.array([0.1, 0.4, 0.05, 0.25, 0.2]))
    for p, kept in ((0.3, [1]), (0.5, [1, 3]), (0.8, [1, 3, 4]), (1.0, [0, 1, 2, 3, 4])):
        check.case(logits, p, expected=_kept(logits, kept), read=_very_low_is_infinite)
    check.passed("the smallest sets that hold 0.3, 0.5, 0.8 and all of the probability")


@exercise(
    "start with an empty list; draw the next token with generator.choice(size, p=...) given "
    "the list so far; stop without adding it when it is the end token."
)
def sample_name(check):
    given, generator = [], np.random.default_rng(0)

    def counting_up(context):
        given.append(list(context))
        return np.eye(6)[len(context) + 2 if len(context) < 3 else 1]

    check.case(counting_up, generator, 1, 10, expected=np.array([2, 3, 4]))
    check.compare(given[:3], [[], [2], [2, 3]], ", the tokens so far, given to each draw")
    hint = "stop at `longest` tokens."
    check.case(lambda _: np.eye(6)[2], generator, 1, 4, expected=np.array([2, 2, 2, 2]), hint=hint)
    shares = np.array([0.0, 0.3, 0.7])
    lengths = [len(check.run(lambda _: shares, generator, 1, 50)) for _ in range(2000)]
    hint = "draw with p=probabilities."
    check.compare(np.mean(lengths), 0.7 / 0.3, ", mean length", hint=hint, tolerance=0.2)
    check.passed("context handed on, end token and longest length obeyed, right shares")


_GRADIENTS = [np.array([[3.0, -4.0], [0.5, 0.0]]), np.array([12.0, -0.25])]


@exercise("np.clip(gradient, -limit, limit) for each array of the list.")
def clip_by_value(check):
    expected = np.array([[1.0, -1.0], [0.5, 0.0]]), np.array([1.0, -0.25])
    check.case(_GRADIENTS, 1.0, expected=expected)
    check.passed("large entries cut on both sides, small ones untouched")


@exercise("one norm over all arrays together; multiply all by limit / norm if norm > limit.")
def clip_by_global_norm(check):
    norm = np.linalg.norm(np.concatenate([gradient.ravel() for gradient in _GRADIENTS]))
    for limit in (1.0, 100.0):
        expected = tuple(gradient * min(1.0, limit / norm) for gradient in _GRADIENTS)
        check.case(_GRADIENTS, limit, expected=expected)
    check.passed("direction kept, a short gradient left alone")


@exercise(
    "inside the tape: logits, cross-entropy, mean over the mask; then tape.gradient, "
    "tf.clip_by_global_norm, optimizer.apply."
)
def training_step(check):
    generator = np.random.default_rng(3)
    inputs = generator.integers(1, 5, size=(3, 4))
    targets = np.where(np.arange(4) < [[4], [2], [3]], generator.integers(1, 5, size=(3, 4)), 0)
    own, fitted = (
        keras.Sequential([keras.layers.Embedding(5, 3), keras.layers.Dense(5)]) for _ in range(2)
    )
    own.build((None, 4))
    fitted.build((None, 4))
    fitted.set_weights(own.get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    fitted.compile(keras.optimizers.SGD(0.5, global_clipnorm=0.1), loss)
    expected = fitted.train_on_batch(inputs, targets, (targets > 0).astype("float32"))
    arguments = own, keras.optimizers.SGD(0.5), inputs, targets, 0.1
    check.case(*arguments, expected=expected, label=", loss", tolerance=1e-5)
    weights = tuple(fitted.get_weights())
    check.compare(own.get_weights(), weights, ", new weights", tolerance=1e-5)
    check.passed("loss and new weights as from keras with global_clipnorm")


@exercise("the exponential of minus the mean log-probability.")
def perplexity(check):
    check.case(np.log(np.array([0.25, 0.25, 0.25])), expected=4.0)
    hint = "the mean is over logarithms, not over probabilities."
    check.case(np.log(np.array([0.5, 0.125])), expected=4.0, hint=hint)
    check.passed("an even choice among four is 4, and means are taken of logarithms")
