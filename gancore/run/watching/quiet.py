"""How a network of somebody else's is asked without a trace: modes, buffers, attributes and random numbers stay.

For the thread that trains. Nothing of the user's is written to, not even with the value that it has: autograd counts
writes, and a graph that waits for its backward pass would be refused.
"""

from __future__ import annotations

import functools
import random
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np
import torch
from torch import nn

CONTAINERS = (list, dict, set, OrderedDict)
SEED = 20140610  # of what a network draws on its way while it is asked: the same at every look


@contextmanager
def unchanged(*modules: nn.Module) -> Iterator[None]:
    """Inside, these modules are in evaluation mode and work on copies of all they might write to.

    Forward hooks rest: they belong to whoever listens in training. Pre-hooks stay: spectral and weight norm live there.
    """
    lent = {id(layer): (layer, layer.__dict__) for module in modules for layer in module.modules()}
    caching = torch.is_autocast_cache_enabled()
    try:
        # Weights that autocast rounded in here know of no gradient, and would be used again out there.
        torch.set_autocast_cache_enabled(False)
        with torch.no_grad():
            for layer, own in lent.values():
                object.__setattr__(layer, "__dict__", copied(own))
            yield
    finally:
        torch.set_autocast_cache_enabled(caching)
        for layer, own in lent.values():
            object.__setattr__(layer, "__dict__", own)


def copied(own: dict[str, Any]) -> dict[str, Any]:
    """A layer's attributes for one call: containers, buffers and loose tensors are copies, parameters are shared."""
    fields = {name: mine(value) for name, value in own.items()}
    fields["_buffers"] = {name: mine(buffer) for name, buffer in own["_buffers"].items()}
    fields |= {"training": False, "_forward_hooks": OrderedDict(), "_compiled_call_impl": None}
    return fields


def mine(value: Any) -> Any:
    if type(value) in CONTAINERS:
        return value.copy()
    return value.detach().clone() if type(value) is torch.Tensor else value


@contextmanager
def undrawn(*sources: Callable, seed: int | None = None) -> Iterator[None]:
    """Inside, anything may be drawn from the global generators, and from those that these functions hold on to.

    Afterwards all of them are where they were. With a `seed`, torch's global ones start at it.
    """
    with ExitStack() as stack:
        for generator in torch_generators():
            stack.callback(generator.set_state, generator.get_state())
            if seed is not None:
                generator.manual_seed(seed)
        stack.callback(random.setstate, random.getstate())
        stack.callback(np.random.set_state, np.random.get_state())
        for generator in {id(g): g for source in sources for g in held(source)}.values():
            stack.callback(rewinder(generator))
        yield


def torch_generators() -> list[torch.Generator]:
    """The processor's, and those of every device in use; a device that sleeps is not woken up."""
    found = [torch.default_generator]
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        found += torch.cuda.default_generators
    if torch.backends.mps.is_available():
        found.append(torch.mps._get_default_mps_generator())
    return found


def held(source: Any, depth: int = 3) -> Iterator[Any]:
    """Generators of random numbers that a function reaches: by its closure, defaults, globals, object or arguments."""
    if isinstance(source, (torch.Generator, random.Random, np.random.Generator, np.random.RandomState)):
        yield source
    elif depth and not isinstance(source, (torch.Tensor, np.ndarray, type, str, bytes, int, float)):
        for part in parts(source):
            yield from held(part, depth - 1)


def parts(source: Any) -> Iterator[Any]:
    """What a function or an object is made of, one step down."""
    if isinstance(source, (tuple, list)):
        yield from source
    elif isinstance(source, dict):
        yield from source.values()
    elif isinstance(source, functools.partial):
        yield from (source.func, source.args, source.keywords)
    elif isinstance(source, types.MethodType):
        yield from (source.__self__, source.__func__)
    elif isinstance(source, types.FunctionType):
        for cell in source.__closure__ or ():
            with suppress(ValueError):  # not filled yet
                yield cell.cell_contents
        yield from (source.__globals__[name] for name in source.__code__.co_names if name in source.__globals__)
        yield from (source.__defaults__ or (), source.__kwdefaults__ or {})
    elif type(source).__module__ != "builtins" and not isinstance(source, nn.Module):
        yield getattr(source, "__dict__", {})


def rewinder(generator: Any) -> Callable[[], None]:
    """What puts a generator back to where it is now."""
    if isinstance(generator, torch.Generator):
        state = generator.get_state()
        return lambda: generator.set_state(state)
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        state = bits.state
        return lambda: setattr(bits, "state", state)
    if isinstance(generator, np.random.RandomState):
        state = generator.get_state()
        return lambda: generator.set_state(state)
    state = generator.getstate()
    return lambda: generator.setstate(state)
