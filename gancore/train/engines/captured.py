"""The engine for CUDA, which goes by graphs: see `graph.py`.

It plays from the first iteration on, so that a run has one arithmetic. A seed draws the same samples and noise as on the
processor, but sums are rounded otherwise there: figures agree, bits do not.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor

from gancore.config import Config
from gancore.game.game import Game
from gancore.train.engines.compiled import Compiled
from gancore.train.engines.eager import Eager
from gancore.train.engines.ensemble import EnsembleGraph
from gancore.train.engines.graph import Graph, bare
from gancore.train.engines.loop import Ahead, Loop, fixed
from gancore.train.engines.looped import WAYS, at_once
from gancore.train.engines.tape import Untaped
from gancore.train.engines.taping import Taped, Unsettled, taped
from gancore.train.state import State

NEAR = {"float32": 1e-3, "tf32": 3e-2, "bfloat16": 3e-2}  # how far the first iteration's scalars may be off, relatively


def asked() -> str:
    """Where iterations are to be played: cpu or cuda, or whatever else somebody wrote."""
    return os.environ.get("GANSCOPE_DEVICE", "cpu")


def device() -> torch.device:
    """The same as a device.

    Raises:
        Untaped: there is no such device here.
    """
    wanted = asked()
    if wanted not in ("cpu", "cuda"):
        raise Untaped(f"GANSCOPE_DEVICE is {wanted!r}, which can be cpu or cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise Untaped("PyTorch sees no CUDA device here")
    return torch.device(wanted)


def on_cuda() -> bool:
    """Whether runs of this process are played on a CUDA device."""
    return asked() == "cuda" and torch.cuda.is_available()


class Captured(Compiled):
    """Plays graphs where it can. Where it cannot, the processor's engines play, and `told` says why."""

    def __init__(self, game: Game, config: Config):
        super().__init__(game, config)
        self.graphs: list[Graph] = []
        self.refused = ""
        self.batch = ""  # what an ensemble that plays this game says of itself

    @property
    def told(self) -> str:
        if self.batch:
            return self.batch
        if self.refused:
            played_by = super().told
            return f"{played_by}{'; ' if ':' in played_by else ': '}not on CUDA, {self.refused}"
        return self.graphs[-1].told if self.graphs else "eager"

    def turn(self, config: Config) -> None:
        graphs = [graph for graph in self.graphs if graph.only in (None, config)]
        if fixed(config) != fixed(self.moves.config) or len(graphs) < len(self.graphs):
            self.graphs, self.refused = [], ""
        self.batch = ""
        super().turn(config)

    def play(self, state: State, n: int) -> tuple[State, Tensor]:
        self.batch, blocks = "", []
        while n > 0:
            state, rows = super().play(state, n) if self.refused else self._some(state, n)
            blocks.append(rows)
            n -= len(rows)
        return state, torch.cat(blocks)

    def _some(self, state: State, n: int) -> tuple[State, Tensor]:
        """The next iterations, `n` at most; of one that cannot be captured yet, the plain engine's."""
        before = state.fork()
        try:
            graph, ahead = self._fitting(state, n)
            return graph.play(state, ahead)
        except Unsettled:
            pass
        except Untaped as reason:
            self.graphs, self.refused = [], str(reason)
        except (RuntimeError, TypeError) as error:  # of CUDA, which speaks at length
            self.graphs, self.refused = [], str(error).partition("\n")[0]
        return Eager.play(self, before, 1)

    def _fitting(self, state: State, n: int) -> tuple[Graph, Ahead]:
        for graph in self.graphs:
            if ahead := graph.foresee(self.moves.config, state, n):
                return graph, ahead
        if len(self.graphs) == WAYS:
            raise Untaped("its way changes too often")
        graph = self._caught(state)
        if not self._near(graph, state):
            raise Untaped("it gives other scalars there")
        self.graphs.append(graph)
        return graph, graph.foresee(self.moves.config, state, n)

    def _caught(self, state: State) -> Graph:
        """The next iteration, from a tape that gives the plain engine's bits here."""
        where, config = device(), self.moves.config
        tape, only = self.tape_of(state)
        if where.type == "cuda" and bare(tape.steps) & tape.changing(config):
            return EnsembleGraph(tape, only, 1, where, config.precision)
        return Graph(tape, only, where, config.precision)

    def tape_of(self, state: State) -> tuple[Taped, Config | None]:
        """A tape of the next iteration that gives the plain engine's bits here, and the one config that it holds for, if it does.

        Raises:
            Untaped, Unsettled: there is none, or not yet.
        """
        config = self.moves.config
        for baked in (False, True):
            tape, only = taped(self.game, config, state, baked, lean=False), config if baked else None
            if at_once(self.agrees(Loop(tape, only), state)):
                return tape, only
        raise Untaped("its way depends on what it is given")

    def _near(self, graph: Graph, state: State) -> bool:
        other = state.fork()
        ahead = graph.foresee(self.moves.config, other, 1)
        return bool(ahead) and self.near(state, graph.play(other, ahead)[1])

    def near(self, state: State, rows: Tensor) -> bool:
        """Whether these are the next iteration's scalars (1, 6) as the plain engine plays it, but for rounding."""
        _, plain = Eager.play(self, state.fork(), 1)
        near = NEAR[self.moves.config.precision]
        return torch.allclose(plain, rows, rtol=near, atol=near * near, equal_nan=True)
