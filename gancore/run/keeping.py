"""How a worker keeps a run's recording: every iteration's scalars, and frames and checkpoints as far as time allows.

Used by the worker's main loop alone. Recording takes at most a fiftieth of the time that training takes.
"""

from __future__ import annotations

import time
from contextlib import suppress

from gancore.observe.frame import Frame
from gancore.observe.observer import Observer
from gancore.record.recording import Recording, RecordingError
from gancore.record.replay import kept_part
from gancore.train.trainer import SCALARS, Trainer

CHECKPOINT = 1.0  # Seconds between checkpoints, longer where one is costly: they take at most a two-hundredth.
SHARE = 0.012  # of training time goes into frames and into writing, checkpoints included.
ADVANCE = 0.3  # Seconds that may be spent ahead of it, so that a run's first iterations are kept one by one.
FIRST = 30  # Iterations that are kept one by one, however many runs begin at once, while there is time at all.

# What the panels of a page draw that cannot be made again from scalars.
PROBES = {
    "line": ("value", "best-value", "scores", "density", "mapping", "quality", "health"),
    "plane": (
        *("value", "scores", "health", "reals", "points", "field", "undecided", "manifold", "arrows"),
        *("modes", "sliced", "latent", "neighbours"),
    ),
    "images": ("value", "scores", "samples", "nearest", "pca", "health"),
    "dynamics": ("value", "scores"),
}
MEAN = {"line": ("ema-density",), "plane": ("ema-points",), "images": ("ema-samples", "ema-pca"), "dynamics": ()}


class Keeping:
    """A recording and what its run has told it so far."""

    def __init__(self, recording: Recording, observer: Observer, trainer: Trainer):
        self.recording, self.observer = recording, observer
        page = trainer.config.data.page
        self.probes = frozenset(PROBES[page] + MEAN[page] * bool(trainer.config.ema))
        self.events = len(trainer.events)  # told so far
        self.last = -1  # Iteration of the newest frame.
        self._measured: dict[tuple[str, ...], float] = {}  # Until when each line is told.
        self._credit, self._cost = ADVANCE, 0.0  # Seconds there are for frames; what the last look took.
        self.opening = True  # Until its share of the advance is used up: the run should move one iteration, and `look`.
        self._next_checkpoint, self._checkpointed = 0.0, None
        self.elapsed = 0.0  # Seconds of training that were recorded before this worker took over.
        self.broken = False  # The disk did not take it; set by who heard of it.

    def mended(self) -> bool:
        """Whether the disk takes now what it did not take before: nothing was lost then."""
        with suppress(RecordingError):
            self.recording.commit()
            self.broken = False
        return not self.broken

    def rows(self, first: int, block, seconds: float) -> None:
        """Takes in the scalars that `seconds` of training, by the processor's clock, made."""
        began = time.perf_counter()
        self._credit = min(self._credit + SHARE * seconds, ADVANCE)
        self.recording.scalars(first, block)
        self._spend(time.perf_counter() - began)

    def due(self) -> bool:
        """Whether there is time for a frame."""
        return self._credit > min(2 * self._cost, ADVANCE / 2)  # so that it can be saved up for the dearest look

    def look(self, trainer: Trainer, elapsed: float, resting: bool = False, crowd: int = 1) -> None:
        """Keeps a frame of this moment if there is time for it, as there is in any case while the run rests.

        Where a `crowd` of runs plays, as many of the first iterations are kept one by one as a share of the advance allows.
        """
        if trainer.iteration != self.last and (resting or self.due()):
            began = time.thread_time()
            self._keep(self.observer.look(trainer, self.probes, elapsed), self.probes)
            self._cost = time.thread_time() - began
            self._spend(self._cost * (not resting))
        beginning = trainer.iteration < FIRST or self._credit > ADVANCE * (1 - 1 / crowd)
        self.opening &= self.due() and beginning

    def saw(self, frame: Frame, probes: frozenset[str], resting: bool) -> None:
        """Keeps a frame that somebody looked at anyway, if it holds all that a recorded one does."""
        began = time.thread_time()
        if probes >= self.probes and (resting or self._credit > 0):
            self._keep(frame, probes)
            self._spend(time.thread_time() - began)

    def tell(self, trainer: Trainer) -> None:
        """Writes down what was done to the run since the last time."""
        for event in trainer.events[self.events :]:
            self.events += 1
            self.recording.event(event.iteration, event.what)

    def tick(self, trainer: Trainer, force: bool = False) -> None:
        """Commits when it is time to, with a checkpoint when one is due: often enough to lose little, rarely enough to cost little."""
        now = time.perf_counter()
        if not force and now < self._next_checkpoint:
            self.recording.tick()
            return self._spend(time.perf_counter() - now)
        state = trainer.state
        mark = (state.iteration, state.d_updates, state.g_updates, len(trainer.events))
        if mark == self._checkpointed:
            return self.recording.commit() if force else self.recording.tick()
        extra = {"config": trainer.config.to_json(), "events": [[e.iteration, e.what] for e in trainer.events]}
        self.recording.checkpoint(state.iteration, state.named(), extra)
        self._checkpointed = mark
        done = time.perf_counter()
        self._next_checkpoint = done + max(CHECKPOINT, 200 * (done - now))
        self._spend((done - now) * (not force))

    def _spend(self, seconds: float) -> None:
        self._credit = max(self._credit - seconds, -ADVANCE)  # A disk that stalls once is forgiven.

    def _keep(self, frame: Frame, probes: frozenset[str]) -> None:
        measured = {name for names in self.observer.measured for name in names}
        kept = kept_part(frame, SCALARS, measured)
        info = frame.info | {"probes": sorted(probes)}
        self.recording.frame(frame.iteration, Frame(kept.iteration, kept.arrays, info).encode())
        self.last = frame.iteration
        for names, (line, _) in self.observer.measured.items():
            at = float(line.read(names[0])[0][-1])
            if at != self._measured.get(names):
                self._measured[names] = at
                self.recording.measured(int(at), {name: line.last(name) for name in names})
