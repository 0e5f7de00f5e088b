"""The looped engine with compiled kernels, once there are some: they are swapped in between two iterations, with the same bits."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial
from itertools import groupby

import torch
from torch import Tensor

from gancore.config import Config
from gancore.train.engines.compiling import kernels
from gancore.train.engines.draws import drawn
from gancore.train.engines.hands import Hands, ladder
from gancore.train.engines.loop import Ahead, Loop
from gancore.train.engines.looped import Looped
from gancore.train.engines.plan import Call
from gancore.train.engines.proving import chance, shareable, written
from gancore.train.engines.stretches import Shared, Stretch, as_tensor, fused
from gancore.train.engines.tape import Reseed
from gancore.train.engines.taping import Taped
from gancore.train.state import State


class Compiled(Looped):
    """Plays stretches where it can, and plain loops where a stretch is not seen to play alike."""

    @property
    def told(self) -> str:
        if self.why or not self.loops:
            return super().told
        if isinstance(loop := self.loops[-1], StretchedLoop):
            threads = loop.hands.threads
            return (
                f"compiled × {threads}: {threads} threads, while nobody else wants the cores"
                if threads > 1
                else "compiled"
            )
        return f"looped: {kernels.why}" if kernels.why else "looped"

    def fitting(self, state: State, n: int) -> tuple[Loop | None, Ahead | None]:
        loop, ahead = super().fitting(state, n)
        if loop and loop.faster:
            self.loops[self.loops.index(loop)] = loop.faster
            return self.known(state, n)
        if loop is None or loop.tried or self.making or torch.get_num_threads() > 1 or not kernels.ready():
            return loop, ahead
        self.making = self.joined(state, partial(self.compiled, loop))
        return self.furthered(state, n)

    def compiled(self, loop: Loop, state: State) -> Generator:
        """Puts one with kernels in the place of a loop, if it is seen to play alike."""
        state, kind = state.fork(), self.kind(state)
        for call in loop.calls():
            written(call) or drawn(call) or shareable(call)  # all keep in mind what they find
            yield
        chance.cache_clear()  # two megabytes
        faster = StretchedLoop(loop.tape, loop.only, loop.source)
        faster.hands.settle(len(faster.hands.rungs) - 1)
        yield
        alike = yield from self.agrees(faster, state)
        faster.hands.settle(0)
        loop.tried = True
        if alike:
            loop.faster = faster  # which takes its place in the next turn of whoever else plays it
            self.loops = [faster if one is loop else one for one in self.loops]
            kind.keep(faster, before=loop)


class StretchedLoop(Loop):
    """A loop with as many of its calls as can be in stretches, played by as many threads as are of use."""

    tried = True

    def __init__(self, tape: Taped, only: Config | None, source=None):
        self.hands = Hands(ladder())
        super().__init__(tape, only, source)

    def calls(self) -> list[Call | Reseed | Stretch | Shared]:
        return stretched(super().calls())

    def play(self, state: State, ahead: Ahead) -> tuple[State, Tensor]:
        with self.hands.playing(len(ahead.numbers)):
            return super().play(state, ahead)


def stretched(calls: Iterable[Call | Reseed]) -> list[Call | Reseed | Stretch | Shared]:
    """The same calls, with as many as can be in stretches; of the others, kernels may draw and threads may share long ones."""
    played: list[Call | Reseed | Stretch | Shared] = []
    for native, run in groupby(((call, written(call)) for call in calls), key=lambda pair: pair[1] is not None):
        if native:
            together, programs = zip(*run)
            played.append(Stretch(as_tensor(fused(programs)), together))
        else:
            played += [drawn(call) or (Shared(call) if shareable(call) else call) for call, _ in run]
    return played
