"""The checks of notebook 1-2: right answers pass, typical wrong ones and empty ones do not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course.checks import CheckFailed
from course.checks import dinosaur_names as checks


def nats_per_character(log_probabilities, mask):
    return -(log_probabilities * mask).sum() / mask.sum()


def bigram_probabilities(inputs, targets, vocabulary_size, pseudo_count):
    counts = np.full((vocabulary_size, vocabulary_size), float(pseudo_count))
    for a, b in zip(inputs[targets > 0], targets[targets > 0], strict=True):
        counts[a, b] += 1
    counts[:, 0] = 0
    return counts / counts.sum(axis=1, keepdims=True)


def softmax_with_temperature(logits, temperature):
    powers = np.exp((logits - logits.max()) / temperature)
    return powers / powers.sum()


def keep_top_k(logits, k):
    kept = np.argsort(-logits)[:k]
    return np.where(np.isin(np.arange(len(logits)), kept), logits, -np.inf)


def keep_top_p(logits, p):
    probabilities = softmax_with_temperature(logits, 1.0)
    before = np.array([probabilities[probabilities > one].sum() for one in probabilities])
    return np.where(before < p, logits, -np.inf)


def sample_name(next_probabilities, generator, end, longest=24):
    tokens = []
    while len(tokens) < longest:
        probabilities = next_probabilities(tokens)
        token = int(generator.choice(len(probabilities), p=probabilities))
        if token == end:
            break
        tokens.append(token)
    return tokens


def clip_by_value(gradients, limit):
    return [np.clip(gradient, -limit, limit) for gradient in gradients]


def clip_by_global_norm(gradients, limit):
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return [gradient * min(1, limit / norm) for gradient in gradients]


def training_step(model, optimizer, inputs, targets, limit):
    mask = tf.cast(targets > 0, "float32")
    with tf.GradientTape() as tape:
        losses = keras.ops.sparse_categorical_crossentropy(
            targets, model(inputs, training=True), from_logits=True
        )
        loss = tf.reduce_sum(losses * mask) / tf.reduce_sum(mask)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(tf.clip_by_global_norm(gradients, limit)[0], model.trainable_variables)
    return loss


def perplexity(log_probabilities):
    return np.exp(-np.mean(log_probabilities))


SOLUTIONS = [
    nats_per_character,
    bigram_probabilities,
    softmax_with_temperature,
    keep_top_k,
    keep_top_p,
    sample_name,
    clip_by_value,
    clip_by_global_norm,
    training_step,
    perplexity,
]


def every_norm_for_itself(gradients, limit):
    return [clip_by_global_norm([gradient], limit)[0] for gradient in gradients]


def always_scaled(gradients, limit):
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return [gradient * limit / norm for gradient in gradients]


def end_kept(next_probabilities, generator, end, longest=24):
    return [*sample_name(next_probabilities, generator, end, longest), end]


def always_the_likeliest(next_probabilities, generator, end, longest=24):
    class Likeliest:
        def choice(self, size, p):
            return np.argmax(p)

    return sample_name(next_probabilities, Likeliest(), end, longest)


def counts_once(inputs, targets, vocabulary_size, pseudo_count):
    counts = np.zeros((vocabulary_size, vocabulary_size))
    counts[inputs[targets > 0], targets[targets > 0]] += 1
    counts += pseudo_count
    counts[:, 0] = 0
    return counts / counts.sum(axis=1, keepdims=True)


def one_too_few(logits, p):
    probabilities = softmax_with_temperature(logits, 1.0)
    up_to = np.array([probabilities[probabilities >= one].sum() for one in probabilities])
    return np.where(up_to < p, logits, -np.inf)


def padding_counts(model, optimizer, inputs, targets, limit):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(targets, model(inputs, training=True))
        )
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(tf.clip_by_global_norm(gradients, limit)[0], model.trainable_variables)
    return loss


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("nats_per_character", lambda log_p, mask: -log_p.mean()),
        ("nats_per_character", lambda log_p, mask: -(log_p * mask).mean()),
        ("bigram_probabilities", counts_once),
        ("softmax_with_temperature", lambda x, t: softmax_with_temperature(x * t, 1.0)),
        ("softmax_with_temperature", lambda x, t: np.exp(x / t) / np.exp(x / t).sum()),
        ("keep_top_k", lambda x, k: np.where(x > np.sort(x)[-k], x, -np.inf)),
        ("keep_top_k", lambda x, k: np.sort(x)[-k:]),
        ("keep_top_p", one_too_few),
        ("sample_name", end_kept),
        ("sample_name", always_the_likeliest),
        ("clip_by_value", lambda g, limit: [np.minimum(x, limit) for x in g]),
        ("clip_by_global_norm", every_norm_for_itself),
        ("clip_by_global_norm", always_scaled),
        ("training_step", padding_counts),
        ("perplexity", lambda log_p: 1 / np.mean(np.exp(log_p))),
    ],
)
def test_typical_wrong_answers_fail(check, wrong):
    with np.errstate(all="ignore"), pytest.raises(CheckFailed, match="Hint"):
        getattr(checks, check)(wrong)
