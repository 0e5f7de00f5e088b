"""Trainers whose games differ in their seeds, or in numbers that can be turned, on a CUDA device: played in one batch.

Each stays a trainer of its own, with its state, its generators and its events; only the iterations are carried out together.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from gancore.config import Config
from gancore.train.engines.captured import Captured, device
from gancore.train.engines.ensemble import EnsembleGraph
from gancore.train.engines.loop import Ahead
from gancore.train.engines.looped import WAYS
from gancore.train.engines.tape import Untaped
from gancore.train.engines.taping import Unsettled
from gancore.train.state import State
from gancore.train.trainer import Trainer


def kin(trainer: Trainer) -> str:
    """Equal for trainers that can make an ensemble; empty for one that has to play alone."""
    engine = trainer.engine
    return engine.kin if isinstance(engine, Captured) and not (engine.refused or trainer.planned) else ""


class Ensemble:
    """Trainers of one kin, in their order. Not all of them need to play: who rests keeps a place."""

    def __init__(self, trainers: Sequence[Trainer]):
        self.trainers = tuple(trainers)
        self.graphs: list[EnsembleGraph] = []
        self._refused: tuple[str, list[Config]] = "", []

    @property
    def refused(self) -> str:
        """Why they play one after another; empty if they do not. It holds as long as nobody turns a knob."""
        why, configs = self._refused
        return why if all(one is other for one, other in zip(configs, self._configs())) else ""

    def advance(self, n: int, playing: Sequence[Trainer] | None = None) -> list[Tensor | Exception]:
        """Plays up to `n` iterations of those who are `playing`, of each as many: of each the scalars, or what stopped it.

        A `Diverged` has what came before it, as from `Trainer.advance`.
        """
        playing = self.trainers if playing is None else playing
        if not self.refused:
            try:
                return self._together(n, playing)
            except Unsettled:
                n = 1
            except Exception as error:  # of CUDA, which speaks at length
                self.graphs, self._refused = (
                    [],
                    (str(error).partition("\n")[0] or type(error).__name__, self._configs()),
                )
        return [alone(trainer, n) for trainer in playing]

    def _configs(self) -> list[Config]:
        return [trainer.engine.moves.config for trainer in self.trainers]

    def _together(self, n: int, playing: Sequence[Trainer]) -> list[Tensor | Exception]:
        starts = [trainer.state.fork() for trainer in playing]
        try:
            graph, aheads = self._fitting(n, playing)
            states = [trainer.state if trainer in playing else None for trainer in self.trainers]
            states, rows, sound = graph.play_all(states, aheads)
        except Exception:
            for trainer, start in zip(playing, starts):
                trainer.state = start
            raise
        played, begun = [], iter(starts)
        for trainer, state, block, good in zip(self.trainers, states, rows, sound.tolist()):
            if state is None:
                continue
            start = next(begun)
            trainer.state = state if good else start
            trainer.engine.batch = graph.told_of(len(playing))
            played.append(block if good else alone(trainer, len(block)))
        return played

    def _fitting(self, n: int, playing: Sequence[Trainer]) -> tuple[EnsembleGraph, list[Ahead | None]]:
        configs = self._configs()
        states = [trainer.state if trainer in playing else None for trainer in self.trainers]
        self.graphs = [graph for graph in self.graphs if graph.holds(configs)]
        for graph in self.graphs:
            if aheads := graph.foresee_all(configs, states, n):
                return graph, aheads
        first = playing[0]
        if any(graph.foresee(first.engine.moves.config, first.state, 1) for graph in self.graphs):
            raise Untaped("they are at different places of their way")
        if len(self.graphs) == WAYS:
            raise Untaped("their way changes too often")
        graph = self._caught(first)
        self._prove(graph, configs, states)
        self.graphs.append(graph)
        return graph, graph.foresee_all(configs, states, n)

    def _caught(self, trainer: Trainer) -> EnsembleGraph:
        engine, where = trainer.engine, device()
        tape, only = engine.tape_of(trainer.state)
        return EnsembleGraph(tape, only, len(self.trainers), where, engine.moves.config.precision)

    def _prove(self, graph: EnsembleGraph, configs: list[Config], states: list[State | None]) -> None:
        """Plays the next iteration on the side, and holds the first and the last member's scalars against the plain engine's."""
        if not graph.holds(configs):
            raise Untaped("their numbers differ, and the tape of one holds for no other")
        again = [state and state.fork() for state in states]
        aheads = graph.foresee_all(configs, again, 1)
        if not aheads:
            raise Untaped("they are at different places of their way")
        _, rows, _ = graph.play_all(again, aheads)
        present = [at for at, state in enumerate(states) if state]
        for at in (present[0], present[-1]):
            if not self.trainers[at].engine.near(states[at], rows[at]):
                raise Untaped("it gives other scalars there")


def alone(trainer: Trainer, n: int) -> Tensor | Exception:
    """What comes of a trainer's own `advance`."""
    try:
        return trainer.advance(n)
    except Exception as error:
        return error
