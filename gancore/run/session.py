"""One run as the server knows it: who watches, what is wanted, what was last told. Any thread may call anything here."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from gancore.catalog import text
from gancore.config import Config, live
from gancore.record.recording import Reader
from gancore.run import messages
from gancore.run.pace import Pace

ACK = 0.4  # Seconds a change waits for the worker's word on when it took effect.


class Session:
    """A run's side of the server. `id` lets anybody watch; `key` lets its owner control."""

    def __init__(self, hub, folder: Path, config: Config, pace: Pace, changes: list[tuple[int, str]]):
        self.id, self.key = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        self.config, self.wanted, self.pace, self.changes = config, config, pace, changes
        self.epoch = 0
        self.active = False  # Holds one of the places for playing runs.
        self.resting = False  # Paused because nobody watched; goes on when somebody does.
        self.notice = ""  # What the server has to say about this run; it goes before what the worker says.
        self.deaths: list[float] = []
        self._mourning = False
        self.last_seen = time.monotonic()
        self._hub, self._folder = hub, folder
        self._change = threading.Condition()
        self._frame: tuple[int, bytes | None] = (0, None)
        self._told = messages.Status(self.id, 0, "paused", "", 0, 0, 0, [], loading=True)
        self._version = self._shown = 0
        self._watchers: dict[int, tuple[Callable, frozenset[str], float | None]] = {}
        self._tokens = itertools.count()

    @property
    def path(self) -> Path:
        """Where the current start of this run is recorded."""
        return self._folder / f"{self.id}-{self.epoch}.sqlite"

    # -- what readers ask ---------------------------------------------------------------------------------------

    def newest(self) -> tuple[int, bytes | None]:
        """The newest frame and its version. Readers who are slow skip what lay between."""
        return self._frame

    def status(self) -> tuple[int, dict]:
        """Where the run stands, as the browser gets it, and the version of that."""
        with self._change:
            told = asdict(self._told) | {"type": "status", "version": self._version, "iteration": self.iteration}
            told["detail"] = self.notice or told["detail"]
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
        reader = Reader(self.path)
        yield ",".join(["iteration", *reader.names]) + "\n"
        first = 0
        while True:
            iterations, values = reader.scalars(first, first + 9_999)
            if not len(iterations) and first > reader.iterations():
                return
            for iteration, row in zip(iterations.tolist(), values.tolist()):
                yield f"{iteration}," + ",".join(repr(value) for value in row) + "\n"
            first += 10_000

    # -- watching -----------------------------------------------------------------------------------------------

    def subscribe(self, wake: Callable[[], None], ttl: float | None = None) -> int:
        """Registers a reader; `wake()` is called from another thread on every news. With `ttl` (seconds) it must keep looking."""
        with self._change:
            token = next(self._tokens)
            self._watchers[token] = (wake, frozenset(), ttl and time.monotonic() + ttl)
        self.seen()
        return token

    def look(self, token: int, probes: set[str], ttl: float | None = None) -> None:
        """Says which probes this reader draws."""
        with self._change:
            if token not in self._watchers:
                return
            self._watchers[token] = (self._watchers[token][0], frozenset(probes), ttl and time.monotonic() + ttl)
        self.tell_watch()

    def unsubscribe(self, token: int) -> None:
        with self._change:
            self._watchers.pop(token, None)
        self.tell_watch()

    def watched(self) -> bool:
        """Whether anybody is there. Readers that stopped looking are forgotten here."""
        now = time.monotonic()
        with self._change:
            for token in [t for t, (_, _, until) in self._watchers.items() if until and until < now]:
                del self._watchers[token]
            there = bool(self._watchers)
        if there:
            self.last_seen = now
        return there

    def seen(self) -> None:
        """Somebody is there: a resting run goes on."""
        self.last_seen = time.monotonic()
        if self.resting:
            self.play()

    def tell_watch(self) -> None:
        with self._change:
            probes = sorted(set().union(*(wanted for _, wanted, _ in self._watchers.values())))
        self._hub.pool.send(messages.Watch(self.id, probes))

    # -- control ------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Starts or resumes, or takes a place in the line if the machine is full."""
        self.resting = False
        if self._hub.admit(self):
            self._say("")
            self._hub.pool.send(messages.Play(self.id))

    def pause(self) -> None:
        self.resting = False
        self._hub.leave_line(self)
        self._say("")
        self._hub.pool.send(messages.Pause(self.id))

    def rest(self) -> None:
        """Pauses until somebody looks again."""
        self.pause()
        self.resting = True
        self._say("Paused to free the processor: nobody was watching.")

    def step(self, which: str) -> None:
        """One iteration (`both`), or one update of one player (`d`, `g`)."""
        self.pause()
        self._hub.pool.send(messages.Step(self.id, which))

    def restart(self) -> None:
        """Begins anew with the settings as they are now; whether it plays stays as it was."""
        self._reopen(changes=[], playing=self.state == "playing")

    def want(self, config: Config) -> None:
        """Makes the settings these. Live ones act at once; others wait for a restart, or act at once if nothing was trained."""
        before, self.wanted = self.wanted, config
        if before == config:
            return
        untrained = self.iteration == self._told.d_updates == self._told.g_updates == 0
        if untrained and self.state != "playing":
            self._reopen(changes=self.changes, playing=False)
            return
        now = before
        for address, value in before.differences(config).items():
            if live(address) and now.flat().get(address) != value:
                now = now.with_(address, value)
                self._change_live(f"{address}={text(value)}")

    def set_pace(self, pace: Pace) -> None:
        if pace != self.pace:
            self.pace = pace
            self._hub.pool.send(messages.Pace(self.id, asdict(pace)))

    def pending(self) -> dict:
        """Settings that were changed and wait for a restart: address -> value."""
        return {a: v for a, v in self.config.differences(self.wanted).items() if not live(a)}

    def _change_live(self, what: str) -> None:
        expected = len(self._told.events) + 1
        self._hub.pool.send(messages.Change(self.id, what))
        with self._change:
            self._change.wait_for(lambda: len(self._told.events) >= expected, ACK)

    # -- the hub's side -----------------------------------------------------------------------------------------

    def order(self, playing: bool = False, resume: bool = False) -> messages.Open:
        """What a worker needs to host this run."""
        return messages.Open(
            self.id, self.epoch, self.config.flat(), self.changes, str(self.path), asdict(self.pace), resume, playing
        )

    def tell(self, message) -> None:
        """News from the worker. What belongs to an earlier start comes too late and is dropped."""
        if message.epoch != self.epoch:
            return
        with self._change:
            if isinstance(message, messages.NewFrame):
                self._frame = (self._frame[0] + 1, message.payload)
                self._shown = message.iteration
            else:
                self._adopt(message.events[len(self._told.events) :])
                self._told = message
                self._version += 1
                if self._mourning:  # The heir speaks for itself.
                    self._mourning, self.notice = False, ""
            self._change.notify_all()
        self._wake()

    def _adopt(self, events: list) -> None:
        """Changes that a link had planned become wishes too, so that the page shows them and a restart keeps them."""
        for _, what in events:
            address, _, value = what.partition("=")
            if address != "step":
                self.wanted = self.wanted.with_(address, value)

    def running(self) -> Config:
        """The settings in force: those of the last start, and every live change since."""
        live_now = {a: v for a, v in self.config.differences(self.wanted).items() if live(a)}
        return Config.from_flat(live_now, self.config)

    def bereaved(self) -> None:
        """The worker died and has an heir: go on from the last checkpoint, unless this run may be what kills them."""
        now = time.monotonic()
        self.deaths = [t for t in self.deaths if now - t < 60] + [now]
        if len(self.deaths) > 3:
            with self._change:
                self._told = messages.Status(
                    self.id, self.epoch, "failed", "Its worker died four times within a minute, so this run was not started again. Restart it with gentler settings.",
                    self._told.iteration, self._told.d_updates, self._told.g_updates, self._told.events,
                )  # fmt: skip
            self._hub.pool.release(self.id)
            self._say("")
            return
        self._say("The worker process died. Going on from the last checkpoint ...")
        self._mourning = True
        self._hub.pool.send(self.order(playing=self.active, resume=True))
        self.tell_watch()

    def _reopen(self, changes: list, playing: bool) -> None:
        with self._change:
            self.epoch += 1
            self.config, self.changes, self._shown = self.wanted, changes, 0
            self._told = messages.Status(
                self.id, self.epoch, "playing" if playing else "paused", "", 0, 0, 0, [], loading=True
            )
            self._version += 1
            self.notice = ""
        if self._hub.pool.host(self.id) is None:
            self._hub.pool.place(self.id)
        if not playing:
            self._hub.leave_line(self)
        self._hub.pool.send(self.order(playing=playing))
        self.tell_watch()
        self._wake()

    def _say(self, notice: str) -> None:
        with self._change:
            if self.notice == notice:
                return
            self.notice = notice
            self._version += 1
        self._wake()

    def say(self, notice: str) -> None:
        """Shows one sentence from the server on the run's page; an empty one takes it away."""
        self._say(notice)

    def _wake(self) -> None:
        with self._change:
            wakes = [wake for wake, _, _ in self._watchers.values()]
        for wake in wakes:
            wake()
