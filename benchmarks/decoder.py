"""Training an attentive decoder: one compiled pass beside the loops in which it is usually written.

The model is that of the date exercise: a bidirectional LSTM reads 30 characters, an LSTM writes
ten, and looks at what was read, by additive attention, before each. The course writes it as a loop
in Python over shared layers of Keras, which makes one large graph; in PyTorch it is a loop over
`LSTMCell`. All sides begin with the same weights, get the same batches in the same order, and must
come to the same loss after the first pass. A pass is one of `fit`, which takes `TOGETHER` batches
at a call for both sides of Keras, or of the usual loop of PyTorch, optimizer and data included;
the first one, which traces and compiles, is on record as well.
"""

import keras
import numpy as np
from keras import ops

from benchmarks import torch_layers
from benchmarks.turns import Contestant, compare, row
from seqlib import layers

SIZES = {"batch": 100, "source": 30, "target": 10, "encoder": 32, "hidden": 64, "score": 10}
SOURCE_VOCABULARY, TARGET_VOCABULARY = 37, 11  # dates as people write them, and as machines do
BATCHES = 100  # of a pass: the epoch of the exercise, 10,000 pairs
RATE = 1e-3
TOGETHER = 20  # batches that Keras takes at a call, whichever the layers


def rows(effort, sizes=SIZES, batches=BATCHES):
    """Measure one model."""
    draw = np.random.default_rng(0).integers
    number = sizes["batch"] * batches
    source = np.eye(SOURCE_VOCABULARY, dtype="float32")[
        draw(SOURCE_VOCABULARY, size=(number, sizes["source"]))
    ]
    target = draw(TARGET_VOCABULARY, size=(number, sizes["target"]))
    given = np.eye(TARGET_VOCABULARY, dtype="float32")[np.roll(target, 1, axis=1)]
    data = source, given, target
    ours, course = one_pass(sizes), loop_of_layers(sizes)
    course.set_weights(_for_the_loop(ours.get_weights()))
    torch = torch_layers.torch and _on_torch(data, sizes, ours.get_weights())
    contestants = [
        Contestant("seqlib", _fitting(ours, data, sizes["batch"]), work=number),
        Contestant("loop of layers", _fitting(course, data, sizes["batch"]), work=number),
    ]
    if torch:
        contestants.append(Contestant("torch", torch, work=number))
    what = "training of an attentive decoder"
    measured = compare(contestants, effort, check=_check_losses)
    yield row("decoder", "AttentionDecoder", what, dict(sizes), "sequence", measured)


def one_pass(sizes):
    """Return the model of this package; it takes one-hot (batch, time, vocabulary) of both."""
    source = keras.Input((sizes["source"], SOURCE_VOCABULARY))
    given = keras.Input((sizes["target"], TARGET_VOCABULARY))
    reader = layers.LSTM(sizes["encoder"], return_sequences=True)
    annotations = keras.layers.Bidirectional(reader)(source)
    decoder = layers.AttentionDecoder(
        layers.LSTM(sizes["hidden"]), layers.AdditiveAttention(sizes["score"])
    )
    outputs = decoder(given, annotations)[..., : sizes["hidden"]]
    return keras.Model([source, given], keras.layers.Dense(TARGET_VOCABULARY)(outputs))


def loop_of_layers(sizes):
    """Return the same model as a loop in Python over shared layers of Keras."""
    steps, units = sizes["source"], sizes["hidden"]
    source = keras.Input((steps, SOURCE_VOCABULARY))
    given = keras.Input((sizes["target"], TARGET_VOCABULARY))
    reader = keras.layers.LSTM(sizes["encoder"], return_sequences=True)
    annotations = keras.layers.Bidirectional(reader)(source)
    beside = keras.layers.Concatenate()
    hidden = keras.layers.Dense(sizes["score"], "tanh")
    score = keras.layers.Dense(1, use_bias=False)
    softmax, mean = keras.layers.Softmax(axis=1), keras.layers.Dot(axes=1)
    cell = keras.layers.LSTM(units, return_state=True)
    say = keras.layers.Dense(TARGET_VOCABULARY)
    h = c = ops.zeros_like(source[:, 0, :1]) * ops.ones((1, units))
    outputs = []
    for t in range(sizes["target"]):
        query = keras.layers.RepeatVector(steps)(h)
        weights = softmax(score(hidden(beside([annotations, query]))))  # (batch, steps, 1)
        context = mean([weights, annotations])  # (batch, 1, 2 * encoder)
        h, _, c = cell(beside([given[:, t : t + 1], context]), initial_state=[h, c])
        outputs.append(say(h))
    return keras.Model([source, given], ops.stack(outputs, axis=1))


