"""A recording as a run that nobody here trains: to be watched, also while it grows, looked back on and forked.

Any thread may call anything here. While somebody watches, a thread of its own asks the file for news.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record import writer
from gancore.record.reader import END, Reader
from gancore.record.replay import Replay
from gancore.record.store import RecordingError
from gancore.record.table import scalars_csv
from gancore.run.foreign import Foreign
from gancore.run.watchers import Watchers

ASK = 0.2  # Seconds between two looks at a file: with a commit every second, what a reader is behind.
STATES = {writer.LIVE: "playing", writer.SILENT: "paused", writer.GONE: "failed", writer.CLOSED: "finished"}


class Recorded:
    """What a page asks of a session, answered by a file. It has no key: there is nothing to steer.

    `foreign` is what a watched loop tells of itself, and then there is no `config`.
    """

    key = ""
    loading = False

    def __init__(self, path: Path):
        """Raises `RecordingError` if it cannot be read, `BadKnob` if it is of no run that could be shown here."""
        self.id, self.path = path.stem, path
        self.epoch = 0
        self._lock, self._following = threading.RLock(), False
        self._watchers = Watchers(lambda probes: None)
        self._seen: Any = None  # What the file looked like when it was last read.
        self._replay: Replay | None = None  # Open while somebody watches.
        self._frame: tuple[int, bytes | None] = (0, None)
        self._status: tuple[int, dict] = (0, {})
        self._shown, self._counts = -1, {"d_updates": 0, "g_updates": 0}
        self.foreign: Foreign | None = None
        self.config: Config | None = None
        self._created, self.parent = 0.0, ""
        with Replay(path) as replay:
            self._read(replay)

    # -- what readers ask ---------------------------------------------------------------------------------------

    def newest(self) -> tuple[int, bytes | None]:
        """The last frame, and its version."""
        return self._frame

    def status(self) -> tuple[int, dict]:
        """What the browser gets of the run, and the version of that."""
        return self._status

    @property
    def state(self) -> str:
        return self._status[1]["state"]

    @property
    def iteration(self) -> int:
        return self._status[1]["iteration"]

    @property
    def events(self) -> list[tuple[int, str]]:
        """What was changed or noted when."""
        return [(event["iteration"], event["what"]) for event in self._status[1]["events"]]

    def running(self) -> Config | None:
        """The settings at its end."""
        return self.config and after(self.config, self.events, self.iteration)

    def scalars_csv(self) -> Iterator[str]:
        return scalars_csv(self.path)

    # -- watching -----------------------------------------------------------------------------------------------

    def subscribe(self, wake: Callable[[], None], ttl: float | None = None) -> int:
        """Registers a reader; `wake()` is called from another thread on every news."""
        token = self._watchers.add(wake, ttl)
        with self._lock:
            if not self._following:
                self._following = True
                threading.Thread(target=self._follow, daemon=True, name=f"follow {self.id}").start()
        return token

    def look(self, token: int, probes: set[str], ttl: float | None = None) -> None:
        """A recording shows what was looked at when it was made; a reader with `ttl` says that it is still there."""
        self._watchers.look(token, probes, ttl)

    def unsubscribe(self, token: int) -> None:
        self._watchers.remove(token)

    def refresh(self) -> None:
        """Takes in what was written since the last time. Raises `RecordingError` if it cannot be read any more."""
        with self._lock:
            seen = _stamp(self.path)
            if seen == self._seen:
                return self._say(self._told)
            if self._seen and seen[0] != self._seen[0]:
                self._let_go()  # Another file; while one is held open its number is not given away.
            if self._replay:
                return self._read(self._replay)
            with Replay(self.path) as replay:
                self._read(replay)

    # -- following ----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Until nobody watches any more."""
        while True:
            before = self._frame[0], self._status[0]
            try:
                with self._lock:
                    if not self._watchers.there():
                        self._following = False
                        return self._let_go()
                    self._replay = self._replay or Replay(self.path)
                self.refresh()
            except RecordingError as error:
                self._let_go()
                self._tell({**self._status[1], "state": "failed", "detail": str(error)})
            if (self._frame[0], self._status[0]) != before:
                self._watchers.wake()
            time.sleep(ASK)

    def _let_go(self) -> None:
        with self._lock:
            if self._replay:
                self._replay.close()
            self._replay = None

    def _read(self, replay: Replay) -> None:
        self._seen = _stamp(self.path)  # Taken first: what comes while it is read is read once more.
        reader, last = replay.reader, replay.last
        if reader.created != self._created:  # another run under the same name
            self.epoch += self._created > 0
            self._created, self._shown = reader.created, -1
            self.foreign = Foreign.of(reader)
            self.config = None if self.foreign else Config.from_flat(reader.config)
            forked = reader.fact("parent")
            self.parent = str(forked.get("recording", "")) if isinstance(forked, dict) else ""
        if self.foreign and not self.foreign.real:  # its first frame had not been written yet
            self.foreign = Foreign.of(reader)
        at = reader.frame_at(END)  # a frame may come ahead of its iteration's scalars
        if (at if at is not None else last) != self._shown or not self._frame[0]:
            self._show(replay.frame(END))
        events = [{"iteration": event["iteration"], "what": event["what"]} for event in reader.events()]
        self._told = {
            "name": reader.fact("name"), "writer": reader.fact(writer.FACT), "created": reader.created,
            "iteration": max(last, at or 0), "events": events, "kept": reader.kept(),
        }  # fmt: skip
        self._say(self._told)

    def _show(self, frame: Frame | None) -> None:
        if not frame:
            self._frame = (self._frame[0] + 1, None)
            return
        # To the page the last frame is how the run stands, not something to look back on.
        now = Frame(frame.iteration, frame.arrays, {**frame.info, "replay": False})
        self._counts = {name: int(frame.info.get(name, 0)) for name in ("d_updates", "g_updates")}
        self._shown, self._frame = frame.iteration, (self._frame[0] + 1, now.encode())

    def _say(self, told: dict[str, Any]) -> None:
        """The status, from what the file says and from how its writer does."""
        standing = writer.standing(told["writer"], writer.age(self.path))
        self._tell({
            "type": "status", "epoch": self.epoch, "state": STATES[standing], "iteration": told["iteration"],
            "detail": self._sentence(standing, told), "events": told["events"], "loading": False, "progress": None,
            "kept": told["kept"], **self._counts,
        })  # fmt: skip

    def _tell(self, status: dict[str, Any]) -> None:
        version, before = self._status
        if {**before, "version": 0} != {**status, "version": 0}:
            self._status = version + 1, {**status, "version": version + 1}

    def _sentence(self, standing: str, told: dict[str, Any]) -> str:
        name = told["name"] if isinstance(told["name"], str) and told["name"] else self.foreign and self.foreign.name
        heard = time.strftime("%H:%M:%S", time.localtime(time.time() - writer.age(self.path)))
        day = time.strftime("%d %B %Y, %H:%M", time.localtime(told["created"]))
        named = f"“{name}”" if name else "This run"
        back = "Move the slider to look back" + ("." if self.foreign else ", or fork it to play on.")
        said = {
            writer.LIVE: f"Live: {named} is being recorded now, and followed here. {back}",
            writer.SILENT: f"No news since {heard}: {named} rests, or is busy with something else.",
            writer.GONE: f"{named} ended without closing its recording, as if killed: the last news came at {heard}. {back}",
            writer.CLOSED: f"{f'{named}, a' if name else 'A'} recording of {day}. {back}",
        }[standing]  # fmt: skip
        faults = [event["what"] for event in told["events"] if self.foreign and event["what"].startswith("watch")]
        return f"{said} {faults[-1][0].upper()}{faults[-1][1:]}." if faults else said


def _stamp(path: Path) -> tuple:
    """What changes when a file is written, or is another one."""
    found: list[Any] = []
    for ending in ("", "-wal"):
        try:
            stat = os.stat(path.with_name(path.name + ending))
            found += [stat.st_ino, stat.st_mtime_ns, stat.st_size]
        except OSError:
            found.append(None)
    return tuple(found)


def after(config: Config, events: list[tuple[int, str]], iteration: int) -> Config:
    """The settings in force at `iteration`, when these `(iteration, "address=value")` had happened."""
    for at, what in events:
        address, _, value = what.partition("=")
        if at <= iteration and address != "step":
            try:
                config = config.with_(address, value)
            except BadKnob:
                continue  # Not a setting: a note of another program's.
    return config


def known(path: Path) -> Config | None:
    """The settings of a recording, if it is one of a run that can be shown here."""
    try:
        with Reader(path) as reader:
            return Config.from_flat(reader.config)
    except (OSError, BadKnob):
        return None
