"""The engine that plays whole iterations from a tape, many in one call that holds no lock of Python's.

An iteration is taped the first time it is played under its rules, and held against the plain engine bit by bit before
it counts. Turning a knob changes a number on the tape; another choice makes a new one. All of this is done piece by piece
between iterations, which go on meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import torch
from torch import Tensor

from gancore.config import Config
from gancore.game.game import Game
from gancore.train.engines import kept
from gancore.train.engines.eager import Eager
from gancore.train.engines.kept import Kind, Making
from gancore.train.engines.loop import Ahead, Loop, fixed, kin
from gancore.train.engines.tape import Untaped, bits
from gancore.train.engines.taping import taped
from gancore.train.state import State

PATIENCE = 0.25  # seconds of plain play by the same rules before a tape is worth making: a hand may still be at them
PIECE = 0.02  # seconds at least that go to a loop to come between two iterations; else as many as an iteration took
WAYS = 4  # tapes of one game that differ in the way taken on them; more, and it is played plainly
HELD = 2  # iterations in which a new tape is held against the plain engine


class Looped(Eager):
    """Plays tapes where it can. Where it cannot, `told` says why."""

    def __init__(self, game: Game, config: Config):
        super().__init__(game, config)
        self.took = 0.0  # seconds, the latest block
        self.making: Making | None = None  # of a loop that is to come
        self._begin(config)

    def _begin(self, config: Config) -> None:
        """Nothing is known of a game by these rules."""
        self._let_go()
        self.kin, self.own = kin(config), Kind()
        self.shared: Kind | None = None
        self.small: bool | None = None  # whether the state is
        self.loops: list[Loop] = []
        self.spurned: list[Loop] = []  # loops of others that do not play this game as the plain engine does
        self.why = ""  # it is played plainly

    def _let_go(self) -> None:
        """Ends what it has begun to make, and leaves to others what they have."""
        if self.making and self.making.owner is self:
            self.making.end()
        self.making = None

    @property
    def told(self) -> str:
        return f"eager: {self.why}" if self.why else "looped" if self.loops else "eager"

    def turn(self, config: Config) -> None:
        self._let_go()  # of what was held against other rules
        loops = [loop for loop in self.loops if loop.only in (None, config)]
        if fixed(config) != fixed(self.moves.config) or len(loops) < len(self.loops):
            self._begin(config)
        super().turn(config)

    def kind(self, state: State) -> Kind:
        """What this run has in common with others like it, or has for itself."""
        if self.small is None:
            self.small = kept.small(state)
        if self.small and kept.here():
            self.shared = self.shared or kept.kind(self.kin)
            return self.shared
        return self.own

    def play(self, state: State, n: int) -> tuple[State, Tensor]:
        blocks = []
        if self.shared and not kept.here():
            self._begin(self.moves.config)  # what it has in common with others it leaves to them
        while n > 0:
            loop, ahead = self.fitting(state, n)
            start = time.thread_time()
            if loop:
                state, rows = loop.play(state, ahead)
            else:
                state, rows = super().play(state, n if self.why else 1)
            self.took = time.thread_time() - start
            if not loop:
                self.kind(state).plain += self.took
            blocks.append(rows)
            n -= len(rows)
        return state, torch.cat(blocks)

    def fitting(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        """A loop that can play at least the next iteration, and what it foresees. While there is none, one is found or made."""
        found = self.known(state, n)
        if not (found[0] or self.making or self.why):
            if self.offered(state):
                self.making = Making(self, self.found(state))
            elif len(self.loops) == WAYS:
                self.why = "its way changes too often"
            elif self.kind(state).plain >= PATIENCE:
                self.making = self.joined(state, self.made)
        return self.furthered(state, n) if self.making else found

    def joined(self, state: State, make: Callable[[State], Generator]) -> Making:
        """What others like this one have begun, or what they can join."""
        kind = self.kind(state)
        kind.making = kind.making or Making(self, make(state), kind)
        return kind.making

    def known(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        """Of the loops that there are, one that fits."""
        for loop in self.loops:
            if ahead := loop.foresee(self.moves.config, state, n):
                return loop, ahead
        return None, None

    def offered(self, state: State) -> list[Loop]:
        """Loops of other runs that may play the next iteration."""
        known = [*self.loops, *self.spurned]
        others = [loop for loop in self.kind(state).loops if loop not in known]
        return [
            loop for loop in others if loop.source == self.game.source and loop.foresee(self.moves.config, state, 1)
        ]

    def furthered(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        """Goes on making a loop, for as long as the latest iteration took: what fits now. One at a time is played meanwhile."""
        self.making.further(time.thread_time() + max(self.took, PIECE))
        if self.making.done:
            done, self.making = self.making, None
            self.why = self.why or done.why
            if done.error and done.owner is self:  # others will see for themselves
                raise done.error
        return self.known(state, 1 if self.making else n)

    def found(self, state: State) -> Generator:
        """Takes over a loop of another run that is seen to play the next iteration."""
        for loop in self.offered(state):
            if (yield from self.agrees(loop, state.fork())):
                self.loops.append(loop)
                return
            self.spurned.append(loop)

    def made(self, state: State) -> Generator:
        """Makes a loop that plays the next iteration, and sees that it does."""
        state, config, kind = state.fork(), self.moves.config, self.kind(state)
        for baked in (False, True):
            tape = taped(self.game, config, state, baked)
            yield
            loop = Loop(tape, config if baked else None, self.game.source)
            yield
            if (yield from self.agrees(loop, state)):
                self.loops.append(loop)
                kind.keep(loop)
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
