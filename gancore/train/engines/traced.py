"""The engine that runs gradients from a tape: the same operations in the same order, with no Python between them.

The tape is TorchScript, which needs no compiler and holds no lock of Python's; nothing else here knows that.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gancore.game.game import Batch
from gancore.train.engines.tape import Untaped, record
from gancore.train.moves import Moves
from gancore.train.state import State

Tape = Callable[..., tuple[Tensor, ...]]
AGAIN = 0.01  # by which weights and samples are moved for the second look at whether a tape plays what was recorded


class Traced(Moves):
    """Moves whose gradients come from tapes, made when they are first asked for: 20 to 60 ms each.

    Where a tape cannot be made the moves are the plain ones, and `why` says so in a few words.
    """

    def __init__(self, game, config):
        super().__init__(game, config)
        self.why = unsuited(game)
        self.tapes: dict[tuple, Tape] = {}

    @property
    def engine(self) -> str:
        return f"eager: {self.why}" if self.why else "traced"

    def d_gradient(self, state: State, batch: Batch, through: bool = False):
        if not through and (tape := self.tape("d", state, (state.g, state.d, batch.real, batch.z))):
            gradient, loss, outputs = tape(state.g, state.d, batch.real, batch.z)
            return self.d_told(state, gradient, loss, outputs)
        return super().d_gradient(state, batch, through)

    def g_gradient(self, state: State, batch: Batch, rival=None, through: bool = False):
        given = (state.g, state.d, batch.z) if batch.real is None else (state.g, state.d, batch.z, batch.real)
        if not (through or rival) and (tape := self.tape("g", state, given)):
            gradient, loss = tape(*given)
            return self.g_told(state, gradient, loss)
        return super().g_gradient(state, batch, rival, through)

    def gradients(self, state: State, batch: Batch):
        if tape := self.tape("both", state, (state.g, state.d, batch.real, batch.z)):
            by_d, d_loss, outputs, by_g, g_loss = tape(state.g, state.d, batch.real, batch.z)
            state, by_d, seen_d = self.d_told(state, by_d, d_loss, outputs)
            state, by_g, seen_g = self.g_told(state, by_g, g_loss)
            return state, by_d, seen_d, by_g, seen_g
        return super().gradients(state, batch)

    def tape(self, which: str, state: State, given: Sequence[Tensor]) -> Tape | None:
        """The tape of this gradient, or None where there is none and the plain way is to be taken."""
        if self.why:
            return None
        key = (which, *(tensor.shape for tensor in given))
        if key not in self.tapes:
            try:
                self.tapes[key] = taped(self.plainly(which, state), given)
            except Untaped as reason:
                self.why = str(reason)
                return None
        return self.tapes[key]

    def plainly(self, which: str, state: State) -> Tape:
        """The gradient as a function of tensors alone."""

        def d(g, d, real, z):
            return self.d_slope(g, d, state, Batch(real, z, 0))

        def g(g, d, z, real=None):
            return self.g_slope(g, d, state, Batch(real, z, 0))

        def both(g, d, real, z):
            return self.slopes(g, d, state, Batch(real, z, 0))

        return {"d": d, "g": g, "both": both}[which]


def unsuited(game) -> str:
    """Why no gradient of this game can come from a tape, or nothing."""
    if game.g.random or game.d.random:
        return "dropout draws random numbers on the way"
    if game.g.buffers or game.d.buffers:
        return "a network keeps statistics on the way"
    return ""


def taped(function: Tape, given: Sequence[Tensor]) -> Tape:
    """A tape of `function`, made with these tensors and held against it bit by bit, with these and with others.

    Raises:
        Untaped: `function` does something that a tape cannot, or goes another way with other tensors.
    """
    played = record(function, given)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # TorchScript is no longer developed, and says so every time
        try:
            script = torch.jit.trace(played, tuple(given), check_trace=False)
        except RuntimeError as error:
            raise Untaped("TorchScript does not know one of its operations") from error

    def tape(*tensors: Tensor) -> tuple[Tensor, ...]:
        # Its optimiser would take sums and products apart: other bits, and for small networks no time won.
        with torch.no_grad(), torch.jit.optimized_execution(False):
            return script(*tensors)

    others = [tensor + AGAIN * torch.linspace(-1, 1, tensor.numel()).view_as(tensor).to(tensor) for tensor in given]
    for tensors in (given, others):
        if not all(torch.equal(a, b) for a, b in zip(function(*tensors), tape(*tensors), strict=True)):
            raise Untaped("its way depends on what it is given")
    return tape
