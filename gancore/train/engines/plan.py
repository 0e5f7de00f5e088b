"""What of a tape has to run, and where each result goes: fixed memory, made once, so that playing allocates nothing."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from gancore.train.engines.numbers import Number, plain
from gancore.train.engines.tape import Reseed, Step, aten, place

LINE = 64  # bytes: where a tensor may begin in memory that others share
POOLED = 1 << 15  # bytes: smaller tensors each have memory of their own
CREATION = ("dtype", "layout", "device", "pin_memory", "memory_format")  # what an operation needs of a new tensor


@dataclass(frozen=True, eq=False)
class Call:
    """A step as it is played: `run` writes into `outs`, or what it returns is copied there if it can only return."""

    run: Any  # an overload
    args: tuple
    options: dict
    outs: tuple[Tensor | None, ...]
    into: tuple[str, ...]  # names of the arguments that take the outs; none: it returns, or writes where it reads


def needed(steps: Sequence[Step | Reseed], results: Iterable[Tensor]) -> list[Step | Reseed]:
    """The steps on which the results depend, in their order, and all that draw: a stream has to go on."""
    wanted, kept = {place(tensor) for tensor in results}, []
    for step in reversed(steps):
        if isinstance(step, Reseed):
            wanted.add(place(step.seed))
            kept.append(step)
            continue
        touched = made(step) if step.fresh else (*made(step), *tensors(step))
        if torch.Tag.nondeterministic_seeded in step.run.tags or any(place(x) in wanted for x in touched):
            wanted.update(place(x) for x in tensors(step))
            kept.append(step)
    return kept[::-1]


def tensors(step: Step | Reseed | None) -> list[Tensor]:
    """The tensors that a step is given."""
    if step is None:
        return []
    if isinstance(step, Reseed):
        return [step.seed]
    return [x for x in tree_leaves((step.args, step.options)) if isinstance(x, Tensor)]


def made(step: Step | Reseed | None) -> list[Tensor]:
    """The tensors that a step returned."""
    return [] if step is None or isinstance(step, Reseed) else [x for x in step.made if x is not None]


class Places:
    """Where each storage of a tape comes to lie: alone, in a part of another, or in memory that others use in turn."""

    def __init__(
        self, steps: Sequence[Step | Reseed], inputs: dict[str, Tensor], outputs: dict[str, Tensor], seen: Tensor
    ):
        self.steps, self.inputs, self.outputs, self.seen = list(steps), inputs, outputs, seen
        self.within: dict[int, tuple[Tensor, int]] = {}  # of a storage, in whose it lies and at which byte
        self.born: dict[int, int] = {}
        self.read: dict[int, list[int]] = defaultdict(list)
        for at, step in enumerate(self.steps):
            for x in tensors(step):
                self.read[place(x)].append(at)
            for x in made(step):
                self.born.setdefault(place(x), at)
        self._join()
        self._return()
        self._over()
        self.blocks = self._shared()

    def _join(self) -> None:
        """What is only made to be put one after another is made there."""
        results = {place(x) for x in self.outputs.values()}
        for at, step in enumerate(self.steps):
            if isinstance(step, Reseed) or step.run is not aten.cat.default or any(step.args[1:]):
                continue
            parts, whole = step.args[0], step.made[0]
            places = [place(x) for x in parts]
            alone = all(
                fills(x) and x.dtype is whole.dtype and p in self.born and p not in self.within
                for x, p in zip(parts, places)
            )
            if alone and len(set(places)) == len(places) and not results.intersection(places):
                offset = 0
                for x, where in zip(parts, places):
                    self.within[where] = whole, offset
                    offset += x.untyped_storage().nbytes()
                self.steps[at] = None

    def _return(self) -> None:
        """What becomes the next iteration's input is written over this one's, if nobody reads that any more."""
        for name, x in self.outputs.items():
            old = self.inputs[name]
            at, where = self.born.get(place(x)), place(x)
            if at is None or where in self.within or not (fills(x) and x.stride() == old.stride()):
                continue
            step, last = self.steps[at], max(self.read[place(old)], default=-1)
            if step is None or last > at:
                continue
            copies = step.run is aten.clone.default
            alike = all(reads_alike(y, old) for y in tensors(step) if place(y) == place(old))
            if last < at or (alike and (copies or torch.Tag.pointwise in step.run.tags)):
                self.within[where] = old, 0
                if copies and last == at:
                    self.steps[at] = None

    def _over(self) -> None:
        """What is worked out number by number is written over what it is worked out from, if nobody reads that any more."""
        kept = {place(x) for x in (*self.inputs.values(), *self.outputs.values(), self.seen)}
        kept |= {*self.within, *(place(whole) for whole, _ in self.within.values())}
        for at, step in enumerate(self.steps):
            if not (isinstance(step, Step) and step.fresh and torch.Tag.pointwise in step.run.tags):
                continue
            (new,) = step.made
            if new is None or place(new) in self.within or not dense(new):
                continue
            for old in tensors(step):
                where = place(old)
                dies = where in self.born and where not in kept and max(self.read[where]) == at
                alone = all(reads_alike(x, old) for x in tensors(step) if place(x) == where)
                if dies and alone and dense(old) and reads_alike(new, old) and new.dtype is old.dtype:
                    self.within[place(new)] = old, 0
                    break

    def _shared(self) -> dict[int, tuple[torch.UntypedStorage, int]]:
        """Of large tensors, the memory that they all share, and at which byte of it each lies."""
        own, results = {place(x) for x in self.inputs.values()}, [*self.outputs.values(), self.seen]
        born, died, sizes = {}, {}, {}
        for at, step in enumerate(self.steps):
            for x in made(step):
                root = self.root(x)
                born.setdefault(place(root), at)
                sizes[place(root)] = root.untyped_storage().nbytes()
            for x in (*tensors(step), *made(step)):
                died[place(self.root(x))] = at
        died |= {place(self.root(x)): len(self.steps) for x in results}
        pooled = [where for where in born if where not in own and sizes[where] >= POOLED]
        at, length = packed([(born[where], died[where], sizes[where]) for where in pooled])
        arena = torch.UntypedStorage(length)
        return {where: (arena, offset) for where, offset in zip(pooled, at)}

    def root(self, x: Tensor) -> Tensor:
        """The tensor in whose storage this one comes to lie."""
        while place(x) in self.within:
            x = self.within[place(x)][0]
        return x

    def moved(self, x: Any) -> Any:
        """A tensor where it comes to lie; anything else as it is."""
        if not isinstance(x, Tensor):
            return x
        at, here = x.storage_offset(), x
        while place(here) in self.within:
            here, offset = self.within[place(here)]
            at += offset // x.element_size()
        storage, offset = self.blocks.get(place(here), (here.untyped_storage(), 0))
        return x.new_empty(0).set_(storage, at + offset // x.element_size(), x.shape, x.stride())

    def settled(self) -> tuple[list[Step | Reseed], dict[str, Tensor], Tensor]:
        """The steps that are left, the outputs and the scalars, where they come to lie."""
        steps = []
        for step in self.steps:
            if isinstance(step, Reseed):
                steps.append(replace(step, seed=self.moved(step.seed)))
            elif step is not None:
                args, options = tree_map(self.moved, step.args), tree_map(self.moved, step.options)
                steps.append(replace(step, args=args, options=options, made=tuple(self.moved(x) for x in step.made)))
        return steps, {name: self.moved(x) for name, x in self.outputs.items()}, self.moved(self.seen)


def packed(lives: Sequence[tuple[int, int, int]]) -> tuple[list[int], int]:
    """Where each lies, and how long the whole is, if of (first step, last step, bytes) none may lie in another's place in its time.

    The longest first, each at the first gap that it fits into (Pisarchyk & Lee 2020, greedy by size).
    """
    offsets, length = [0] * len(lives), 0
    placed: list[
        tuple[int, int, int, int]
    ] = []  # of each its first byte, the one after its last, its first and last step
    for which in sorted(range(len(lives)), key=lambda i: -lives[i][2]):
        first, last, size = lives[which]
        at = 0
        for begins, ends, since, until in placed:
            if since <= last and first <= until:
                if begins - at >= size:
                    break
                at = max(at, ends)
        end = at + -(-size // LINE) * LINE
        insort(placed, (at, end, first, last))
        offsets[which], length = at, max(length, end)
    return offsets, length


def fills(x: Tensor) -> bool:
    """Whether a tensor is the whole of its storage, in order."""
    return x.is_contiguous() and dense(x)


def dense(x: Tensor) -> bool:
    """Whether a tensor is the whole of its storage, row by row or with its channels last."""
    return (
        (x.is_contiguous() or channels_last(x))
        and x.storage_offset() == 0
        and x.untyped_storage().nbytes() == x.numel() * x.element_size()
    )


def channels_last(x: Tensor) -> bool:
    """Whether pictures lie in order, the numbers of all channels at one place side by side."""
    return x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)


def reads_alike(x: Tensor, y: Tensor) -> bool:
    """Whether both name the same numbers in the same order."""
    return x.shape == y.shape and x.stride() == y.stride() and x.storage_offset() == y.storage_offset()


def call(step: Step) -> Call:
    """How a step is played."""
    into = out_variant(step.run) if step.fresh and None not in step.made else None
    if into is None:
        return Call(step.run, _with_tensors(step.run, step), step.options, step.made if step.fresh else (), ())
    run, names = into
    accepted = {argument.name for argument in run._schema.arguments}
    options = {
        name: value
        for name, value in step.options.items()
        if (name in accepted and value is not None) or name == "generator"
    }
    return Call(run, _with_tensors(run, step), options, step.made, names)


def perform(call: Call) -> None:
    """Plays it as PyTorch does, below autograd."""
    made = call.run(*call.args, **call.options, **dict(zip(call.into, call.outs)))
    if not call.into and call.outs:
        for out, x in zip(call.outs, made if isinstance(made, (tuple, list)) else (made,)):
            if out is not None:
                out.copy_(x)


def _with_tensors(run, step: Step) -> tuple:
    """The arguments, in which numbers that stand where a tensor is expected have become tensors of one number."""
    dtype = next((x.dtype for x in (*made(step), *tensors(step)) if x.is_floating_point()), None)
    args = list(step.args)
    for at, argument in enumerate(run._schema.arguments[: len(args)]):
        if str(argument.type) == "Tensor" and isinstance(args[at], (int, float)):
            args[at] = Filled.of(args[at], dtype)
    return tuple(args)


@dataclass(frozen=True, eq=False)
class Filled:
    """A tensor of one number that stands where an operation expects a tensor."""

    tensor: Tensor
    number: Number | None  # which, if it changes

    @classmethod
    def of(cls, value: float, dtype: torch.dtype | None) -> Filled:
        changes = isinstance(value, Number)
        return cls(torch.tensor(plain(value), dtype=dtype), value if changes else None)


@cache
def out_variant(run) -> tuple[Any, tuple[str, ...]] | None:
    """The overload that writes into given tensors instead of returning new ones, and what it calls them."""
    wanted = [(a.name, str(a.type)) for a in run._schema.arguments if a.name not in CREATION]
    for name in run.overloadpacket.overloads():
        other = getattr(run.overloadpacket, name)
        outs = [a for a in other._schema.arguments if a.is_out]
        rest = [(a.name, str(a.type)) for a in other._schema.arguments if not a.is_out and a.name not in CREATION]
        if len(outs) == len(run._schema.returns) > 0 and rest == wanted and all(str(a.type) == "Tensor" for a in outs):
            return other, tuple(a.name for a in outs)
    return None
