"""Members of a sweep that a CUDA device plays in one batch. Each is a run of its own to all others, its recording included.

Other runs play alone: they can be played again bit for bit, which those in a batch cannot, for sums are rounded otherwise in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from gancore.run.hosted import Hosted
from gancore.run.turn import SLICE
from gancore.train.ensemble import Ensemble, kin
from gancore.train.trainer import Trainer

LONGER = 4  # times as long as one run's is a slice of many at most: what each does after it takes its time
SETTLED = 0.3  # seconds without a newcomer after which a batch is made: a sweep's runs load one after another
RESTED = 60.0  # seconds that a batch nobody plays in is kept


def shared(run: Hosted) -> str:
    """Equal for runs that can be played together; empty for one that plays alone."""
    sweep, game = run.order.facts.get("sweep", ""), kin(run.trainer)
    return sweep and game and f"{sweep}: {game}"


class Company:
    """The ensembles of a worker. Who pauses keeps a place as long as most of the others play; newcomers have a new one made."""

    def __init__(self):
        self.ensembles: dict[str, Ensemble] = {}  # by what their runs have in common
        self.played: dict[str, float] = {}  # when
        self.coming: dict[str, tuple[tuple[Trainer, ...], float]] = {}  # who would make a new one, and since when

    def of(self, run: Hosted, runs: Iterable[Hosted]) -> list[Hosted]:
        """All that play the game of this run, itself included."""
        common = shared(run)
        if not (common and run.free) or (common in self.ensembles and self.ensembles[common].refused):
            return [run]
        return [one for one in runs if one.trainer and one.free and shared(one) == common]

    def move(self, runs: Sequence[Hosted]) -> list[Hosted]:
        """Plays a slice of those who can be played together now, as long as the shortest may be: who they were."""
        began, common, due = time.thread_time(), shared(runs[0]), {}
        for run in runs:
            if n := run.begin(SLICE * min(len(runs), LONGER)):
                due[run.trainer] = run, n
            else:
                run.end(0.0)
        # A planned change may have set one apart.
        due = {trainer: (run, n) for trainer, (run, n) in due.items() if shared(run) == common}
        if not due:
            return []
        ensemble = self._ensemble(common, tuple(due))
        if ensemble is None:
            return []
        playing = [trainer for trainer in ensemble.trainers if trainer in due]
        firsts, before = [trainer.iteration + 1 for trainer in playing], time.perf_counter()
        outcomes = ensemble.advance(min(due[trainer][1] for trainer in playing), playing)
        self.played[common] = now = time.perf_counter()
        seconds = (time.thread_time() - began) / len(playing)
        for trainer, outcome, first in zip(playing, outcomes, firsts):
            due[trainer][0].took(outcome, first, seconds, now - before)
        return [due[trainer][0] for trainer in playing]

    def keep(self, runs: Iterable[Hosted]) -> None:
        """Lets go of what somebody holds who has left the worker, or nobody has played in for long: it is the device's memory."""
        here, late = {run.trainer for run in runs}, time.perf_counter() - RESTED
        self.ensembles = {
            common: one
            for common, one in self.ensembles.items()
            if here.issuperset(one.trainers) and self.played.get(common, late) >= late
        }
        self.played = {common: at for common, at in self.played.items() if common in self.ensembles}
        self.coming = {common: who for common, who in self.coming.items() if here.issuperset(who[0])}

    def _ensemble(self, common: str, trainers: tuple[Trainer, ...]) -> Ensemble | None:
        """The one to play in now; None while there is none yet and more may come."""
        known, now = self.ensembles.get(common), time.perf_counter()
        there = set(known.trainers) if known else set()
        if there.issuperset(trainers) and 2 * len(trainers) > len(there):
            self.coming.pop(common, None)
            return known
        if self.coming.get(common, ((), 0.0))[0] != trainers:
            self.coming[common] = trainers, now
        if now - self.coming[common][1] >= SETTLED:
            del self.coming[common]
            self.ensembles[common] = Ensemble(trainers)
            return self.ensembles[common]
        return known if 2 * len(there.intersection(trainers)) > len(there) else None
