"""One iteration of a game on a tape: which numbers it goes by, which tensors it reads and leaves, and what it runs."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from gancore.catalog import knobs
from gancore.config import ROLES, Config
from gancore.game.game import Game
from gancore.train.engines import numbers
from gancore.train.engines.numbers import Book, Number
from gancore.train.engines.plan import Places, needed, tensors
from gancore.train.engines.tape import Recorder, Reseed, Step, Untaped, place
from gancore.train.moves import Moves
from gancore.train.schedules import Constant
from gancore.train.state import COUNTS, State

BUILT = ("data", "noise", "g", "d")  # roles whose knobs are in the networks and samples by now
RULES = tuple(role for role in ROLES if role not in BUILT)  # whose knobs every iteration goes by
MOST = 512 * 2**20  # bytes that a tape may keep


@dataclass(eq=False)
class Taped:
    """An iteration as it is played again. Tensors are where the tape has them; whoever plays puts the state there first."""

    steps: list[Step | Reseed]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    seen: Tensor
    streams: dict[str, torch.Generator]
    book: Book
    counters: dict[str, str]  # leaves that are read from a tensor of one number, with its name
    following: dict[str, str]  # of each number that changes with every iteration, the formula of the next one
    numbers: list[Number]  # those that operations are given
    latest: State | None = None  # the state that it was left with: who goes on from there need not put it there

    def foresight(self, config: Config) -> Callable[..., tuple]:
        """A function of the leaves, by `leaves`: the ways as they would be taken, the numbers, the next leaves."""
        formulas = [*self.book.ways, *(n.formula for n in self.numbers), *self.following.values()]
        return numbers.function(formulas, self.leaves, {"rate": config.schedule.factor})

    def changing(self, config: Config) -> set[str]:
        """The formulas of its numbers that can come out otherwise in the next iteration, under any rates and knobs."""
        still = isinstance(config.schedule, Constant)

        def moves(node: ast.AST) -> bool:
            if still and isinstance(node, ast.Call) and getattr(node.func, "id", "") == "rate":
                return False
            if isinstance(node, ast.Name):
                return node.id in self.following
            return any(moves(child) for child in ast.iter_child_nodes(node))

        return {n.formula for n in self.numbers if moves(ast.parse(n.formula, mode="eval"))}

    @property
    def leaves(self) -> list[str]:
        return list(self.book.leaves)


def taped(game: Game, config: Config, state: State, baked: bool, lean: bool = True) -> Taped:
    """Plays an iteration from `state`, whose generators do not go on, and writes it down.

    Knobs are taken down as names, so that they can be turned, or `baked`: as the numbers that they are now. A `lean` tape
    takes as little memory as it can; else every tensor has its own.

    Raises:
        Untaped: something that the iteration does cannot be played from a tape.
    """
    book, own = Book(), state.fork()
    inputs = {name: tensor.detach().clone() for name, tensor in state.parts().items()}
    recorder = Recorder(list(inputs.values()), list(own.streams.values()), book)
    rules = named(config, book, baked)
    counts = {name: book.leaf(name, getattr(state, name)) for name in COUNTS}
    counters = {identifier(name): name for name, x in inputs.items() if x.dim() == 0 and x.dtype is torch.float64}
    for leaf, name in counters.items():
        recorder.count(inputs[name], book.leaf(leaf, inputs[name].item()))
    playing = copy.copy(game)
    playing.set_rules(rules)
    with recorder:
        after, seen = Moves(playing, rules).play(own.of_parts(inputs, **counts))
    outputs = after.parts()
    if {n: (x.shape, x.dtype) for n, x in outputs.items()} != {n: (x.shape, x.dtype) for n, x in inputs.items()}:
        raise Unsettled
    following = {name: numbers.text(getattr(after, name)) for name in COUNTS}
    for leaf, name in counters.items():
        following[leaf] = numbers.text(
            recorder.counted.get(place(outputs[name]), recorder.counted[place(inputs[name])])
        )
    outputs, seen = {name: recorder.held(x) for name, x in outputs.items()}, recorder.held(seen)
    steps = needed(recorder.steps, [*outputs.values(), seen])
    if lean:
        steps, outputs, seen = Places(steps, inputs, outputs, seen).settled()
    if sum({place(x): x.untyped_storage().nbytes() for step in steps for x in tensors(step)}.values()) > MOST:
        raise Untaped("its tensors would take too much memory")
    return Taped(steps, inputs, outputs, seen, own.streams, book, counters, following, asked(steps))


class Unsettled(Exception):
    """The rules do not yet keep in mind what they will: the next iteration can be taped."""


def named(config: Config, book: Book, baked: bool) -> Config:
    """The same rules, in which every knob that can be turned is a number with a name."""

    def of(choice, prefix: str):
        made = copy.copy(choice)
        for k in knobs(choice):
            value = getattr(choice, k.name)
            if k.live and type(value) is float and not baked:
                object.__setattr__(made, k.name, book.leaf(prefix + k.name, value))
        return made

    rules = of(config, "")
    for role in RULES:
        object.__setattr__(rules, role, of(getattr(config, role), role + "_"))
    object.__setattr__(rules, "schedule", _Schedule(config, book))
    return rules


class _Schedule:
    """The schedule as one opaque number for each count of updates."""

    def __init__(self, config: Config, book: Book):
        self.factor = lambda updates: book.called("rate", config.schedule.factor, updates)


def leaves_of(config: Config) -> dict[str, float]:
    """The knobs of `named`, under their names."""
    found = {k.name: getattr(config, k.name) for k in knobs(config)}
    for role in RULES:
        choice = getattr(config, role)
        found |= {f"{role}_{k.name}": getattr(choice, k.name) for k in knobs(choice)}
    return found


def identifier(name: str) -> str:
    """The name of a tensor as that of a number."""
    return "".join(c if c.isalnum() else "_" for c in name)


def asked(steps) -> list[Number]:
    """The numbers that steps are given, each once."""
    found = {}
    for step in steps:
        if isinstance(step, Step):
            for x in tree_leaves((step.args, step.options)):
                if isinstance(x, Number):
                    found.setdefault(x.formula, x)
    return list(found.values())
