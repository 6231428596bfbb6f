"""What `seqlib.accelerate` gains on models of `keras.layers` as people write them.

One call is an epoch of `fit`, or a `predict`, over forty batches: of one length, or of forty
lengths, each of which comes once. The first call of each is what a user waits for first, tracing
and compiling included. Both sides have the same weights, and have to predict the same before they
are timed.
"""

import dataclasses

import keras
import numpy as np

import seqlib
from benchmarks.agreement import check_agreement
from benchmarks.turns import Contestant, compare, row

BATCH, LENGTH, VARYING = 32, 30, range(11, 51)  # the lengths have a mean of 30.5
_CLASSES, _FEATURES = 2000, 8  # ids of the words and of the answers, channels of the forecast


def rows(effort, lengths=VARYING, models=None):
    """Measure model by model, on batches of one length and of many."""
    few = dataclasses.replace(effort, rounds=min(effort.rounds, 3))
    for name, build in (models or MODELS).items():
        _warm_up(build)
        fixed = [LENGTH] * len(lengths)
        varying = np.random.default_rng(0).permutation(lengths).tolist()
        for kind, chosen in (("one length", fixed), ("many lengths", varying)):
            model = build(LENGTH if kind == "one length" else None)
            sides = {"seqlib": seqlib.accelerate(model).model, "keras": model}
            data = _Batches(model, chosen)
            shape = {"batch": BATCH, "batches": len(chosen), "lengths": len(set(chosen))}
            for what, contestants, check in (
                ("predict", _predicting(sides, data), check_agreement),
                ("fit", _fitting(sides, data), None),
            ):
                measured = compare(contestants, few, check=check)
                yield row("acceleration", name, f"{what}, {kind}", shape, "batch", measured)


def _classifier(length):
    """Return a classifier of texts by an LSTM both ways, padding masked."""
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            keras.layers.Embedding(_CLASSES, 64, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(64)),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def _forecaster(length):
    """Return a forecaster of a series by two GRUs, one on the other."""
    model = keras.Sequential(
        [
            keras.Input((length, _FEATURES)),
            keras.layers.GRU(64, return_sequences=True),
            keras.layers.GRU(64),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def _language_model(length):
    """Return a language model of words by an LSTM."""
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            keras.layers.Embedding(_CLASSES, 128),
            keras.layers.LSTM(256, return_sequences=True),
            keras.layers.Dense(_CLASSES),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


MODELS = {
    "classifier, LSTM both ways": _classifier,
    "forecaster, two GRUs": _forecaster,
    "language model, LSTM": _language_model,
}


class _Batches(keras.utils.PyDataset):
    """Batches of these lengths for a model, with answers of the form that it gives."""

    def __init__(self, model, lengths):
        super().__init__()
        draw = np.random.default_rng(0)
        self.batches = []
        for length in lengths:
            if len(model.input_shape) == 3:
                x = draw.standard_normal((BATCH, length, _FEATURES), dtype="float32")
            else:
                x = draw.integers(1, _CLASSES, (BATCH, length), dtype="int32")
                if length > min(lengths):  # a batch is padded to its longest sentence
                    x[: BATCH // 2, -1] = 0
            each_step = len(model.output_shape) == 3
            answers = (BATCH, length) if each_step else (BATCH, 1)
            high = _CLASSES if each_step else 2
            self.batches.append((x, draw.integers(0, high, answers).astype("float32")))

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        return self.batches[number]


def _predicting(sides, data):
    def predict(model):
        # One batch shows whether they agree: outputs of many lengths cannot be put together.
        for x, _ in data.batches:
            last = model.predict_on_batch(x)
        return (last,)

    return [
        Contestant(name, lambda k, model=model: predict(model), len(data))
        for name, model in sides.items()
    ]


def _fitting(sides, data):
    return [
        Contestant(
            name,
            lambda k, model=model: model.fit(data, shuffle=False, verbose=0).history["loss"],
            len(data),
        )
        for name, model in sides.items()
    ]


def _warm_up(build):
    """Have TensorFlow and Keras do what they do once in a process, whoever comes first."""
    model = build(2)
    data = _Batches(model, [2])
    model.fit(data, verbose=0)
    model.predict_on_batch(data.batches[0][0])
