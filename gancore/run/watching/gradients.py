"""The norm of each player's gradient, taken where its optimiser steps: whatever else is added to it later on.

Whoever steps may be several optimisers, a scaler, an accumulation: what counts is the gradient that the step was given.
PyTorch's optimisers are listened to only while norms are taken: even a hook that does nothing costs a short loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.hooks import RemovableHandle


class Gradients:
    """Measures what the optimisers of these two players step by, from `listen` to `rest`."""

    def __init__(self, g: nn.Module, d: nn.Module, stepped: Callable[[Optimizer], None]):
        """While it listens, `stepped` is told of every step of the process, and should hand it on to `take`."""
        self._players = {"g": g, "d": d}
        self._owner = {id(p): who for who, module in self._players.items() for p in module.parameters()}
        self._squares: dict[str, dict[int, float | Tensor]] = {"g": {}, "d": {}}  # by optimiser, since the last move
        self._heard: set[str] = set()
        self._stepped = stepped
        self.hook: RemovableHandle | None = None  # while it listens

    def listen(self) -> None:
        if not self.hook:
            self._squares = {"g": {}, "d": {}}
            self.hook = register_optimizer_step_post_hook(lambda optimiser, *_: self._stepped(optimiser))

    def rest(self) -> None:
        if self.hook:
            self.hook.remove()
            self.hook = None

    def take(self, optimiser: Optimizer) -> None:
        """Any optimiser of the process has stepped. Its gradients are still there."""
        for who, found in self._of(p for group in optimiser.param_groups for p in group["params"]).items():
            self._heard.add(who)
            self._squares[who][id(optimiser)] = square(found)

    def norm(self, who: str) -> float | Tensor:
        """The norm of what this player's optimisers were last given; a gap if that was not measured."""
        squares, self._squares[who] = list(self._squares[who].values()), {}
        if not squares and who not in self._heard:  # its optimiser is none of PyTorch's
            squares = [square(found) for found in self._of(self._players[who].parameters()).values()]
        return sum(squares) ** 0.5 if squares else math.nan

    def _of(self, parameters: Iterable[Tensor]) -> dict[str, list[Tensor]]:
        """The gradients of those that belong to one of the players."""
        found: dict[str, list[Tensor]] = {}
        for p in parameters:
            if p.grad is not None and (who := self._owner.get(id(p))):
                found.setdefault(who, []).append(p.grad)
        return found


def square(gradients: list[Tensor]) -> float | Tensor:
    """The sum of squares of all numbers in these: a number, or on a device what will be one."""
    norms = torch._foreach_norm(gradients)  # what clipping uses; one by one takes twice as long
    if all(norm.is_cpu for norm in norms):
        return sum(norm.item() ** 2 for norm in norms)
    together = torch.stack([norm.to(norms[-1].device, torch.float32) for norm in norms])
    return torch.dot(together, together)
