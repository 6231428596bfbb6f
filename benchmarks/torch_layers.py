"""The side of PyTorch, which is compared with where it is installed: `pip install torch`."""

import numpy as np

from seqlib.compiled.backend import cores

try:
    import torch
except ImportError:
    torch = None

# Keras's order of the gates, put into that of PyTorch.
_GATES = {"SimpleRNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 1, 2, 3]}


def threads():
    """Give PyTorch as many threads as there are cores, as TensorFlow has; return how many."""
    if torch is None:
        return None
    torch.set_num_threads(cores())
    return torch.get_num_threads()


def weights(name, keras_weights):
    """Return the weights of a Keras layer in the layout of PyTorch."""
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


def actions(name, inputs, keras_weights):
    """Return functions for a training step and for inference, by the layouts of PyTorch."""
    made = weights(name, keras_weights)
    features, units = made["weight_ih"].shape[1], made["weight_hh"].shape[1]
    stem = {"SimpleRNN": "RNN"}.get(name, name)
    layer, cell = getattr(torch.nn, stem), getattr(torch.nn, f"{stem}Cell")
    modules = {  # each with what puts (batch, time, in) into its layout
        "time-major": (layer(features, units), lambda x: x.transpose(0, 1).contiguous()),
        "batch-first": (layer(features, units, batch_first=True), lambda x: x.clone()),
    }
    if inputs[0].shape[1] == 1:
        modules["cell"] = cell(features, units), lambda x: x[:, 0].clone()
    found = {"training step": {}, "inference": {}}
    for layout, (module, arranged) in modules.items():
        suffix = "" if layout == "cell" else "_l0"
        module.load_state_dict({key + suffix: value for key, value in made.items()})
        arrays = [(arranged(torch.from_numpy(x)).numpy(),) for x in inputs]

        def forward(x, module=module):
            outputs = module(x)
            return outputs[0] if isinstance(outputs, tuple) else outputs

        for what, call in timed(forward, arrays, list(module.parameters())).items():
            found[what][layout] = call
    return found


def multi_head(heads, keras_weights):
    """Return PyTorch's attention with several heads, with the weights of a Keras layer."""
    kernels, biases = keras_weights[::2], keras_weights[1::2]
    size = kernels[0].shape[0]
    *inwards, outwards = kernels
    arrays = {
        "in_proj_weight": np.concatenate([kernel.reshape(size, size).T for kernel in inwards]),
        "in_proj_bias": np.concatenate([bias.ravel() for bias in biases[:3]]),
        "out_proj.weight": outwards.reshape(size, size).T,
        "out_proj.bias": biases[3],
    }
    module = torch.nn.MultiheadAttention(size, heads, batch_first=True)
    module.load_state_dict({key: torch.from_numpy(array.copy()) for key, array in arrays.items()})
    return module


def ctc(logits, labels, frames, label_lengths):
    """Return the losses of connectionist temporal classification and the gradient."""
    logits = torch.from_numpy(logits).requires_grad_()
    losses = torch.nn.functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        torch.from_numpy(labels).long(),
        torch.from_numpy(frames).long(),
        torch.from_numpy(label_lengths).long(),
        reduction="none",
    )
    (gradient,) = torch.autograd.grad(losses.sum(), [logits])
    return losses.detach().numpy(), gradient.numpy()


def timed(forward, inputs, parameters=()):
    """Return functions for a training step and for inference."""
    tensors = [tuple(torch.from_numpy(x).requires_grad_() for x in arrays) for arrays in inputs]

    def infer(k):
        with torch.inference_mode():
            return (forward(*tensors[k % len(tensors)]),)

    def train(k):
        arguments = tensors[k % len(tensors)]
        loss = forward(*arguments).square().mean()
        return (loss.detach(), *torch.autograd.grad(loss, [*arguments, *parameters]))

    return {"training step": train, "inference": infer}
