"""One run as its worker hosts it: a trainer, its observer and its recording, moved in small slices.

Only the worker's main loop calls this; loading data is the one thing that happens on a thread of its own.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.observer import Observer
from gancore.record.recording import Reader, Recording, RecordingError
from gancore.run.messages import NewFrame, Open, Status
from gancore.run.pace import Pace
from gancore.train.state import State
from gancore.train.trainer import SCALARS, Diverged, Event, Trainer

SLICE = 0.015  # Seconds a run moves before the worker listens again: 20 times a second even when a slice overruns.
CHECKPOINT = 1.0  # Seconds between checkpoints, longer where a checkpoint is costly (see `_keep`).


class Hosted:
    """A run's life in its worker: loading, paused, playing, finished or failed."""

    def __init__(self, order: Open):
        self.order, self.run, self.epoch = order, order.run, order.epoch
        self.pace = Pace(**order.pace)
        self.state = "playing" if order.playing else "paused"
        self.detail = "The worker process died. Going on from the last checkpoint ..." if order.resume else ""
        self.progress: float | None = None
        self.trainer: Trainer | None = None
        self.wanted: frozenset[str] = frozenset()
        self.watchers = 1  # Watched runs in the same worker, set by the loop.
        self.cost_per_iteration = 0.002
        self.seconds_played = 0.0
        self.next_look, self.look_asked = 0.0, True
        self.next_checkpoint, self.checkpointed = 0.0, -1
        self.allowance, self.paced_at = 0.0, time.perf_counter()
        self.told: Status | None = None
        self.inbox: list = []  # Orders that came while the data was loading.
        self._source = self._load_error = None
        self._closed = threading.Event()
        self._loader = threading.Thread(target=self._load, daemon=True)
        self._loader.start()

    # -- loading ------------------------------------------------------------------------------------------------

    def _load(self):
        def report(text: str, fraction: float | None):
            if self._closed.is_set():
                raise InterruptedError
            if not self.order.resume:
                self.detail, self.progress = text, fraction

        try:
            self.config = Config.from_flat(self.order.config)
            self._source = self.config.data.open(report)
            self.fixed = Observer.prepare(self.config, self._source, report)
        except Exception as error:
            self._load_error = error

    def poll_loading(self) -> bool:
        """True once the run can move. A failed load is told, not raised."""
        if self.trainer or self._load_error:
            return self.trainer is not None
        if self._loader.is_alive():
            return False
        if self._load_error:
            self.state, self.detail = "failed", str(self._load_error)
            return False
        try:
            self._begin()
        except (RecordingError, OSError) as error:
            self.state, self.detail, self._load_error = "failed", str(error), error
            return False
        return True

    def _begin(self):
        planned = tuple(Event(*change) for change in self.order.changes)
        state, path = None, Path(self.order.path)
        if self.order.resume and path.exists() and (kept := Reader(path).last_checkpoint()):
            iteration, tensors, extra = kept
            state = State.from_tensors(tensors)
            done = [Event(*e) for e in extra["events"]]
            config = Config.from_json(extra["config"])
            self.trainer = Trainer(config, self._source, state, tuple(e for e in planned if e.iteration > iteration))
            self.trainer.events = done
            self.recording = Recording.open(path)
            self.recording.truncate(iteration)
            notice = f"The worker process died; the run went on from its last checkpoint, iteration {iteration:,}."
        else:
            self.trainer = Trainer(self.config, self._source, planned=planned)
            path.unlink(missing_ok=True)
            self.recording = Recording.create(path, self.config.flat(), SCALARS)
            notice = ""
        self.recorded_events = len(self.trainer.events)
        self.observer = Observer(self.fixed)
        if state is not None:
            iterations, past = Reader(path).scalars()
            if len(past):
                self.observer.history.append(past, int(iterations[0]))
        self.detail, self.paced_at = notice, time.perf_counter()
        for act in self.inbox:
            act()
        self.inbox.clear()

    # -- orders -------------------------------------------------------------------------------------------------

    def play(self):
        if self.state != "playing":
            self.state, self.detail = "playing", ""
            self.allowance, self.paced_at = 1.0, time.perf_counter()

    def pause(self):
        if self.state == "playing":
            self.state, self.detail = "paused", ""
            self._keep(force=True)
        self.look_asked = True

    def step(self, which: str):
        self.pause()
        self.state, self.detail = "paused", ""
        self._guarded(lambda: self._advance(1) if which == "both" else self.trainer.apply(f"step={which}"))
        self.look_asked = True

    def change(self, what: str):
        self._guarded(lambda: self.trainer.apply(what))
        self.look_asked = True

    def set_pace(self, pace: dict):
        self.pace = Pace(**pace)
        self.allowance, self.paced_at = 1.0, time.perf_counter()
        if self.state == "finished":
            self.state, self.detail = "paused", ""

    def watch(self, probes: list[str]):
        self.look_asked = self.look_asked or not set(probes) <= self.wanted
        self.wanted = frozenset(probes)

    def close(self):
        self._closed.set()
        if self.trainer:
            self._keep(force=True)
            self.recording.close()

    # -- moving -------------------------------------------------------------------------------------------------

    def due(self) -> int:
        """How many iterations this run may play now: what fits a slice, within its speed and its stop condition."""
        if self.state != "playing":
            return 0
        n = max(1, int(SLICE / self.cost_per_iteration))
        if self.pace.speed:
            now = time.perf_counter()
            self.allowance = min(
                self.allowance + (now - self.paced_at) * self.pace.speed, max(1.0, self.pace.speed * 0.1)
            )
            self.paced_at = now
            n = min(n, int(self.allowance))
            self.allowance -= n
        if self.pace.until:
            n = min(n, max(0, self.pace.until - self.trainer.iteration))
        return n

    def move(self) -> bool:
        """Plays one slice; False if there was nothing to do."""
        n = self.due()
        if n:
            start = time.perf_counter()
            self._guarded(lambda: self._advance(n))
            spent = time.perf_counter() - start
            self.seconds_played += spent
            self.cost_per_iteration += 0.3 * (spent / n - self.cost_per_iteration)
            self._keep()
        if self.state == "playing" and self.pace.until and self.trainer.iteration >= self.pace.until:
            self.state, self.detail = "finished", f"Stopped after {self.pace.until:,} iterations, as asked."
            self._keep(force=True)
            self.look_asked = True
        return n > 0

    def _advance(self, n: int):
        first = self.trainer.iteration + 1
        try:
            rows = self.trainer.advance(n)
        except Diverged as error:
            self._tell_scalars(error.rows, first)
            raise
        self._tell_scalars(rows, first)

    def _tell_scalars(self, rows, first: int):
        if len(rows):
            block = rows.numpy()
            self.recording.scalars(first, block)
            self.observer.history.append(block, first)

    def _guarded(self, act):
        try:
            act()
        except Diverged as error:
            self.state = "failed"
            self.detail = (
                f"{error.tensor[0].upper()}{error.tensor[1:]} became non-finite in iteration {error.iteration:,}. The update was not applied: "
                f"what you see is the last good state. Turn a knob and press Play to go on from it, or Restart."
            )
            self._keep(force=True)
            self.look_asked = True
        except BadKnob as error:
            self.detail = str(error)
        except RecordingError as error:
            self.state, self.detail = "failed", str(error)
        for event in self.trainer.events[self.recorded_events :]:
            self.recording.event(event.iteration, event.what)
        self.recorded_events = len(self.trainer.events)

    def _keep(self, force: bool = False):
        """A checkpoint when one is due: often enough to lose little, rarely enough to cost at most a hundredth."""
        now = time.perf_counter()
        self.recording.tick()
        if not force and now < self.next_checkpoint:
            return
        state = self.trainer.state
        mark = (state.d_updates, state.g_updates, len(self.trainer.events))
        if mark == self.checkpointed:
            return
        extra = {
            "config": self.trainer.config.to_json(),
            "events": [[e.iteration, e.what] for e in self.trainer.events],
        }
        self.recording.checkpoint(state.iteration, state.tensors(), extra)
        self.checkpointed = mark
        done = time.perf_counter()
        self.next_checkpoint = done + max(CHECKPOINT, 100 * (done - now))

    # -- looking and telling ------------------------------------------------------------------------------------

    def look(self) -> NewFrame | None:
        """A frame if one is due. The more runs a worker shows, the rarer, so that looking never takes over."""
        now = time.perf_counter()
        if not self.wanted or not (self.look_asked or (self.state == "playing" and now >= self.next_look)):
            return None
        frame = self.observer.look(self.trainer, self.wanted, self.seconds_played, self.state == "playing")
        spent = time.perf_counter() - now
        # Keep to the beat of the frame rate; fall behind it rather than spend over a fifth of the worker on looking.
        beat = self.next_look + 1 / self.pace.fps
        self.next_look = max(beat if beat > now else now + 1 / self.pace.fps, now + 5 * self.watchers * spent)
        self.look_asked = False
        return NewFrame(self.run, self.epoch, frame.iteration, frame.encode())

    def news(self) -> Status | None:
        """The status, if it says something new."""
        state, events = (self.trainer.state, self.trainer.events) if self.trainer else (None, [])
        counts = (state.iteration, state.d_updates, state.g_updates) if state else (0, 0, 0)
        told_events = [(e.iteration, e.what) for e in events]
        loading = self.trainer is None and self._load_error is None
        status = Status(self.run, self.epoch, self.state, self.detail, *counts, told_events, loading, self.progress)
        old = self.told
        if old and self.state == "playing":  # While it plays, counts travel with the frames.
            same = replace(status, iteration=old.iteration, d_updates=old.d_updates, g_updates=old.g_updates)
            if same == old:
                return None
        elif status == old:
            return None
        self.told = status
        return status
