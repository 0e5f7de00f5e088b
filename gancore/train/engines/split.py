"""A tape in two halves: chance, which stays on the processor with its generators, and all the rest, for another device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from gancore.train.engines.plan import made, tensors
from gancore.train.engines.tape import Reseed, Step, Untaped, place

LINE = 16  # bytes: what is carried over begins at a multiple of them


def halves(steps: Sequence[Step | Reseed], state: set[int]) -> tuple[list[Step | Reseed], list[Step]]:
    """The steps that draw, with what they are drawn from, and all others, each in their order. `state`: its storages.

    Raises:
        Untaped: the first half cannot be played before the second.
    """
    wanted: set[int] = set()
    drawing: set[int] = set()
    for step in reversed(steps):
        if isinstance(step, Reseed):
            wanted.add(place(step.seed))
        elif draws(step) or wanted.intersection(map(place, made(step))):
            wanted.update(map(place, tensors(step)))
        else:
            continue
        drawing.add(id(step))
    read: set[int] = set()
    for step in steps:
        if id(step) not in drawing:
            read.update(map(place, tensors(step)))
        elif isinstance(step, Step) and not step.fresh and read.intersection(map(place, made(step))):
            raise Untaped("it draws again where it has drawn")
    if wanted & state:
        raise Untaped("what it draws depends on the state")
    return [step for step in steps if id(step) in drawing], [step for step in steps if id(step) not in drawing]


def draws(step: Step) -> bool:
    return torch.Tag.nondeterministic_seeded in step.run.tags


def carried(
    drawing: Iterable[Step | Reseed], rest: Iterable[Step], results: Iterable[Tensor]
) -> dict[int, tuple[Tensor, int]]:
    """The storages of the first half that the second or the results read: of each its bytes, and where a row has them."""
    born = {place(x) for step in drawing if isinstance(step, Step) for x in (*made(step), *tensors(step))}
    found, at = {}, 0
    for x in (*(x for step in rest for x in tensors(step)), *results):
        if place(x) in born and place(x) not in found:
            found[place(x)] = as_bytes(x), at
            at += -(-x.untyped_storage().nbytes() // LINE) * LINE
    return found


def long(carried: dict[int, tuple[Tensor, int]]) -> int:
    """How many bytes a row has."""
    return max((at + bytes_of.numel() for bytes_of, at in carried.values()), default=0)


def as_bytes(x: Tensor) -> Tensor:
    """All of a tensor's storage."""
    storage = x.untyped_storage()
    return torch.empty(0, dtype=torch.uint8, device=x.device).set_(storage, 0, (storage.nbytes(),), (1,))


class Elsewhere:
    """Tensors as they are on another device: of each storage a copy, made once, and of those carried over a place in `row`."""

    def __init__(self, device: torch.device, carried: dict[int, tuple[Tensor, int]]):
        self.device, self.copies = device, {}
        self.row = torch.zeros(long(carried), dtype=torch.uint8, device=device)
        for where, (_, at) in carried.items():
            self.copies[where] = self.row.untyped_storage(), at

    def __call__(self, x: Any) -> Any:
        """A tensor there; anything else as it is."""
        if isinstance(x, torch.device):
            return self.device
        if not isinstance(x, Tensor):
            return x
        if place(x) not in self.copies:
            self.copies[place(x)] = as_bytes(x).to(self.device, copy=True).untyped_storage(), 0
        storage, at = self.copies[place(x)]
        offset = x.storage_offset() + at // x.element_size()
        return torch.empty(0, dtype=x.dtype, device=self.device).set_(storage, offset, x.shape, x.stride())

    def step(self, step: Step) -> Step:
        args, options = tree_map(self, step.args), tree_map(self, step.options)
        return Step(step.run, args, options, tuple(map(self, step.made)), step.fresh)
