"""A recording as a run that nobody trains: to be watched, looked back on and forked. Any thread may call anything here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.reader import Reader
from gancore.record.replay import Replay
from gancore.record.table import scalars_csv


class Recorded:
    """What a page asks of a session, answered by a file. It has no key: there is nothing to steer."""

    key = ""
    epoch, state, loading = 0, "finished", False

    def __init__(self, path: Path):
        """Raises `RecordingError` if it cannot be read, `BadKnob` if it is of no run that could be shown here."""
        self.id, self.path = path.stem, path
        with Replay(path) as replay:
            self.config = Config.from_flat(replay.reader.config)
            self.iteration = replay.last
            self.events = [(event["iteration"], event["what"]) for event in replay.reader.events()]
            self._kept, self._name = replay.reader.kept(), replay.reader.fact("name")
            self._created = replay.reader.created
            forked = replay.reader.fact("parent")
            self.parent = str(forked.get("recording", "")) if isinstance(forked, dict) else ""
            frame = replay.frame(self.iteration)
        if frame:  # To the page the last frame is how the run stands, not something to look back on.
            frame = Frame(frame.iteration, frame.arrays, {**frame.info, "replay": False})
        self._frame = frame.encode() if frame else None
        self._counts = {name: int(frame.info.get(name, 0)) if frame else 0 for name in ("d_updates", "g_updates")}

    def newest(self) -> tuple[int, bytes | None]:
        """The last frame."""
        return 1, self._frame

    def status(self) -> tuple[int, dict]:
        """What the browser gets of a finished run."""
        day = time.strftime("%d %B %Y, %H:%M", time.localtime(self._created))
        named = f"“{self._name}”, a" if isinstance(self._name, str) and self._name else "A"
        return 1, {
            "type": "status", "version": 1, "epoch": 0, "state": "finished", "iteration": self.iteration,
            "detail": f"{named} recording of {day}. Move the slider to look back, or fork it to play on.",
            "events": [{"iteration": at, "what": what} for at, what in self.events],
            "loading": False, "progress": None, "kept": self._kept, **self._counts,
        }  # fmt: skip

    def running(self) -> Config:
        """The settings at its end."""
        return after(self.config, self.events, self.iteration)

    def scalars_csv(self) -> Iterator[str]:
        return scalars_csv(self.path)

    def subscribe(self, wake: Callable[[], None], ttl: float | None = None) -> int:
        """Nothing ever changes, so nobody is woken."""
        return 0

    def look(self, token: int, probes: set[str], ttl: float | None = None) -> None:
        """A recording shows what was looked at when it was made."""

    def unsubscribe(self, token: int) -> None:
        """See `subscribe`."""


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
