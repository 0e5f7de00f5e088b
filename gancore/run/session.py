"""One run as the server knows it: who watches, what is wanted, what was last told. Any thread may call anything here."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from gancore.config import Config, live
from gancore.record.table import scalars_csv
from gancore.run import messages
from gancore.run.pace import Pace
from gancore.run.recorded import after
from gancore.run.watchers import Watchers
from gancore.run.wishes import adopted, in_force, script, turns
from gancore.train.trainer import Event, together

ACK = 0.4  # Seconds a change waits for the worker's word on when it took effect.
DEATHS = 12  # of its worker within a minute that a run may see before it counts as their cause.


class Session:
    """A run's side of the server. `id` lets anybody watch; `key` lets its owner control."""

    def __init__(
        self,
        hub,
        folder: Path,
        config: Config,
        pace: Pace,
        changes: list[tuple[int, str]],
        fork: list | None = None,
        owner: str = "",
        facts: dict[str, str] | None = None,
    ):
        self.id, self.key = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        self.config, self.wanted, self.pace = config, config, pace
        self.changes = [tuple(change) for change in changes]  # Planned ones, from a link.
        self.epoch = 0
        self.fork = fork  # [recording, iteration] that the first start begins with.
        self.owner = owner  # Who may delete it.
        self.facts = facts or {}  # What its recordings say of themselves from the start, such as their `name`.
        self.aim: dict = {}  # What this fork was made to show: see `Hub.cure`.
        self.earlier: dict = {}  # What was played before of the same settings, as it is offered: see `recall`.
        self.active = False  # Holds one of the places for playing runs.
        self.asked_to_play = False  # The last word from our side was Play.
        self.resting = False  # Paused because nobody watched; goes on when somebody does.
        self.notice = ""  # What the server has to say about this run; it goes before what the worker says.
        self.deaths: list[float] = []
        self._mourning = False  # The worker died; its heir has not spoken yet.
        self._past: list[tuple[int, str]] = []  # Every event since the start; an heir tells some of them again.
        self.last_seen = time.monotonic()
        self._hub, self._folder = hub, folder
        self._change = threading.Condition()
        self._frame: tuple[int, bytes | None] = (0, None)
        self._told = messages.Status(self.id, 0, "paused", "", 0, 0, 0, [], loading=True)
        self._version = self._shown = 0
        if fork:
            self.wanted, self._shown = after(config, self.changes, fork[1]), fork[1]
        self._watchers = Watchers(lambda probes: hub.pool.send(messages.Watch(self.id, probes)))

    @property
    def path(self) -> Path:
        """Where the current start of this run is recorded."""
        return self._folder / f"{self.id}-{self.epoch}.sqlite"

    @property
    def parent(self) -> str:
        """The name of the recording that this is a fork of, or nothing."""
        return Path(self.fork[0]).stem if self.fork else ""

    # -- what readers ask ---------------------------------------------------------------------------------------

    def newest(self) -> tuple[int, bytes | None]:
        """The newest frame and its version. Readers who are slow skip what lay between."""
        return self._frame

    def status(self) -> tuple[int, dict]:
        """Where the run stands, as the browser gets it, and the version of that."""
        with self._change:
            told = vars(self._told) | {"type": "status", "version": self._version, "iteration": self.iteration}
            told["detail"] = self.notice or told["detail"]
            told["frozen"], told["earlier"] = self.wanted.frozen, self.earlier
            told["events"] = [{"iteration": iteration, "what": what} for iteration, what in told["events"]]
            del told["run"]
            return self._version, told

    @property
    def state(self) -> str:
        return self._told.state

    @property
    def loading(self) -> bool:
        """Whether the data is still being fetched or read."""
        return self._told.loading

    @property
    def iteration(self) -> int:
        """As far as the server knows: a playing run tells it with its frames."""
        return max(self._told.iteration, self._shown)

    @property
    def events(self) -> list[tuple[int, str]]:
        """What was changed when, since the last start: `(iteration, "address=value")`."""
        return [(iteration, what) for iteration, what in self._told.events]

    def scalars_csv(self) -> Iterator[str]:
        """Every iteration's scalars as CSV, line by line."""
        return scalars_csv(self.path)

    # -- watching -----------------------------------------------------------------------------------------------

    def subscribe(self, wake: Callable[[], None], ttl: float | None = None) -> int:
        """Registers a reader; `wake()` is called from another thread on every news. With `ttl` (seconds) it must keep looking."""
        token = self._watchers.add(wake, ttl)
        self.seen()
        return token

    def look(self, token: int, probes: set[str], ttl: float | None = None) -> None:
        """Says which probes this reader draws."""
        self._watchers.look(token, probes, ttl)
        self.seen()

    def unsubscribe(self, token: int) -> None:
        self._watchers.remove(token)

    def watched(self) -> bool:
        """Whether anybody is there."""
        return self._watchers.there()

    def seen(self) -> None:
        """Somebody is there: a resting run goes on."""
        self.last_seen = time.monotonic()
        if self.resting:
            self.play()

    # -- control ------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Starts or resumes, or takes a place in the line if the machine is full."""
        with self._hub.lock:
            self.resting = False
            if not self._hub.admit(self):
                return
            self.asked_to_play = True
            self.say("")
            if self._hub.hosts(self):
                self._hub.pool.send(messages.Play(self.id))
            else:  # It was given up after too many deaths: somebody wants to try again.
                self.deaths = []
                self._host(self.order(playing=True, resume=True))

    def pause(self) -> None:
        with self._hub.lock:
            self.resting = self.asked_to_play = False
            self._hub.leave_line(self)
            self.say("")
            self._hub.pool.send(messages.Pause(self.id))

    def rest(self) -> None:
        """Pauses until somebody looks again."""
        with self._hub.lock:
            self.pause()
            self.resting = True
            self.say("Paused to free the processor: nobody was watching.")

    def step(self, which: str) -> None:
        """One iteration (`both`), or one update of one player (`d`, `g`)."""
        with self._hub.lock:
            self.pause()
            self._hub.pool.send(messages.Step(self.id, which))

    def slow(self, which: str) -> None:
        """Slow motion through the iteration to come: its `next` stage, one `back`, or `leave`, which plays it."""
        with self._hub.lock:
            self.pause()
            self._hub.pool.send(messages.Slow(self.id, which))

    def wait(self, iteration: int) -> None:
        """For a moment no further than to this iteration, so that a run beside it keeps up."""
        self._hub.pool.send(messages.Wait(self.id, iteration))

    def restart(self) -> None:
        """Begins anew with the settings as they are now; whether it plays stays as it was."""
        self._reopen(changes=[])

    def want(self, config: Config) -> None:
        """Makes the settings these. Live ones act at once; others wait for a restart, or act at once if nothing was trained."""
        with self._change:
            before, self.wanted = self.wanted, config
        if before == config:
            return
        trained = self.iteration or self._told.d_updates or self._told.g_updates
        if not trained and not self.active and self.state != "playing":
            self._reopen(changes=self.changes)
            return
        self._change_live(turns(self.config, before, config))

    def edit(self, what: list[str], passing: bool) -> None:
        """Sets knobs from the page, each `address=value`; while a hand still moves them (`passing`) the worker alone hears of it.

        Raises `BadKnob`.
        """
        settings = dict(one.split("=", 1) for one in what if "=" in one)
        wanted = Config.from_flat(settings, self.wanted)
        if not passing:
            self.want(wanted)
            return
        for address in settings:
            if live(wanted, address):
                self._hub.pool.send(messages.Change(self.id, [f"{address}={settings[address]}"], passing=True))

    def set_pace(self, pace: Pace) -> None:
        if pace != self.pace:
            self.pace = pace
            self._hub.pool.send(messages.Pace(self.id, asdict(pace)))

    def pending(self) -> dict:
        """Settings that were changed and wait for a restart: address -> value."""
        return self.running().differences(self.wanted)

    def _change_live(self, changes: list[str]) -> None:
        with self._change:
            expected = len(self._told.events) + len(changes)
            script = [Event(0, what) for what in changes]
            while script:
                self._hub.pool.send(messages.Change(self.id, together(script)))
            if not self._told.loading:
                self._change.wait_for(lambda: len(self._told.events) >= expected, ACK)

    # -- the hub's side -----------------------------------------------------------------------------------------

    def order(self, playing: bool = False, resume: bool = False) -> messages.Open:
        """What a worker needs to host this run."""
        changes, pace = self.changes, asdict(self.pace)
        if resume:
            with self._change:
                changes = script(self.config, self.wanted, self._past, changes, self.iteration)
        about = dict(resume=resume, playing=playing, fork=self.fork, owner=self.owner, facts=self.facts)
        return messages.Open(self.id, self.epoch, self.config.flat(), changes, str(self.path), pace, **about)

    def tell(self, message) -> None:
        """News from the worker. What belongs to an earlier start comes too late and is dropped."""
        with self._change:
            if message.epoch != self.epoch:
                return
            if isinstance(message, messages.NewFrame):
                self._frame = (self._frame[0] + 1, message.payload)
                self._shown = message.iteration
            else:
                self._hear(message)
            self._change.notify_all()
        self._watchers.wake()

    def _hear(self, status: messages.Status) -> None:
        status = replace(status, events=[tuple(event) for event in status.events])
        if self._mourning and status.loading:  # The heir has not read yet how far the run had come.
            old = self._told
            counts = dict(iteration=old.iteration, d_updates=old.d_updates, g_updates=old.g_updates)
            status = replace(status, events=old.events, **counts)
        elif self._mourning:  # The heir speaks for itself.
            self._mourning, self.notice, self._shown = False, "", status.iteration
        self.wanted = adopted(self.wanted, status.events[len(self._past) :], self.changes)
        if len(status.events) >= len(self._past):
            self._past = status.events
        self._told = status
        self._version += 1

    def running(self) -> Config:
        """The settings in force: those of the last start, and every live change since."""
        return in_force(self.config, self.wanted)

    def bereaved(self) -> None:
        """The worker died and has an heir: go on from the last checkpoint, unless this run may be what kills them."""
        now = time.monotonic()
        with self._hub.lock:
            self.deaths = [t for t in self.deaths if now - t < 60] + [now]
            if len(self.deaths) > DEATHS:
                self._give_up()
                return
            self.say("The worker process died. Going on from the last checkpoint ...")
            self._host(self.order(playing=self.active, resume=True))

    def _give_up(self) -> None:
        sentence = (
            "Its worker died too often within a minute, so this run was stopped. "
            "Turn a knob to gentler settings and press Play to go on from the last checkpoint, or Restart."
        )
        with self._change:
            self._told = replace(self._told, state="failed", detail=sentence, loading=False)
            self._mourning, self.notice = False, ""
            self._version += 1
        self._hub.pool.release(self.id)
        self._hub.leave_line(self)
        self._watchers.wake()

    def _host(self, order: messages.Open) -> None:
        """Sends the run to its worker, or to a new one if it has none."""
        with self._change:
            self._mourning = order.resume
            self._hub.pool.place(self.id)
            self._hub.pool.send(order)
        self._watchers.tell()

    def _reopen(self, changes: list) -> None:
        with self._hub.lock, self._change:
            self.epoch += 1
            self.config, self.changes, self._shown, self._past = self.wanted, changes, 0, []
            self.fork, self.earlier = None, {}
            self._frame = (self._frame[0], None)  # Of the last start; nobody new shall see it.
            state = "playing" if self.active else "paused"
            self._told = messages.Status(self.id, self.epoch, state, "", 0, 0, 0, [], loading=True)
            self._version += 1
            if not self._hub.in_line(self):
                self.notice = ""
            self._host(self.order(playing=self.active))
        self._watchers.wake()

    def recall(self, earlier: dict) -> None:
        """Tells the page of another run of these settings: the `name` of its recording, its `iteration`, and if it is `live` here."""
        with self._change:
            if self.earlier == earlier:
                return
            self.earlier = earlier
            self._version += 1
        self._watchers.wake()

    def say(self, notice: str) -> None:
        """Shows one sentence from the server on the run's page; an empty one takes it away."""
        with self._change:
            if self.notice == notice:
                return
            self.notice = notice
            self._version += 1
        self._watchers.wake()
