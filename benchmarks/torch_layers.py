"""The side of PyTorch, which is compared with where it is installed: `pip install torch`."""

import numpy as np

from seqlib.layers import cores

try:
    import torch
except ImportError:
    torch = None

HINT = "PyTorch is not installed and is left out; to compare with it: pip install torch"

# Keras's order of the gates, put into that of PyTorch.
_GATES = {"SimpleRNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 1, 2, 3]}


def version():
    """Return the version of PyTorch, or None where it is not installed."""
    return torch and str(torch.__version__)


def threads():
    """Give PyTorch as many threads as there are cores, as TensorFlow has; return how many."""
    if torch is None:
        return None
    torch.set_num_threads(cores())
    return torch.get_num_threads()


def weights(name, keras_weights):
    """Return the weights of a Keras layer in the layout of PyTorch.

    Args:
        name: SimpleRNN, GRU or LSTM.
        keras_weights: What `get_weights` of the layer returns.

    Returns:
        Dict of float32 tensors, with the names of the parameters of `torch.nn.LSTMCell`.
    """
    kernel, recurrent_kernel, bias = keras_weights
    bias = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])

    def reordered(array):
        blocks = np.split(array, len(_GATES[name]), axis=-1)
        return np.concatenate([blocks[gate] for gate in _GATES[name]], axis=-1)

    arrays = {
        "weight_ih": reordered(kernel).T,
        "weight_hh": reordered(recurrent_kernel).T,
        "bias_ih": reordered(bias[0]),
        "bias_hh": reordered(bias[1]),
    }
    return {key: torch.from_numpy(array.copy()) for key, array in arrays.items()}


def modules(name, length, keras_weights):
    """Return the ways in which PyTorch can go through a sequence, all with the same weights.

    Args:
        name: SimpleRNN, GRU or LSTM.
        length: Number of steps.
        keras_weights: What `get_weights` of the Keras layer returns.

    Returns:
        Dict from what the layout is called to a pair of a function that puts (batch, time, in)
        into it, and a module whose first output, or whose output, holds all states.
    """
    made = weights(name, keras_weights)
    features, units = made["weight_ih"].shape[1], made["weight_hh"].shape[1]
    stem = {"SimpleRNN": "RNN"}.get(name, name)
    of_layer = {f"{key}_l0": value for key, value in made.items()}

    def loaded(module, state):
        module.load_state_dict(state)
        return module

    layer, cell = getattr(torch.nn, stem), getattr(torch.nn, f"{stem}Cell")
    found = {
        "time-major": (
            lambda x: x.transpose(0, 1).contiguous(),
            loaded(layer(features, units), of_layer),
        ),
        "batch-first": (
            lambda x: x.clone(),
            loaded(layer(features, units, batch_first=True), of_layer),
        ),
    }
    if length == 1:
        found["cell"] = lambda x: x[:, 0].clone(), loaded(cell(features, units), made)
    return found


def actions(name, inputs, keras_weights):
    """Return functions for a training step and for inference, by the layouts of PyTorch.

    Args:
        name: SimpleRNN, GRU or LSTM.
        inputs: List of (batch, time, in) float32 arrays, to be taken in turn.
        keras_weights: What `get_weights` of the Keras layer returns.

    Returns:
        Dict from ``training step`` and ``inference`` to a dict from the layout to a function of a
        running number; it returns what that of `benchmarks.recurrent.actions` does.
    """
    found = {"training step": {}, "inference": {}}
    length = inputs[0].shape[1]
    for layout, (arranged, module) in modules(name, length, keras_weights).items():
        xs = [arranged(torch.from_numpy(x)).requires_grad_() for x in inputs]
        parameters = list(module.parameters())

        def forward(x, module=module):
            outputs = module(x)
            return outputs[0] if isinstance(outputs, tuple) else outputs

        def infer(k, xs=xs, forward=forward):
            with torch.inference_mode():
                return (forward(xs[k % len(xs)]),)

        def train(k, xs=xs, forward=forward, parameters=parameters):
            x = xs[k % len(xs)]
            loss = forward(x).square().mean()
            return (loss.detach(), *torch.autograd.grad(loss, [x, *parameters]))

        found["inference"][layout] = infer
        found["training step"][layout] = train
    return found
