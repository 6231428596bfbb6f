"""Tokens that a Transformer writes a second: `seqlib.layers` with its cache, beside others.

One model throughout, greedy, from a source that is encoded already: embedding, decoder, head. The
others are the same decoder in the same compiled loop, but without a cache, where each token costs
as much as the whole sequence; and a loop in Python over modules of `torch.nn` with a cache of its
own. All sides have the same weights, and have to write the same tokens before they are timed.
"""

import numpy as np
from keras import ops

from benchmarks import torch_layers
from benchmarks.turns import Contestant, compare, row
from seqlib import layers
from seqlib.decoding import greedy

BATCHES = (1, 16)
SIZES = {"source": 20, "tokens": 60, "units": 128, "layers": 2, "heads": 4, "vocabulary": 4000}
START = 1
_SOURCES = 4  # batches of sources that are taken in turn


def rows(effort, batches=BATCHES, sizes=SIZES):
    """Measure each batch size."""
    model = layers.Transformer(
        sizes["vocabulary"],
        sizes["vocabulary"],
        units=sizes["units"],
        num_layers=sizes["layers"],
        num_heads=sizes["heads"],
    )
    model.build()
    sides = {"seqlib": cached(model, sizes), "no cache": uncached(model, sizes)}
    if torch_layers.torch:
        sides["torch, cached"] = TorchLoop(model, sizes)
    draw = np.random.default_rng(0).integers
    for batch in batches:
        memories = []
        for _ in range(_SOURCES):
            source = draw(2, sizes["vocabulary"], size=(batch, sizes["source"]), dtype="int32")
            memories.append(model.encode(source)[0])
        work = batch * sizes["tokens"]
        contestants = [
            Contestant(name, side.writer(memories), work) for name, side in sides.items()
        ]
        shape = {"batch": batch, **sizes}
        measured = compare(contestants, effort, check=_check_agreement)
        yield row("transformer", "Transformer", "greedy decoding", shape, "token", measured)


class Compiled:
    """A step in the compiled loop of `seqlib.decoding`, from states that a function begins."""

    def __init__(self, step, start, length):
        self.step, self.start, self.length = step, start, length

    def writer(self, memories):
        """Return a function of a running number that writes (batch, tokens)."""
        states = [self.start(memory) for memory in memories]
        first = np.full(memories[0].shape[0], START, "int32")

        def call(k):
            tokens, _ = greedy(self.step, states[k % len(states)], first, length=self.length)
            return ops.convert_to_numpy(tokens)

        return call


def cached(model, sizes):
    """Return the model's own step, from the keys and values that it keeps."""
    length, begin = sizes["tokens"], model.decoder.initial_state
    return Compiled(model.step, lambda memory: begin(memory, length=length), length)


def uncached(model, sizes):
    """Return a step that decodes all tokens so far again, and keeps no more than these."""
    length = sizes["tokens"]

    def step(tokens, states):
        written, t, memory = states["written"], states["t"], states["memory"]
        written = ops.slice_update(written, (0, t), tokens[:, None])
        x = model.target_embedding(written) * sizes["units"] ** 0.5
        x = model.decoder(model.target_positions(x), memory)  # (batch, length, units)
        logits = model.head(ops.take(x, t, axis=1))
        return logits, {"written": written, "t": t + 1, "memory": memory}

    def start(memory):
        written = ops.zeros((memory.shape[0], length), "int32")
        return {"written": written, "t": ops.zeros((), "int32"), "memory": memory}

    return Compiled(step, start, length)