def _for_the_loop(weights):
    """Put the weights of `one_pass` in the order of `loop_of_layers`."""
    reader, cell = weights[:6], weights[6:9]
    query, key, score, bias, *say = weights[9:]
    return [*reader, np.concatenate([key, query]), bias, score, *cell, *say]


def _fitting(model, data, batch):
    *inputs, target = data
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, steps_per_execution=TOGETHER)

    def fit(_):
        history = model.fit(inputs, target, batch_size=batch, shuffle=False, verbose=0)
        return history.history["loss"][0]

    return fit


def _on_torch(data, sizes, weights):
    """Return the pass of the same model in PyTorch, step by step, as it is usually written."""
    torch = torch_layers.torch
    nn, hidden = torch.nn, sizes["hidden"]
    reader = nn.LSTM(SOURCE_VOCABULARY, sizes["encoder"], batch_first=True, bidirectional=True)
    memory = 2 * sizes["encoder"]
    cell = nn.LSTMCell(TARGET_VOCABULARY + memory, hidden)
    query = nn.Linear(hidden, sizes["score"], bias=False)
    key = nn.Linear(memory, sizes["score"])
    score, say = nn.Linear(sizes["score"], 1, bias=False), nn.Linear(hidden, TARGET_VOCABULARY)
    with torch.no_grad():
        for direction, part in (("", weights[:3]), ("_reverse", weights[3:6])):
            for name, value in torch_layers.weights("LSTM", part).items():
                getattr(reader, f"{name}_l0{direction}").copy_(value)
        cell.load_state_dict(torch_layers.weights("LSTM", weights[6:9]))
        for parameter, value in zip(
            (query.weight, key.weight, score.weight, key.bias, say.weight, say.bias),
            weights[9:],
            strict=True,
        ):
            parameter.copy_(torch.from_numpy(value.T.copy()))
    parts = nn.ModuleList([reader, cell, query, key, score, say])
    optimizer = torch.optim.Adam(parts.parameters(), RATE, eps=keras.config.epsilon())
    source, given, target = map(torch.from_numpy, data)
    entropy = nn.CrossEntropyLoss()

    def step(source, given, target):
        optimizer.zero_grad()
        annotations, _ = reader(source)
        keys = key(annotations)
        h = c = torch.zeros(len(source), hidden)
        outputs = []
        for t in range(given.shape[1]):
            weights = score(torch.tanh(keys + query(h)[:, None])).softmax(dim=1)
            context = (weights * annotations).sum(dim=1)
            h, c = cell(torch.cat([given[:, t], context], dim=1), (h, c))
            outputs.append(say(h))
        loss = entropy(torch.stack(outputs, dim=1).flatten(0, 1), target.flatten())
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    def fit(_):
        batches = [tensor.split(sizes["batch"]) for tensor in (source, given, target)]
        return float(np.mean([step(*batch) for batch in zip(*batches, strict=True)]))

    return fit


def _check_losses(losses):
    """Raise where two sides come to different losses in their first pass."""
    for name, loss in losses.items():
        if not np.isclose(loss, losses["seqlib"], rtol=1e-3):
            raise RuntimeError(
                f"{name} does not learn what seqlib does: its loss after the first pass is "
                f"{loss:.5f}, not {losses['seqlib']:.5f}."
            )
