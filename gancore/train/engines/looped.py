"""The engine that plays whole iterations from a tape, many in one call that holds no lock of Python's.

An iteration is taped the first time it is played under its rules, and held against the plain engine bit by bit before
it counts. Turning a knob changes a number on the tape; another choice makes a new one. All of this is done piece by piece
between iterations, which go on meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Generator

import torch
from torch import Tensor

from gancore.catalog import knobs
from gancore.config import ROLES, Config
from gancore.game.game import Game
from gancore.train.engines.eager import Eager
from gancore.train.engines.plan import Call, call
from gancore.train.engines.scripted import Script, as_function
from gancore.train.engines.tape import Reseed, Untaped, bits
from gancore.train.engines.taping import Taped, Unsettled, leaves_of, taped
from gancore.train.state import COUNTS, State

PATIENCE = 0.25  # seconds of plain play by the same rules before a tape is worth making: a hand may still be at them
PIECE = 0.02  # seconds at least that go to a loop to come between two iterations; else as many as an iteration took
WAYS = 4  # tapes of one game that differ in the way taken on them; more, and it is played plainly
HELD = 2  # iterations in which a new tape is held against the plain engine


class Looped(Eager):
    """Plays tapes where it can. Where it cannot, `told` says why."""

    def __init__(self, game: Game, config: Config):
        super().__init__(game, config)
        self.loops: list[Loop] = []
        self.making: Generator | None = None  # what is left to do for a loop that is to come
        self.plain, self.why = 0.0, ""  # for how many seconds it was played plainly, and why it is
        self.took = 0.0  # seconds, the latest block

    @property
    def told(self) -> str:
        return f"eager: {self.why}" if self.why else "looped" if self.loops else "eager"

    def turn(self, config: Config) -> None:
        loops = [loop for loop in self.loops if loop.only in (None, config)]
        if fixed(config) != fixed(self.moves.config) or len(loops) < len(self.loops):
            self.loops, self.plain, self.why = [], 0.0, ""
        self.making = None  # it was held against other rules
        super().turn(config)

    def play(self, state: State, n: int) -> tuple[State, Tensor]:
        blocks = []
        while n > 0:
            loop, ahead = self.fitting(state, n) if self.plain >= PATIENCE else (None, None)
            start = time.thread_time()
            if loop:
                state, rows = loop.play(state, ahead)
            else:
                state, rows = super().play(state, n if self.why else 1)
            self.took = time.thread_time() - start
            self.plain += 0.0 if loop else self.took
            blocks.append(rows)
            n -= len(rows)
        return state, torch.cat(blocks)

    def fitting(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        """A loop that can play at least the next iteration, and what it foresees. While there is none, one is made."""
        found = self.known(state, n)
        if not (found[0] or self.making or self.why):
            self.making = self.made(state)
        return self.furthered(state, n) if self.making else found

    def known(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        """Of the loops that there are, one that fits."""
        for loop in self.loops:
            if ahead := loop.foresee(self.moves.config, state, n):
                return loop, ahead
        return None, None

    def furthered(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        """Goes on making a loop, for as long as the latest iteration took: what fits now. One at a time is played meanwhile."""
        until = time.thread_time() + max(self.took, PIECE)
        try:
            while time.thread_time() < until:
                next(self.making)
        except (StopIteration, Unsettled):
            self.making = None
        except Untaped as reason:
            self.making, self.why = None, str(reason)
        return self.known(state, 1 if self.making else n)

    def made(self, state: State) -> Generator:
        """Makes a loop that plays the next iteration, and sees that it does."""
        if len(self.loops) == WAYS:
            raise Untaped("its way changes too often")
        state, config = state.fork(), self.moves.config
        for baked in (False, True):
            tape = taped(self.game, config, state, baked)
            yield
            loop = Loop(tape, config if baked else None)
            yield
            if (yield from self.agrees(loop, state)):
                self.loops.append(loop)
                return
        raise Untaped("its way depends on what it is given")

    def agrees(self, loop: Loop, state: State) -> Generator[None, None, bool]:
        """Whether the loop plays the next iterations as the plain engine does."""
        one, other = state.fork(), state.fork()
        for held in range(HELD):
            ahead = loop.foresee(self.moves.config, other, 1)
            if not ahead:
                return held > 0  # another loop's turn
            one, rows = Eager.play(self, one, 1)
            yield
            other, again = loop.play(other, ahead)
            pairs = [(rows, again), *((x, other.tensors()[name]) for name, x in one.tensors().items())]
            if not all(x.dtype is y.dtype and torch.equal(bits(x), bits(y)) for x, y in pairs):
                return False
            yield
        return True


def at_once(pieces: Generator):
    """What comes of it if all pieces are done now."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value


class Ahead:
    """What a loop foresees: the numbers of the next iterations, and the counts after them."""

    def __init__(self, numbers: list[list[float]], counts: dict[str, int]):
        self.numbers, self.counts = numbers, counts

    def __bool__(self) -> bool:
        return bool(self.numbers)


class Loop:
    """A tape that can be played."""

    tried = False  # whether it is known what compiled kernels make of it

    def __init__(self, tape: Taped, only: Config | None):
        """`only` is the one config that the tape holds for, if its numbers are fixed."""
        self.tape, self.only = tape, only
        self.script = self.build()
        self.run = as_function(self.script)
        self.names = {id(stream): name for name, stream in tape.streams.items()}
        self.foresight: tuple | None = None

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
        if self.foresight is None or self.foresight[0] is not config:
            self.foresight = config, self.tape.foresight(config), leaves_of(config)
        return self.from_leaves(self.leaves(state), n)

    def from_leaves(self, leaves: list[float], n: int) -> Ahead:
        """What comes of up to `n` iterations that begin with these, which are changed on the way."""
        foresight, ways = self.foresight[1], tuple(self.tape.book.ways.values())
        at = self.tape.leaves.index
        following = [at(name) for name in self.tape.following]
        w, m, numbers = len(ways), len(self.tape.numbers), []
        for _ in range(n):
            seen = foresight(*leaves)
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

    def leaves(self, state: State) -> list[float]:
        known = self.foresight[2] | {name: getattr(state, name) for name in COUNTS}
        known |= {leaf: state.parts()[name].item() for leaf, name in self.tape.counters.items()}
        return [known[name] for name in self.tape.leaves]

    def play(self, state: State, ahead: Ahead) -> tuple[State, Tensor]:
        """Goes on for as many iterations as were foreseen."""
        if state is not self.tape.latest:
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