class TorchLoop:
    """A loop in Python over modules of `torch.nn`, keys and values kept from token to token."""

    def __init__(self, model, sizes):
        self.sizes = sizes
        torch = self.torch = torch_layers.torch
        self.embedding = torch.nn.Embedding.from_pretrained(
            _tensor(model.target_embedding.embeddings) * sizes["units"] ** 0.5
        )
        positions = model.target_positions.encoding(np.arange(sizes["tokens"]), sizes["units"])
        self.positions = _tensor(positions)
        self.blocks = [_block(block) for block in model.decoder.blocks]
        self.head = _linear(model.head.kernel, model.head.bias)

    def writer(self, memories):
        """Return a function of a running number that writes (batch, tokens)."""
        torch, sizes = self.torch, self.sizes
        heads, length = sizes["heads"], sizes["tokens"]
        attend = torch.nn.functional.scaled_dot_product_attention
        sources = [_tensor(memory) for memory in memories]
        batch = sources[0].shape[0]

        def split(x):  # (batch, time, units) -> (batch, heads, time, key_dim)
            return x.view(batch, x.shape[1], heads, -1).transpose(1, 2)

        def joined(x):
            return x.transpose(1, 2).reshape(batch, x.shape[2], -1)

        def projected(block, source):
            return [split(x) for x in block["memory"](source).chunk(2, dim=-1)]

        def call(k):
            with torch.inference_mode():
                sides = [projected(block, sources[k % len(sources)]) for block in self.blocks]
                size = (batch, heads, length, sizes["units"] // heads)
                caches = [(torch.zeros(size), torch.zeros(size)) for _ in self.blocks]
                tokens = torch.full((batch,), START)
                written = torch.empty((batch, length), dtype=torch.int64)
                for t in range(length):
                    x = (self.embedding(tokens) + self.positions[t])[:, None]
                    for block, (keys, values), memory in zip(
                        self.blocks, caches, sides, strict=True
                    ):
                        query, key, value = (split(y) for y in block["all"](x).chunk(3, dim=-1))
                        keys[:, :, t : t + 1], values[:, :, t : t + 1] = key, value
                        y = attend(query, keys[:, :, : t + 1], values[:, :, : t + 1])
                        x = block["norm_1"](x + block["output"](joined(y)))
                        y = attend(split(block["query"](x)), *memory)
                        x = block["norm_2"](x + block["memory_output"](joined(y)))
                        x = block["norm_3"](x + block["outer"](block["inner"](x).relu()))
                    tokens = self.head(x[:, 0]).argmax(dim=-1)
                    written[:, t] = tokens
                return written.numpy()

        return call


def _block(block):
    """Return the modules of `torch.nn` for a decoder block, by name, with its weights."""
    own, other = block.attention, block.memory_attention
    return {
        "all": _projection(own, ("query", "key", "value")),
        "output": _projection(own, ("output",)),
        "query": _projection(other, ("query",)),
        "memory": _projection(other, ("key", "value")),
        "memory_output": _projection(other, ("output",)),
        "inner": _linear(block.inner.kernel, block.inner.bias),
        "outer": _linear(block.outer.kernel, block.outer.bias),
        "norm_1": _norm(block.attention_norm),
        "norm_2": _norm(block.memory_norm),
        "norm_3": _norm(block.network_norm),
    }


def _tensor(array):
    return torch_layers.torch.from_numpy(np.array(ops.convert_to_numpy(array)))


def _projection(attention, names):
    """Return one linear module for some of the projections of an attention."""
    kernels = [ops.convert_to_numpy(getattr(attention, f"{name}_kernel")) for name in names]
    biases = [ops.convert_to_numpy(getattr(attention, f"{name}_bias")) for name in names]
    if names == ("output",):
        flat = [kernel.reshape(-1, kernel.shape[-1]) for kernel in kernels]
    else:
        flat = [kernel.reshape(kernel.shape[0], -1) for kernel in kernels]
    return _linear(np.concatenate(flat, axis=1), np.concatenate([b.ravel() for b in biases]))


def _linear(kernel, bias):
    kernel, bias = _tensor(kernel), _tensor(bias)
    linear = torch_layers.torch.nn.Linear(*kernel.shape)
    linear.load_state_dict({"weight": kernel.T.contiguous(), "bias": bias})
    return linear


def _norm(norm):
    made = torch_layers.torch.nn.LayerNorm(norm.gamma.shape[0], eps=norm.epsilon)
    made.load_state_dict({"weight": _tensor(norm.gamma), "bias": _tensor(norm.beta)})
    return made


def _check_agreement(results):
    """Raise where the sides do not write the same; where two tokens are as likely they may part."""
    tokens = results["seqlib"]
    for name, theirs in results.items():
        if (theirs[:, 0] == tokens[:, 0]).mean() <= 0.5 or (theirs == tokens).mean() <= 0.5:
            raise RuntimeError(f"{name} does not write the tokens that seqlib writes.")
