"""The checks of notebook 2-2: right answers pass, typical wrong ones and empty ones do not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course.checks import CheckFailed
from course.checks import sentiment as checks
from seqlib import layers


def sentence_average(tokens, vectors, dimension):
    known = [vectors[token] for token in tokens if token in vectors]
    return np.mean(known, axis=0) if known else np.zeros(dimension)


def loss_and_gradients(features, labels, kernel, bias):
    logits = features @ kernel + bias
    logits = logits - logits.max(axis=1, keepdims=True)
    norms = np.log(np.exp(logits).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    loss = (norms[:, 0] - logits[rows, labels]).mean()
    wrong = np.exp(logits - norms)
    wrong[rows, labels] -= 1
    wrong /= len(labels)
    return loss, features.T @ wrong, wrong.sum(axis=0)


def sentences_to_ids(sentences, ids, length):
    rows = [[ids.get(token, 1) for token in sentence][:length] for sentence in sentences]
    return np.array([row + [0] * (length - len(row)) for row in rows])


def masked_mean(vectors, mask):
    return (vectors * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)


def emojify_model(vectors, vocabulary, units, classes, final=None, **options):
    return keras.Sequential(
        [
            layers.PretrainedEmbedding(vectors, vocabulary, **options),
            keras.layers.Dropout(0.3),
            keras.layers.Bidirectional(layers.LSTM(units)),
            keras.layers.Dense(classes, activation=final),
        ]
    )


def gradient_times_input(model, ids, output):
    embedding, *others = model.layers
    vectors = embedding(ids)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        value = vectors
        for layer in others:
            value = layer(value)
        score = value[:, output]
    return tf.reduce_sum(vectors * tape.gradient(score, vectors), axis=-1)


SOLUTIONS = [
    sentence_average,
    loss_and_gradients,
    sentences_to_ids,
    masked_mean,
    emojify_model,
    gradient_times_input,
]


def each_word_once(tokens, vectors, dimension):
    return sentence_average(set(tokens), vectors, dimension)


def no_mean_of_nothing(tokens, vectors, dimension):
    return np.sum([vectors[token] for token in tokens if token in vectors], axis=0) / max(
        1, sum(token in vectors for token in tokens)
    )


def summed_over_sentences(features, labels, kernel, bias):
    loss, kernel_gradient, bias_gradient = loss_and_gradients(features, labels, kernel, bias)
    return loss, kernel_gradient * len(labels), bias_gradient * len(labels)


def overflowing(features, labels, kernel, bias):
    logits = features @ kernel + bias
    powers = np.exp(logits)
    chances = powers / powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(chances[rows, labels]).mean()
    return loss, *loss_and_gradients(features, labels, kernel, bias)[1:]


def padded_on_the_left(sentences, ids, length):
    rows = [[ids.get(token, 1) for token in sentence][:length] for sentence in sentences]
    return np.array([[0] * (length - len(row)) + row for row in rows])


def padding_in_the_mean(vectors, mask):
    return (vectors * mask[..., None]).mean(axis=1)


def without_mask(*args, **options):
    return emojify_model(*args, mask_zero=False, **options)


def trained_vectors(*args, **options):
    return emojify_model(*args, trainable=True, **options)


def with_softmax(*args, **options):
    return emojify_model(*args, final="softmax", **options)


def without_the_input(model, ids, output):
    embedding, *others = model.layers
    vectors = embedding(ids)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        value = vectors
        for layer in others:
            value = layer(value)
    return tf.reduce_sum(tape.gradient(value, vectors), axis=-1)


WRONG = [
    (checks.sentence_average, each_word_once),
    (checks.sentence_average, no_mean_of_nothing),
    (checks.loss_and_gradients, summed_over_sentences),
    (checks.loss_and_gradients, overflowing),
    (checks.sentences_to_ids, padded_on_the_left),
    (checks.masked_mean, padding_in_the_mean),
    (checks.emojify_model, without_mask),
    (checks.emojify_model, trained_vectors),
    (checks.emojify_model, with_softmax),
    (checks.gradient_times_input, without_the_input),
]


@pytest.mark.parametrize(("check", "wrong"), WRONG, ids=lambda function: function.__name__)
def test_typical_wrong_answers_fail_with_a_hint(check, wrong):
    with pytest.raises(CheckFailed, match="Hint"), np.errstate(all="ignore"):
        check(wrong)
