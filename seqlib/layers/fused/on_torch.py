"""The kernels of PyTorch itself, which also differentiate them, fed with weights in Keras's layout.

PyTorch has the matrices transposed, the input's and the state's biases apart, and in a GRU the
reset gate before the update gate.
"""

import torch

from seqlib.layers.fused import gru


def whole_sequence(kernel, x, weights, states, mask, dropout, *, return_sequences, training):
    """Run the kernel of PyTorch; see `kernel_programs.whole_sequence`."""
    for input_mask in dropout[0]:  # a mask, or dropout of the state, takes another way
        x = x * input_mask[:, None]
    input_kernel, recurrent_kernel, bias = weights
    if kernel is gru:
        order = [1, 0, 2]
        x_bias, h_bias = bias[0], bias[1]
    else:
        order = [0, 1, 2, 3]
        x_bias, h_bias = bias, torch.zeros_like(bias)
    parameters = [
        _reordered(input_kernel, order).T.contiguous(),
        _reordered(recurrent_kernel, order).T.contiguous(),
        _reordered(x_bias, order),
        _reordered(h_bias, order),
    ]
    first = [state[None].contiguous() for state in states]  # (layers, batch, units)
    one_layer = True, 1, 0.0, torch.is_grad_enabled(), False, True  # with bias, batch first
    if kernel is gru:
        hs, *last = torch.gru(x, first[0], parameters, *one_layer)
    else:
        hs, *last = torch.lstm(x, first, parameters, *one_layer)
    return (hs if return_sequences else None), tuple(state[0] for state in last)


def _reordered(columns, order):
    parts = torch.chunk(columns, len(order), dim=-1)
    return torch.cat([parts[gate] for gate in order], dim=-1)
