"""Looks at a trainer and makes frames: only what somebody watches is computed, and training is never touched.

One thread, the worker's. The clock is read here and nowhere deeper.
"""

from __future__ import annotations

import math
import time

from gancore.observe.frame import Frame
from gancore.observe.history import History
from gancore.observe.look import SCORED, Fixed, Look
from gancore.observe.past import Past
from gancore.observe.probes import PROBES, find, light
from gancore.observe.renewal import Renewal
from gancore.observe.slow_motion import SlowMotion
from gancore.train.trainer import SCALARS

MEASURE = 0.25  # Seconds between distances to the real density and other lines that are measured at looks.
BUCKETS = 200  # Two points each: about one per pixel of a chart.


class Observer:
    """Keeps a run's past for its charts and turns its present into frames."""

    def __init__(self, fixed: Fixed):
        self.fixed, self._renewal = fixed, Renewal()
        self.history = History(SCALARS, buckets=BUCKETS)
        self.measured: dict = {}
        self.memory: dict = {}
        self.past = Past()
        self.slow: SlowMotion | None = None
        self._seen: dict[str, tuple[int, dict]] = {}  # What each probe last gave, and at which iteration.
        self.unfinished = False  # Whether more looks at the same moment would show more.
        self._measured_at, self._measured_iteration = -math.inf, -1
        self._rate, self._at, self._iteration = 0.0, time.perf_counter(), 0

    @staticmethod
    def prepare(config, source, report=None) -> Fixed:
        """The slow part, for a thread that may wait: exact references, principal plane, neighbours."""
        if report:
            report("Preparing charts", None)
        return Fixed(config, source)

    def look(self, trainer, wanted, elapsed: float, playing: bool = True) -> Frame:
        """A frame with the arrays of the probes in `wanted`; `elapsed` is seconds of training so far."""
        self.fixed = self._renewal.follow(self.fixed, trainer)
        measuring = not self.slow and (not playing or self._due(trainer.iteration))
        look = Look(
            trainer, self.fixed, self.history, self.measured, measuring, self.past, self.slow, playing, self.memory
        )
        self._remember(look)
        arrays = {}
        self._seen = {name: seen for name, seen in self._seen.items() if name in wanted or name in PROBES}
        for name in sorted(wanted):
            if probe := find(name):
                self._seen[name] = trainer.iteration, probe(look)
                arrays |= self._seen[name][1]
        self.unfinished = look.unfinished
        info = self._info(trainer, look.state, elapsed, playing)
        if self.slow:
            info["slow"] = self.slow.told(trainer.config)
        return Frame(trainer.iteration, arrays, info)

    def glance(self, trainer, wanted, elapsed: float) -> Frame:
        """A frame of a run that plays, in which what asks the nets is as it was when it was last looked at.

        `info["earlier"]` says of these arrays which iteration they are of.
        """
        look = Look(trainer, self.fixed, self.history, self.measured, measuring=False, playing=True)
        lines = light(wanted)
        seen = {name: self._seen[name] for name in sorted(wanted - lines) if name in self._seen}
        fresh = {key: array for name in sorted(lines) for key, array in PROBES[name](look).items()}
        arrays = {key: array for _, old in seen.values() for key, array in old.items()} | fresh
        earlier = {key: iteration for iteration, old in seen.values() for key in old if key not in fresh}
        info = self._info(trainer, trainer.state, elapsed, playing=True)
        return Frame(trainer.iteration, arrays, info | {"earlier": earlier})

    def _info(self, trainer, state, elapsed: float, playing: bool) -> dict:
        return {
            "d_updates": state.d_updates,
            "g_updates": state.g_updates,
            "engine": trainer.engine.told,
            "iterations_per_second": self._pace(state.iteration) if playing else 0.0,
            "elapsed": elapsed,
        }

    def _remember(self, look: Look) -> None:
        """In the plane every look draws the fixed z: where they are now is kept, so that each sample has a trail."""
        if self.fixed.choice.page == "plane" and not self.slow:
            self.past.append(look.state.iteration, look.fake[:SCORED].numpy().copy())

    def _due(self, iteration: int) -> bool:
        """Whether to measure at this look: not oftener than the eye follows a line, again if the same iteration changed."""
        now = time.perf_counter()
        if now - self._measured_at < MEASURE and iteration != self._measured_iteration:
            return False
        self._measured_at, self._measured_iteration = now, iteration
        return True

    def _pace(self, iteration: int) -> float:
        """Iterations per second by the wall clock, over about the last second."""
        now = time.perf_counter()
        if now - self._at > 0.5:
            self._rate = (iteration - self._iteration) / (now - self._at)
            self._at, self._iteration = now, iteration
        return self._rate
