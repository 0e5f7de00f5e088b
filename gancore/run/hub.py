"""Where all runs of this server meet: one writer each, many readers, and a fair line when the machine is full.

One hub per process; any thread may call it. A thread of its own looks after runs that nobody watches.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.diagnoses.shelf import Cure
from gancore.record.library import empty_deleted, prune
from gancore.record.recording import runs_folder
from gancore.run.messages import Status
from gancore.run.pace import Pace
from gancore.run.pool import LocalPool
from gancore.run.recorded import Recorded
from gancore.run.session import Session
from gancore.train.engines.hands import cores

REST = 10.0  # Seconds without a watcher after which a playing run pauses.
FORGET = 900.0  # Seconds without a watcher after which a run leaves the server; its recording stays.
NAME = re.compile(r"[\w-][\w.-]{0,99}")  # of a recording: never a way out of its folder
PER_WORKER = 20  # Playing runs one worker takes before newcomers wait in line.


class Hub:
    """Sessions by id, and the pool that trains them."""

    def __init__(self, workers: int | None = None, per_worker: int = PER_WORKER, rest: float = REST):
        workers = workers or cores()
        self.sessions: dict[str, Session] = {}
        self.capacity = workers * per_worker
        self.lock = threading.RLock()  # Around who plays and who waits. Taken before a session's own lock, never after.
        self.folder = runs_folder()
        self.follow: Path | None = None  # a folder of recordings that others write, or one: shown, never touched
        empty_deleted(self.folder)
        prune(self.folder)
        self.rest = rest
        self._line: list[Session] = []
        self._closed = threading.Event()
        self.pool = LocalPool(workers, self._hear, self._bereaved)
        threading.Thread(target=self._look_after, daemon=True, name="hub").start()

    def warm(self, timeout: float) -> bool:
        """Waits, at most so many seconds, until a run would start at once. False if it would not."""
        return self.pool.warm(timeout)

    def open(
        self,
        config: Config,
        pace: Pace | None = None,
        changes: list[tuple[int, str]] | None = None,
        fork: list | None = None,
        owner: str = "",
        facts: dict[str, str] | None = None,
        beside: Session | None = None,
    ) -> Session:
        """A new run, paused: untrained, or with a `fork`, [path, iteration], where that recording was then.

        `beside` is a run in whose company it might be played.
        """
        session = Session(self, self.folder, config, pace or Pace(), changes or [], fork, owner, facts)
        with self.lock:
            self.sessions[session.id] = session
        self.pool.place(session.id, beside.id if beside else "")
        self.pool.send(session.order())
        return session

    def fork(self, run: Session | Recorded, iteration: int, owner: str = "", change: str = "") -> Session:
        """A new run that stands where `run` stood after `iteration`, bit for bit, and then makes this change, if any.

        The parent stays as it is.
        """
        iteration = max(0, min(iteration, run.iteration))
        done = [event for event in run.events if event[0] <= iteration] + [(iteration, change)] * bool(change)
        pace = getattr(run, "pace", Pace())
        pace = replace(pace, until=pace.until if pace.until > iteration else 0)
        return self.open(run.config, pace, done, [str(run.path), iteration], owner)

    def cure(self, run: Session | Recorded, cure: Cure, iteration: int, owner: str = "") -> Session:
        """A fork that makes the one change of a cure, and knows what should come of it by when."""
        child = self.fork(run, iteration, owner, cure.change)
        at = max(0, min(iteration, run.iteration))
        child.aim = {"change": cure.change, "expect": cure.expect, "at": at, "by": at + cure.within}
        return child

    def find(self, run_id: str) -> Session | Recorded | None:
        """The run with this id, live or recorded, or None."""
        return self.sessions.get(run_id) or self._recorded(run_id)

    def recordings(self) -> list[Path]:
        """All that can be looked at: what is followed, then what is in our own folder."""
        own = self.folder.glob("*.sqlite")
        return list(dict.fromkeys([*self.followed(), *own]))

    def followed(self) -> list[Path]:
        """The recordings that others write, as there are now."""
        if self.follow is None:
            return []
        return [self.follow] if self.follow.is_file() else sorted(self.follow.glob("*.sqlite"))

    def _recorded(self, name: str) -> Recorded | None:
        """The recording of this name, as it is now."""
        if not NAME.fullmatch(name):
            return None
        near = [path for path in self.followed() if path.stem == name]
        for path in [*near, self.folder / f"{name}.sqlite"]:
            with suppress(OSError, BadKnob):
                found = _opened(path, path.stat().st_ino)
                found.refresh()
                return found
        return None

    def hosts(self, session: Session) -> bool:
        """Whether a worker has this run."""
        return self.pool.host(session.id) is not None

    def in_line(self, session: Session) -> bool:
        """Whether this run waits for a place."""
        return session in self._line

    def admit(self, session: Session) -> bool:
        """Gives a place for playing, or one in the line. True if it may play now."""
        with self.lock:
            if self.sessions.get(session.id) is not session:
                return False
            if not session.active and self._free() > 0:
                session.active = True
            if session.active:
                return True
            if session not in self._line:
                self._line.append(session)
            self._announce()
            return False

    def leave_line(self, session: Session) -> None:
        """Gives back the place, playing or waiting, and lets the next ones in."""
        with self.lock:
            session.active = False
            if session in self._line:
                self._line.remove(session)
            while self._line and self._free() > 0:
                self._line.pop(0).play()
            self._announce()

    def forget(self, session: Session) -> None:
        """Takes a run off the server."""
        with self.lock:
            self.sessions.pop(session.id, None)
            self.leave_line(session)
            self.pool.release(session.id)

    def close(self) -> None:
        """Sends the workers home; recordings are whole when this returns."""
        self._closed.set()
        self.pool.close()

    def _free(self) -> int:
        return self.capacity - sum(session.active for session in self.sessions.values())

    def _announce(self) -> None:
        for place, session in enumerate(self._line, 1):
            session.say(
                f"{ordinal(place)} in line: {self.capacity} runs are training on this machine. Yours starts by itself."
            )

    def _hear(self, message) -> None:
        session = self.sessions.get(getattr(message, "run", None))
        if session is None:
            return
        session.tell(message)
        if not isinstance(message, Status):
            return
        with self.lock:
            if message.epoch != session.epoch:
                return
            if session.active and message.state in ("finished", "failed"):
                self.leave_line(session)
            elif not session.active and message.state == "playing" and session.asked_to_play:
                session.active = True  # It was told to play on in the moment in which it stopped by itself.

    def _bereaved(self, runs: list[str]) -> None:
        for run in runs:
            if session := self.sessions.get(run):
                session.bereaved()

    def _look_after(self) -> None:
        while not self._closed.wait(1.0):
            for session in list(self.sessions.values()):
                self._look_after_one(session)

    def _look_after_one(self, session: Session) -> None:
        if session.watched():
            session.seen()
            return
        unseen = time.monotonic() - session.last_seen
        busy = session.active or self.in_line(session)
        if busy and session.pace.keep:
            return
        if unseen > FORGET:
            self.forget(session)
        elif busy and unseen > self.rest:
            session.rest()


@lru_cache(maxsize=32)
def _opened(path: Path, inode: int) -> Recorded:
    return Recorded(path)


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th ... 11th, 12th, 13th ... 21st."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
