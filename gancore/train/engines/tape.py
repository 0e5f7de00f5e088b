"""A tape of the operations that a function of tensors runs, gradients included, so that they can be run again without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

ALIASES = {torch.ops.aten.detach.default, torch.ops.aten.alias.default}  # what they return is what they were given


class Untaped(Exception):
    """This function cannot be played from a tape; the message says why, in a few words for a person."""


class Slot(NamedTuple):
    """A tensor on the tape: an input, or what a step returned."""

    index: int


@dataclass(frozen=True)
class Step:
    """One operation. `made` are the slots of the tensors that it returns, in order."""

    run: Any
    args: tuple
    options: dict
    made: tuple[int, ...]


class Recorder(TorchDispatchMode):
    """Writes down what runs below autograd. Equal operations on equal slots are one; what draws, overwrites or decides is refused."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled in here. Saying otherwise, as modes do, loads the compiler: a second and 70 MB."""
        return False

    def __init__(self, inputs: Sequence[Tensor]):
        super().__init__()
        self.kept = list(inputs)  # by slot; a tensor that nobody holds would lend its id to the next one
        self.slots = {id(tensor): Slot(at) for at, tensor in enumerate(inputs)}
        self.steps: list[Step] = []
        self.known: dict[Any, tuple[int, ...]] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise Untaped("it draws random numbers on the way")
        if torch.Tag.data_dependent_output in func.tags:
            raise Untaped("its way depends on what it is given")
        if func._schema.is_mutable:
            raise Untaped("it keeps statistics on the way")
        made = func(*args, **(kwargs or {}))
        if func in ALIASES:
            self.slots[id(made)] = self.slot(args[0])
            self.kept.append(made)
            return made
        given, options = tree_map(self.slot, args), tree_map(self.slot, kwargs or {})
        tensors = [one for one in tree_flatten(made)[0] if isinstance(one, Tensor)]
        key = (func, repr(given), repr(options))
        if key not in self.known:
            self.known[key] = tuple(self.keep(one) for one in tensors)
            self.steps.append(Step(func, given, options, self.known[key]))
        for one, index in zip(tensors, self.known[key]):
            self.kept.append(one)
            self.slots[id(one)] = Slot(index)
        return made

    def slot(self, value: Any) -> Any:
        """A tensor as its slot. One that comes from outside is a constant and gets a slot of its own."""
        if not isinstance(value, Tensor):
            return value
        if id(value) not in self.slots:
            raise Untaped("it reads tensors that are neither weights nor samples")
        return self.slots[id(value)]

    def keep(self, tensor: Tensor) -> int:
        self.kept.append(tensor)
        return len(self.kept) - 1


def record(function: Callable[..., tuple[Tensor, ...]], inputs: Sequence[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
    """`function` as it ran on these inputs, as a function that only runs its operations.

    The result equals `function` bit for bit as long as that takes the same way through its Python.

    Raises:
        Untaped: it draws, overwrites, or reads what it was not given.
    """
    recorder = Recorder(inputs)
    with recorder:
        returned = function(*inputs)
    results = tuple(recorder.slot(tensor).index for tensor in returned)
    steps = needed(recorder.steps, results)

    def play(*given: Tensor) -> tuple[Tensor, ...]:
        values = dict(enumerate(given))

        def value(x: Any) -> Any:
            return values[x.index] if isinstance(x, Slot) else x

        def leaf(x: Any) -> bool:
            return isinstance(x, Slot)

        for step in steps:
            made = step.run(*tree_map(value, step.args, is_leaf=leaf), **tree_map(value, step.options, is_leaf=leaf))
            values.update(zip(step.made, made if isinstance(made, (tuple, list)) else (made,)))
        return tuple(values[index] for index in results)

    return play


def needed(steps: Sequence[Step], results: Sequence[int]) -> list[Step]:
    """The steps on which the results depend, in their order."""
    wanted, kept = set(results), []
    for step in reversed(steps):
        if wanted.intersection(step.made):
            kept.append(step)
            wanted.update(
                x.index
                for x in tree_flatten((step.args, step.options), is_leaf=lambda x: isinstance(x, Slot))[0]
                if isinstance(x, Slot)
            )
    return kept[::-1]
