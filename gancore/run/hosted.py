"""One run as its worker hosts it: a trainer, its observer and its recording, moved in small slices.

Only the worker's main loop calls this. Whatever goes wrong stops this run alone and is told on its page.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace

from torch import Tensor

from gancore.catalog import BadKnob
from gancore.game.data.download import DownloadFailed
from gancore.game.data.idx import BadFile
from gancore.observe.observer import Observer
from gancore.observe.probes import light
from gancore.observe.slow_motion import SlowMotion
from gancore.record.recording import RecordingError
from gancore.run.beat import Beat
from gancore.run.beginning import begun, continued
from gancore.run.keeping import Keeping
from gancore.run.loading import Loading
from gancore.run.messages import NewFrame, Open, Status
from gancore.run.pace import Pace
from gancore.run.telling import Telling
from gancore.run.turn import SLICE, Turn
from gancore.train.ensemble import alone
from gancore.train.trainer import Diverged, Trainer, together

ALL_THE_SAME = "Or press Play to train on all the same: without room it is not recorded from here on."
LEASH = 1.5  # Seconds for which a run waits for another one: who asked for that may be gone.


class Hosted:
    """A run's life in its worker: loading, paused, playing, finished or failed."""

    def __init__(self, order: Open):
        self.order, self.run, self.epoch = order, order.run, order.epoch
        self.state = "playing" if order.playing else "paused"
        self.detail = "The worker process died. Going on from the last checkpoint ..." if order.resume else ""
        self.pace = Pace()
        self.trainer: Trainer | None = None
        self.wanted: frozenset[str] = frozenset()
        self.crowd = 1  # Runs that play in the same worker, set by the loop.
        self.watchers = 1  # Watched runs in the same worker, set by the loop.
        self.used = 0.0  # Processor seconds this run has had, by which the worker shares them out.
        self.turn, self.beat = Turn(), Beat()
        self.seconds_played = 0.0
        self.leash = (0, 0.0)  # No further than to this iteration, until then.
        self.keeping: Keeping | None = None  # None while nothing is recorded; `unrecorded` says why.
        self.unrecorded = ""
        self.telling = Telling()
        self.inbox: list[Callable] = []  # Orders that came while the data was loading.
        self.set_pace(order.pace)
        self.loading = Loading(order)

    # -- loading ------------------------------------------------------------------------------------------------

    def ready(self) -> bool:
        """True once the run can move. A failed load is told, not raised."""
        if self.trainer is None and self.state != "failed" and self.loading.done():
            self._guarded(self._begin)
        return self.trainer is not None

    def _begin(self):
        loaded = self.loading
        if loaded.error:
            raise loaded.error
        self.observer, self.script = Observer(loaded.fixed), loaded.script
        self.detail = ""
        if loaded.resumed:
            self.keeping, self.detail = continued(self.order, loaded, self.observer)
            self.seconds_played = self.keeping.elapsed
        else:
            self._record()
        self.trainer = loaded.trainer
        self.turn.begin()
        if loaded.resumed:
            self._follow_script()
        for act in self.inbox:
            act()
        self.inbox.clear()
        if self.order.fork:
            self._guarded(lambda: self._keep(force=True))
        elif self.state == "playing":
            self._guarded(self._look_back)

    def _record(self):
        """Begins a recording. Where that cannot be, the run waits for somebody to say whether it should play all the same."""
        try:
            self.keeping = begun(self.order, self.loading.trainer, self.observer)
        except OSError as error:
            self._fail(f"{error} {ALL_THE_SAME}")

    # -- orders -------------------------------------------------------------------------------------------------

    def play(self):
        if self.state == "failed":
            if not (self.telling.last and self.telling.last.state == "failed"):
                return  # This Play was on its way before anybody could know.
            self._agree()
        self.observer.slow = None  # What it showed is what is played first.
        if self.state != "playing":
            self.state, self.detail = "playing", ""
            self.turn.begin()
            self._guarded(self._look_back)

    def _agree(self):
        """Somebody wants to go on. If recording is still not possible, then without."""
        if self.unrecorded or (self.keeping and not self.keeping.broken):
            return
        if not self.keeping:
            self._record()
        elif self.keeping.mended():
            return
        if not self.keeping or self.keeping.broken:
            self.keeping = None
            self.unrecorded = "Not recorded: the disk does not take it. Looking back ends here; Restart tries again."

    def pause(self):
        if self.state == "playing":
            self.state, self.detail = "paused", ""
            self._guarded(self._rest)
        self.beat.ask()

    def step(self, which: str):
        self.pause()
        self.state, self.detail = "paused", ""
        if not (self._leave_slow() and which == "both"):
            self._guarded(lambda: self._advance(1) if which == "both" else self.trainer.apply(f"step={which}"))
        self.beat.ask()

    def slow(self, which: str):
        """Goes through the iteration to come, stage by stage; it is played when its last stage is passed or left."""
        self.pause()
        self.state, self.detail = "paused", ""
        slow = self.observer.slow
        if which == "leave":
            self._leave_slow()
        elif slow and which == "back":
            self.observer.slow = replace(slow, at=max(0, slow.at - 1))
        elif slow and slow.at + 1 < len(slow.stages):
            self.observer.slow = replace(slow, at=slow.at + 1)
        else:
            self._leave_slow()
            self._guarded(self._foresee)
        self.beat.ask()

    def _leave_slow(self) -> bool:
        """Ends slow motion and plays the iteration that it showed; False if there was none."""
        shown, self.observer.slow = self.observer.slow, None
        if shown:
            self._guarded(lambda: self._advance(1))
        return shown is not None

    def _foresee(self, at: int = 0):
        """Slow motion through the iteration that would be played now."""
        self._follow_script()
        if self.state == "paused":
            stages = self.trainer.foresee()
            self.observer.slow = SlowMotion(stages, min(at, len(stages) - 1))

    def change(self, what: list[str], passing: bool = False):
        self._guarded(lambda: self.trainer.apply(*what, passing=passing))
        if self.observer.slow:  # It now leads elsewhere.
            self._guarded(lambda: self._foresee(self.observer.slow.at))
        self.turn.cost = None
        if self.state != "playing":
            self.beat.ask()

    def set_pace(self, pace: dict):
        self._guarded(lambda: self._set_pace(Pace(**pace)))

    def _set_pace(self, pace: Pace):
        self.pace = pace
        self.turn.begin()
        if self.state == "finished":
            self.state, self.detail = "paused", ""

    def wait(self, iteration: int):
        self.leash = (iteration, time.perf_counter() + LEASH)

    def watch(self, probes: list[str]):
        if not set(probes) <= self.wanted:
            self.beat.ask()
        self.wanted = frozenset(probes)

    def reorder(self) -> Open:
        """The order that starts this run once more, playing."""
        return replace(self.order, playing=True, pace=asdict(self.pace))

    def close(self):
        self.loading.stop()
        if self.trainer:
            self._guarded(lambda: self._keep(force=True))
            with suppress(RecordingError):
                if self.keeping:
                    self.keeping.recording.close()

    # -- moving -------------------------------------------------------------------------------------------------

    def due(self, slice: float = SLICE) -> int:
        """How many iterations this run may play now: what fits a slice, up to the next planned change, within its pace."""
        if self.state != "playing":
            return 0
        ends = [event.iteration for event in self.script[:1]] + [self.pace.until] * (self.pace.until > 0)
        if self.keeping and self.keeping.opening:
            ends.append(self.trainer.iteration + 1)
        if time.perf_counter() < self.leash[1]:
            ends.append(self.leash[0])
        most = max(0, min(ends, default=sys.maxsize) - self.trainer.iteration)
        return self.turn.iterations(self.pace.speed, most, slice)

    @property
    def free(self) -> bool:
        """Whether this run plays as fast as it can."""
        return self.state == "playing" and not self.pace.speed and time.perf_counter() >= self.leash[1]

    def begin(self, slice: float = SLICE) -> int:
        """What was planned for now, before a slice of so many seconds: how many iterations that may have."""
        if self.state == "playing":
            self._follow_script()
        return self.due(slice)

    def move(self) -> bool:
        """Plays one slice; False if there was nothing to do."""
        start, n = time.thread_time(), self.begin(self.turn.seconds(self.crowd == 1))
        if n:
            before = time.perf_counter()
            self._guarded(lambda: self._advance(n))
            self._played(n, time.perf_counter() - before)
        self.end(time.thread_time() - start)
        return n > 0

    def took(self, outcome: Tensor | Exception, first: int, seconds: float, spent: float):
        """What came of a slice that others played, from iteration `first` on, in so many seconds of the processor and by the clock."""
        self._guarded(lambda: self._tell(outcome, first, seconds))
        self._played(max(1, self.trainer.iteration + 1 - first), spent)
        self.end(seconds)

    def _played(self, n: int, spent: float):
        self.seconds_played += spent
        self.turn.took(n, spent)
        self._guarded(self._look_back)
        if self.state == "playing":
            self._follow_script()

    def end(self, seconds: float):
        """What comes after a slice, for which the processor was had so long."""
        start = time.thread_time()
        self._guarded(self._keep)
        if self.state == "playing" and self.pace.until and self.trainer.iteration >= self.pace.until:
            self.state, self.detail = "finished", f"Stopped after {self.pace.until:,} iterations, as asked."
            self._guarded(self._rest)
            self.beat.ask()
        self.used += seconds + time.thread_time() - start

    def idle(self) -> float:
        """Seconds for which a run that did not move will have nothing to do."""
        return self.turn.idle(self.pace.speed if self.state == "playing" else 0)

    def _advance(self, n: int):
        first, began = self.trainer.iteration + 1, time.thread_time()
        outcome = alone(self.trainer, n)
        self._tell(outcome, first, time.thread_time() - began)

    def _tell(self, outcome: Tensor | Exception, first: int, seconds: float):
        """Says what was played. Raises what stopped it, if something did."""
        rows = outcome if isinstance(outcome, Tensor) else getattr(outcome, "rows", ())  # that came before a `Diverged`
        if len(rows):
            block = rows.numpy()
            self.observer.history.append(block, first)
            if self.keeping:
                self.keeping.rows(first, block, seconds)
        if isinstance(outcome, Exception):
            raise outcome

    def _look_back(self, resting: bool = False):
        """A frame for looking back, where nobody looks now."""
        if self.keeping and not self.keeping.broken and not self.observer.slow:
            self.keeping.look(self.trainer, self.seconds_played, resting, self.crowd)

    def _follow_script(self):
        """Does what was planned for up to now: the changes of a link, or those between a checkpoint and a death."""
        while self.script and self.script[0].iteration <= self.trainer.iteration and self.state != "failed":
            self.change(together(self.script))

    def _guarded(self, act: Callable):
        """Does it. What goes wrong is this run's own trouble: the others of this worker play on."""
        try:
            act()
        except Diverged as error:
            self._fail(
                f"{error.tensor[0].upper()}{error.tensor[1:]} became non-finite in iteration {error.iteration:,}. "
                "The update was not applied: what you see is the last good state. "
                "Turn a knob and press Play to go on from it, or Restart."
            )
            self._guarded(self._rest)
        except BadKnob as error:
            if self.trainer:
                self.detail = str(error)  # The game goes on by its old rules.
            else:
                self._fail(str(error))
        except RecordingError as error:
            if self.keeping:
                self.keeping.broken = True
            self._fail(f"{error} {ALL_THE_SAME}" if self.trainer else str(error))
        except (OSError, DownloadFailed, BadFile) as error:  # These speak to people.
            self._fail(str(error))
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            self._fail(f"This run stopped at an error that was not foreseen: {type(error).__name__}: {error}")
        if self.trainer and self.keeping and not self.keeping.broken:
            with suppress(RecordingError):  # It is said at the next word to the recording.
                self.keeping.tell(self.trainer)

    def _fail(self, sentence: str):
        self.state, self.detail = "failed", sentence
        self.beat.ask()

    def _rest(self):
        """Where a run rests it can be looked back on and forked."""
        self._look_back(resting=True)
        self._keep(force=True)

    def _keep(self, force: bool = False):
        if self.keeping and not self.keeping.broken:
            self.keeping.tick(self.trainer, force)

    # -- looking and telling ------------------------------------------------------------------------------------

    def look(self) -> NewFrame | None:
        """A frame if one is due. The more runs a worker shows, the rarer, so that looking never takes over."""
        now, unfinished = time.perf_counter(), self.observer.unfinished or not self.observer.fixed.exact
        due = self.beat.due(now, self.trainer.iteration, self.state == "playing", unfinished) if self.wanted else ""
        if not due or (due == "glance" and not light(self.wanted)):
            return None
        frames, start = [], time.process_time()  # what is computed slowly is, on another thread
        self._guarded(lambda: frames.append(self._frame() if due == "look" else self._glance()))
        spent = time.process_time() - start
        self.beat.took(due, now, self.trainer.iteration, self.watchers * spent, self.pace.fps)
        self.used += spent
        return frames[0] if frames else None

    def _frame(self) -> NewFrame:
        frame = self.observer.look(self.trainer, self.wanted, self.seconds_played, self.state == "playing")
        if self.keeping and not self.keeping.broken and not self.observer.slow:
            self.keeping.saw(frame, self.wanted, self.state != "playing")
        return NewFrame(self.run, self.epoch, frame.iteration, frame.encode())

    def _glance(self) -> NewFrame:
        frame = self.observer.glance(self.trainer, self.wanted, self.seconds_played)
        return NewFrame(self.run, self.epoch, frame.iteration, frame.encode())

    def news(self) -> Status | None:
        """The status, if it is to be told now."""
        old, loading = self.telling.last, self.trainer is None and self.state != "failed"
        events = self.trainer.events if self.trainer else []
        if not old or len(old.events) != len(events):
            told_events = [(e.iteration, e.what) for e in events]
        else:
            told_events = old.events
        counts = (0, 0, 0)
        if self.trainer:
            state = self.trainer.state
            counts = (state.iteration, state.d_updates, state.g_updates)
        detail = self.loading.text if loading and not self.order.resume else self.detail or self.unrecorded
        progress = self.loading.progress if loading else None
        kept = dict(self.keeping.recording.kept) if self.keeping else {}
        status = Status(self.run, self.epoch, self.state, detail, *counts, told_events, loading, progress, kept)
        return self.telling.fresh(status, time.perf_counter())
