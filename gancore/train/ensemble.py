"""Trainers whose games differ in their seeds, or in numbers that can be turned, on a CUDA device: played in one batch.

Each stays a trainer of its own, with its state, its generators and its events; only the iterations are carried out together.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from gancore.train.engines.captured import Captured, device
from gancore.train.engines.ensemble import EnsembleGraph
from gancore.train.engines.looped import WAYS, Ahead
from gancore.train.engines.tape import Untaped
from gancore.train.engines.taping import Unsettled
from gancore.train.state import State
from gancore.train.trainer import Diverged, Trainer


def kin(trainer: Trainer) -> str:
    """Equal for trainers that can make an ensemble; empty for one that has to play alone."""
    engine = trainer.engine
    return engine.kin if isinstance(engine, Captured) and not (engine.refused or trainer.planned) else ""


class Ensemble:
    """At least two trainers of one kin, in their order."""

    def __init__(self, trainers: Sequence[Trainer]):
        self.trainers = tuple(trainers)
        self.graphs: list[EnsembleGraph] = []
        self.refused = ""  # why they play one after another

    def advance(self, n: int) -> list[Tensor | Diverged]:
        """Plays up to `n` iterations, of each trainer as many: their scalars, or what stopped one, as `Trainer.advance` has them."""
        if not self.refused:
            try:
                return self._together(n)
            except Unsettled:
                n = 1
            except Untaped as reason:
                self.refused = str(reason)
            except (RuntimeError, TypeError) as error:  # of CUDA, which speaks at length
                self.refused = str(error).partition("\n")[0]
        return [alone(trainer, n) for trainer in self.trainers]

    def _together(self, n: int) -> list[Tensor | Diverged]:
        starts = [trainer.state.fork() for trainer in self.trainers]
        try:
            graph, aheads = self._fitting(n)
            states, rows, sound = graph.play_all([trainer.state for trainer in self.trainers], aheads)
        except Exception:
            for trainer, start in zip(self.trainers, starts):
                trainer.state = start
            raise
        played = []
        for trainer, start, state, block, good in zip(self.trainers, starts, states, rows, sound.tolist()):
            trainer.state = state if good else start
            trainer.engine.batch = graph.told
            played.append(block if good else alone(trainer, len(block)))
        return played

    def _fitting(self, n: int) -> tuple[EnsembleGraph, list[Ahead]]:
        configs = [trainer.engine.moves.config for trainer in self.trainers]
        states = [trainer.state for trainer in self.trainers]
        for graph in self.graphs:
            if aheads := graph.foresee_all(configs, states, n):
                return graph, aheads
        if len(self.graphs) == WAYS:
            raise Untaped("their way changes too often")
        graph = self._caught(states[0])
        again = [state.fork() for state in states]
        aheads = graph.foresee_all(configs, again, 1)
        if not aheads:
            raise Unsettled  # another's way: they are at different places of it
        _, rows, _ = graph.play_all(again, aheads)
        for at in (0, -1):
            if not self.trainers[at].engine.near(states[at], rows[at]):
                raise Untaped("it gives other scalars there")
        self.graphs.append(graph)
        return graph, graph.foresee_all(configs, states, n)

    def _caught(self, state: State) -> EnsembleGraph:
        engine, where = self.trainers[0].engine, device()
        tape, only = engine.tape_of(state)
        return EnsembleGraph(tape, only, len(self.trainers), where, engine.moves.config.precision)


def alone(trainer: Trainer, n: int) -> Tensor | Diverged:
    """What comes of a trainer's own `advance`."""
    try:
        return trainer.advance(n)
    except Diverged as error:
        return error
