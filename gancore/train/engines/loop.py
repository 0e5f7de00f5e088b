"""A tape that can be played: one iteration as a loop in TorchScript, and what it foresees of the next ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from gancore.catalog import knobs
from gancore.config import ROLES, Config
from gancore.train.engines.plan import Call, call
from gancore.train.engines.scripted import Script, as_function
from gancore.train.engines.tape import Reseed
from gancore.train.engines.taping import Taped, leaves_of
from gancore.train.state import COUNTS, State

SIGHTS = 64  # configs whose formulas a loop keeps in mind: a hand at a slider makes a new one with every move


class Ahead:
    """What a loop foresees: the numbers of the next iterations, and the counts after them."""

    def __init__(self, numbers: list[list[float]], counts: dict[str, int]):
        self.numbers, self.counts = numbers, counts

    def __bool__(self) -> bool:
        return bool(self.numbers)


class Sight(NamedTuple):
    """What a tape foresees under one config: its formulas, and the leaves that the config gives them."""

    config: Config
    formulas: Callable[..., tuple]
    leaves: dict[str, float]


class Loop:
    """A tape that can be played."""

    tried = False  # whether it is known what compiled kernels make of it

    def __init__(self, tape: Taped, only: Config | None, source=None):
        """`only` is the one config that the tape holds for, if its numbers are fixed; `source` what its samples are of."""
        self.tape, self.only, self.source = tape, only, source
        self.script = self.build()
        self.run = as_function(self.script)
        self.names = {id(stream): name for name, stream in tape.streams.items()}
        self.sights: dict[int, Sight] = {}  # of each config that it is played for, by its identity
        self.faster: Loop | None = None  # one that plays the same in less time

    def build(self) -> Script:
        """An iteration as a script."""
        script = Script(self.tape.numbers)
        for step in self.calls():
            script.write(step)
        script.tell(self.tape.seen)
        for name, made in self.tape.outputs.items():
            script.copy(self.tape.inputs[name], made)
        return script

    def calls(self) -> list[Call | Reseed]:
        """What is played, in its order."""
        return [step if isinstance(step, Reseed) else call(step) for step in self.tape.steps]

    def foresee(self, config: Config, state: State, n: int) -> Ahead | None:
        """The numbers of up to `n` iterations, as far as they go the way of the tape; None if it does not fit at all."""
        if self.only not in (None, config) or (state is not self.tape.latest and not self.fits(state)):
            return None
        sight = self.sight(config)
        return self.from_leaves(sight, self.leaves(sight, state), n)

    def sight(self, config: Config) -> Sight:
        """What the tape foresees under a config."""
        if id(config) not in self.sights:
            if len(self.sights) == SIGHTS:
                self.sights.clear()
            self.sights[id(config)] = Sight(config, self.tape.foresight(config), leaves_of(config))
        return self.sights[id(config)]

    def from_leaves(self, sight: Sight, leaves: list[float], n: int) -> Ahead:
        """What comes of up to `n` iterations that begin with these, which are changed on the way."""
        ways = tuple(self.tape.book.ways.values())
        at = self.tape.leaves.index
        following = [at(name) for name in self.tape.following]
        w, m, numbers = len(ways), len(self.tape.numbers), []
        for _ in range(n):
            seen = sight.formulas(*leaves)
            if seen[:w] != ways:
                break
            numbers.append(list(seen[w : w + m]))
            for where, value in zip(following, seen[w + m :]):
                leaves[where] = value
        return Ahead(numbers, {name: int(leaves[at(name)]) for name in COUNTS})

    def fits(self, state: State) -> bool:
        parts, own = state.parts(), self.tape.inputs
        return parts.keys() == own.keys() and all(
            x.shape == own[name].shape and x.dtype is own[name].dtype for name, x in parts.items()
        )

    def leaves(self, sight: Sight, state: State) -> list[float]:
        known = sight.leaves | {name: getattr(state, name) for name in COUNTS}
        known |= {leaf: state.parts()[name].item() for leaf, name in self.tape.counters.items()}
        return [known[name] for name in self.tape.leaves]

    def play(self, state: State, ahead: Ahead) -> tuple[State, Tensor]:
        """Goes on for as many iterations as were foreseen."""
        goes_on, self.tape.latest = state is self.tape.latest, None  # it is nobody's until all is done
        if not goes_on:
            for name, x in state.parts().items():
                self.tape.inputs[name].copy_(x)
        n = len(ahead.numbers)
        rows = self.tape.seen.new_empty(n, len(self.tape.seen))
        streams = [state.streams[self.names[id(g)]] if id(g) in self.names else g for g in self.script.generators]
        self.run(streams, ahead.numbers, rows, n)
        parts = {name: x.clone() for name, x in self.tape.inputs.items()}
        self.tape.latest = state.of_parts(parts, **ahead.counts)
        return self.tape.latest, rows


def fixed(config: Config) -> dict:
    """All that a tape holds for: every setting but the numbers that can be turned."""
    settings = config.flat()
    free = {k.name for k in knobs(config) if k.live and k.kind == "float"}
    for role in ROLES:
        free |= {f"{role}.{k.name}" for k in knobs(getattr(config, role)) if k.live and k.kind == "float"}
    return {
        address: value
        for address, value in settings.items()
        if address not in free or address.startswith(("data", "noise"))
    }


def kin(config: Config) -> str:
    """Equal for games that a tape of one plays as well: that differ in their seeds, or in numbers that can be turned."""
    return repr({address: value for address, value in fixed(config).items() if address != "seed"})
