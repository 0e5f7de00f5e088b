"""What of a tape has to run, and where each result goes: fixed memory, made once, so that playing allocates nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from gancore.train.engines.numbers import Number, plain
from gancore.train.engines.tape import Reseed, Step, place

POOLED = 1 << 15  # bytes: smaller tensors each have memory of their own
CREATION = (
    "dtype",
    "layout",
    "device",
    "pin_memory",
    "memory_format",
)  # what an operation needs to know of a new tensor


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


def tensors(step: Step | Reseed | Call) -> list[Tensor]:
    """The tensors that a step is given."""
    if isinstance(step, Reseed):
        return [step.seed]
    return [x for x in tree_leaves((step.args, step.options)) if isinstance(x, Tensor)]


def made(step: Step | Reseed) -> list[Tensor]:
    """The tensors that a step returned."""
    return [] if isinstance(step, Reseed) else [x for x in step.made if x is not None]


def pooled(steps: Sequence[Step | Reseed], results: Sequence[Tensor], fixed: Iterable[Tensor]):
    """The same steps and results, in which large tensors share memory where one is done with before the other begins."""
    own = {place(tensor) for tensor in fixed}
    born, died, sizes = {}, {}, {}
    for at, step in enumerate(steps):
        for x in made(step):
            born.setdefault(place(x), at)
            sizes[place(x)] = x.untyped_storage().nbytes()
        for x in (*tensors(step), *made(step)):
            died[place(x)] = at
    for x in results:
        died[place(x)] = len(steps)
    ends = defaultdict(list)
    for where, at in died.items():
        ends[at].append(where)
    free, given = defaultdict(list), {}
    for at in range(len(steps)):
        for where in (w for w, start in born.items() if start == at and w not in own and sizes[w] >= POOLED):
            spare = free[sizes[where]]
            given[where] = spare.pop() if spare else torch.UntypedStorage(sizes[where])
        for where in ends[at]:
            if where in given:
                free[sizes[where]].append(given[where])

    def moved(x: Any) -> Any:
        if isinstance(x, Tensor) and place(x) in given:
            return x.new_empty(0).set_(given[place(x)], x.storage_offset(), x.shape, x.stride())
        return x

    def rewritten(step):
        if isinstance(step, Reseed):
            return replace(step, seed=moved(step.seed))
        args, options = tree_map(moved, step.args), tree_map(moved, step.options)
        return replace(step, args=args, options=options, made=tuple(moved(x) for x in step.made))

    return [rewritten(step) for step in steps], [moved(x) for x in results]


def call(step: Step) -> Call:
    """How a step is played."""
    into = out_variant(step.run) if step.fresh and None not in step.made else None
    if into is None:
        return Call(step.run, *_with_tensors(step.run, step), step.made if step.fresh else (), ())
    run, names = into
    args, options = _with_tensors(step.run, step)
    accepted = {argument.name for argument in run._schema.arguments}
    options = {
        name: value
        for name, value in options.items()
        if (name in accepted and value is not None) or name == "generator"
    }
    return Call(run, args, options, step.made, names)


def _with_tensors(run, step: Step) -> tuple[tuple, dict]:
    """The arguments, in which numbers that stand where a tensor is expected have become tensors of one number."""
    dtype = next((x.dtype for x in (*made(step), *tensors(step)) if x.is_floating_point()), None)
    args = list(step.args)
    for at, argument in enumerate(run._schema.arguments[: len(args)]):
        if str(argument.type) == "Tensor" and isinstance(args[at], (int, float)):
            args[at] = Filled.of(args[at], dtype)
    return tuple(args), step.options


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
