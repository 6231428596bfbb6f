"""What was compiled for a function: kept with what the function belongs to, as long as it holds.

Kept in one place for all, it would keep alive whatever it was compiled for. And what a layer has
when it is traced is all that the compiled function knows: LoRA, quantization or another policy
change the variables that it should read.
"""

import collections
import functools
import inspect

import keras

MOST = 16  # programs of one owner: each may take megabytes
_ATTRIBUTE = "_seqlib_compiled"


class _Kept:
    """Programs by their keys, the last used last; a copy of their owner begins without any."""

    def __init__(self):
        self.programs = collections.OrderedDict()

    def __reduce__(self):
        return _Kept, ()


def compiled_once(function, key, make):
    """Return ``make()`` for a function, made anew when the layers that it uses have changed."""
    owner = getattr(function, "__self__", function)
    try:
        # Past `__setattr__`, by which Keras and TensorFlow would take it for a part of a layer.
        kept = vars(owner).setdefault(_ATTRIBUTE, _Kept()).programs
    except (AttributeError, TypeError):  # an object without attributes of its own
        return make()
    key = getattr(function, "__func__", None), key, *map(_state, _layers_of(function))
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > MOST:
        kept.popitem(last=False)
    return kept[key]


def _layers_of(function):
    """Return the layers that a function is bound to, or refers to."""
    if isinstance(function, functools.partial):
        at_hand = [function.func, *function.args, *function.keywords.values()]
        return [x for part in at_hand for x in ([part] if _is_layer(part) else _layers_of(part))]
    owner = getattr(function, "__self__", function)
    if _is_layer(owner):
        return [owner]
    at_hand = []
    if inspect.isfunction(function):
        names = inspect.getclosurevars(function)
        at_hand = [*names.nonlocals.values(), *names.globals.values()]
    elif hasattr(owner, "__dict__"):
        at_hand = list(vars(owner).values())
    return [x for x in at_hand if _is_layer(x)]


def _is_layer(x):
    return isinstance(x, keras.Layer)


def _state(layer):
    """Return what a trace of a layer depends on: which variables it has, and its policies."""
    policies = [part.dtype_policy.name for part in (layer, *getattr(layer, "layers", ()))]
    return tuple(map(id, layer.variables)), *policies
