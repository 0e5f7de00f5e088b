"""The two networks of somebody else's loop, in the form in which probes ask a game.

For the thread that trains. Wrappers are taken off: DataParallel would split a look over devices, DistributedDataParallel
would wait for the other processes, and a compiled network would be compiled once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gancore.game.inputs import Input
from gancore.run.watching.quiet import unchanged, undrawn

CHUNK = 64  # samples in one call of a generator of pictures: what a training batch would ask of memory


class Players:
    """G of the fixed noise and, where D says one number about a sample alone, D of any points."""

    input = Input()  # D is asked about clean samples

    def __init__(self, generator: nn.Module, discriminator: nn.Module, noise: Callable, n: int, chunk: int | None):
        self.g, self.d, self.n, self.chunk = bare(generator), bare(discriminator), n, chunk
        self.device = device(self.g)
        with undrawn(noise), torch.no_grad():
            self.args, self.kwargs = arguments(noise(n))
        if not self.args and not self.kwargs:
            raise ValueError("noise(n) gave nothing: give what the generator is called with")
        self.asked = False  # whether D can be asked
        self.shape: tuple[int, ...] = ()  # of one sample, as G draws it

    def generate(self) -> Tensor:
        """G of the fixed noise as the loop would see it, (n, ...), on G's device."""
        with undrawn(seed=0), unchanged(self.g):
            drawn = torch.cat([first(self.g(*args, **kwargs)) for args, kwargs in self._calls()])
        self.shape = tuple(drawn.shape[1:])
        return drawn

    def judge(self, x: Tensor) -> Tensor:
        """D's raw outputs on flat samples, once G has drawn some: (n, event) -> (n,), all on the processor."""
        with undrawn(seed=0), unchanged(self.d):
            said = first(self.d(x.reshape(-1, *self.shape).to(device(self.d))))
        return said.detach().float().reshape(len(x)).cpu()

    def try_d(self, real: Tensor) -> None:
        """Finds out whether D can be asked about samples alone: not so if it wants labels, or says more than a number."""
        try:
            self.judge(real)
            self.asked = True
        except Exception:  # whatever somebody's network raises when it is called in a way it does not know
            self.asked = False

    @property
    def z(self) -> Tensor:
        """The fixed noise as numbers (n, dim), for lines from z to x; several if there is more than one part of it."""
        alone = self.args[0] if len(self.args) == 1 and not self.kwargs else None
        if isinstance(alone, Tensor) and alone.is_floating_point() and len(alone) == self.n:
            return alone.detach().float().reshape(self.n, -1).cpu()
        return torch.zeros(self.n, 2)

    def _calls(self) -> Iterator[tuple[list, dict]]:
        step = self.chunk or self.n
        for start in range(0, self.n, step):
            yield (
                [self._part(value, start, step) for value in self.args],
                {name: self._part(value, start, step) for name, value in self.kwargs.items()},
            )

    def _part(self, value: Any, start: int, step: int) -> Any:
        """One chunk's share of an argument, where G lives; what is not one row per sample goes along whole."""
        if not isinstance(value, Tensor):
            return value
        rows = value[start : start + step] if value.dim() and len(value) == self.n else value
        return rows.to(self.device)


def bare(module: nn.Module) -> nn.Module:
    """The network inside its wrappers."""
    while True:
        if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            module = module.module
        elif (inner := getattr(module, "_orig_mod", None)) is not None:
            module = inner
        else:
            return module


def refusal(module: nn.Module) -> str | None:
    """Why this network cannot be asked for samples aside from training, or None."""
    if any(isinstance(layer, torch.jit.ScriptModule) for layer in module.modules()):
        return "it is a TorchScript module, whose mode and buffers cannot be set aside"
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in module.parameters()):
        return "it has lazy layers that were not called yet: call it once before watch"
    if any(type(p).__name__ == "DTensor" for p in module.parameters()) or "FullyShard" in type(module).__name__:
        return "its weights are spread over processes (FSDP)"
    return None


def device(module: nn.Module) -> torch.device:
    return next((p.device for p in module.parameters()), torch.device("cpu"))


def arguments(given: Any) -> tuple[tuple, dict]:
    """What a generator is called with: a dict by name, a tuple or list in order, anything else alone."""
    if isinstance(given, dict):
        return (), given
    return (tuple(given), {}) if isinstance(given, (tuple, list)) else ((given,), {})


def first(out: Any) -> Tensor:
    """The first tensor in what a network gave."""
    if isinstance(out, Tensor):
        return out
    for part in out.values() if isinstance(out, dict) else out:
        return first(part)
    raise ValueError("the network gave nothing")
