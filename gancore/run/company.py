"""Runs of one worker that a CUDA device plays in one batch. Each is a run of its own to all others, its recording included."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from gancore.run.hosted import Hosted
from gancore.run.turn import SLICE
from gancore.train.ensemble import Ensemble, kin
from gancore.train.trainer import Trainer

LONGER = 4  # times as long as one run's is a slice of many at most: what each does after it takes its time
SETTLED = 0.3  # seconds without a newcomer after which a batch is made: a sweep's runs load one after another


class Company:
    """The ensembles of a worker, each as long as the same runs play on together."""

    def __init__(self):
        self.ensembles: dict[str, Ensemble] = {}  # by what their runs have in common
        self.changed: dict[str, tuple[tuple[Trainer, ...], float]] = {}  # who they were last, and since when

    def of(self, run: Hosted, runs: Iterable[Hosted]) -> list[Hosted]:
        """All that play the game of this run, itself included."""
        common = kin(run.trainer)
        if not (common and run.free) or (common in self.ensembles and self.ensembles[common].refused):
            return [run]
        return [one for one in runs if one.trainer and one.free and kin(one.trainer) == common]

    def move(self, runs: Sequence[Hosted]) -> bool:
        """Plays a slice of all of them, as long as the shortest may be; False if there was nothing to do."""
        began, common = time.thread_time(), kin(runs[0].trainer)
        slice = SLICE * min(len(runs), LONGER)
        due = [(run, n) for run in runs if (n := run.begin(slice))]
        due = [(run, n) for run, n in due if kin(run.trainer) == common]  # a planned change may have set one apart
        ensemble = self._ensemble(common, tuple(run.trainer for run, _ in due)) if due else None
        if not ensemble:
            return False
        firsts, before = [run.trainer.iteration + 1 for run, _ in due], time.perf_counter()
        outcomes = ensemble.advance(min(n for _, n in due))
        spent, seconds = time.perf_counter() - before, (time.thread_time() - began) / len(due)
        for (run, _), outcome, first in zip(due, outcomes, firsts):
            run.took(outcome, first, seconds, spent)
        return True

    def keep(self, runs: Iterable[Hosted]) -> None:
        """Lets ensembles go of which somebody has left the worker: they hold the device's memory."""
        here = [run.trainer for run in runs]
        self.ensembles = {
            common: one for common, one in self.ensembles.items() if all(trainer in here for trainer in one.trainers)
        }

    def _ensemble(self, common: str, trainers: tuple[Trainer, ...]) -> Ensemble | None:
        """That of these trainers. None while there may be more to come."""
        known, now = self.ensembles.get(common), time.monotonic()
        if known and known.trainers == trainers:
            return known
        if self.changed.get(common, ((), 0.0))[0] != trainers:
            self.changed[common] = trainers, now
        if now - self.changed[common][1] < SETTLED:
            return None
        self.ensembles[common] = Ensemble(trainers)
        return self.ensembles[common]
