"""A sweep that is being played: its members are ordinary runs of the hub, and what they record is read as it grows.

Any thread may call anything here: several tabs may look at one sweep.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancore.observe.frame import Frame
from gancore.record.reader import Reader
from gancore.record.store import RecordingError
from gancore.run.hub import Hub
from gancore.run.pace import Pace
from gancore.run.session import Session
from gancore.run.sweep.bands import Thinned, grid, on_grid
from gancore.run.sweep.sweep import Sweep
from gancore.train.trainer import SCALARS

# A second at all members together: enough for verdicts. A look at the plane or at pictures takes longer than one at the line.
LOOKS = {"line": 32, "plane": 16, "images": 16}
TTL = 5.0  # seconds that a look counts as somebody being there
WINDOW = 3.0  # seconds over which the pace is told

# What is looked at: what the small pictures, the verdicts and the charts need, and nothing else.
PROBES = {
    "line": {"density", "quality", "health"},
    "plane": {"points", "sliced", "health"},
    "images": {"samples", "value", "health"},
}
MEASURED = {"line": "w1", "plane": "sw1", "images": "value"}


@dataclass(frozen=True, eq=False)
class Seen:
    """A member at a moment. `lines` (n, scalars) and `measured` (n,) are on the sweep's grid; the latter in units of the data's
    standard deviation where it is a distance."""

    label: str
    run: str
    state: str  # waiting, playing, paused, finished or failed
    detail: str
    iteration: int
    lines: np.ndarray
    measured: np.ndarray
    final: float  # the newest of what is measured
    verdicts: tuple[dict, ...]
    frame: Frame | None
    changed: bool  # somebody has turned a knob of it

    @property
    def verdict(self) -> tuple[str, str]:
        """Name and title of what is the matter, the first of all there is."""
        if self.state == "failed":
            diverged = "non-finite" in self.detail
            return ("divergence", "Diverged") if diverged else ("failed", "Failed")
        if self.verdicts:
            return self.verdicts[0]["name"], self.verdicts[0]["title"]
        return "too-early", "Too early to say"

    @property
    def ended(self) -> bool:
        """It came to an end before its time."""
        return self.state == "failed"


class Sweeping:
    """The members of one sweep, paused at first."""

    def __init__(self, hub: Hub, sweep: Sweep, owner: str = ""):
        self.sweep, self._hub, self._lock = sweep, hub, threading.Lock()
        self.grid = grid(sweep.until)
        pace = Pace(fps=max(1, min(4, LOOKS[sweep.base.data.page] // len(sweep.values))), until=sweep.until)
        runs: list[Session] = []
        for at, config in enumerate(sweep.configs):
            runs.append(hub.open(config, pace, owner=owner, facts=sweep.facts(at), beside=runs[0] if runs else None))
        self.runs = tuple(runs)
        self._tokens = [run.subscribe(lambda: None, ttl=TTL) for run in self.runs]
        self._read: dict[Path, Thinned] = {}
        self._paces: deque[tuple[float, int]] = deque()
        self.look()

    def here(self) -> bool:
        """Whether the server still has all members: those that nobody watches for long leave it."""
        return all(self._hub.find(run.id) is run for run in self.runs)

    def look(self) -> None:
        """Somebody is there. To be said again within `TTL` seconds."""
        for run, token in zip(self.runs, self._tokens):
            run.look(token, PROBES[self.sweep.base.data.page], ttl=TTL)

    def play(self) -> None:
        """All that are not at their end; who finds no place waits in line."""
        for run in self.runs:
            if run.state not in ("finished", "failed"):
                run.play()

    def pause(self) -> None:
        for run in self.runs:
            if run.state not in ("finished", "failed"):
                run.pause()

    @property
    def state(self) -> str:
        """Of all together: playing, paused or finished."""
        states = [self._state(run) for run in self.runs]
        if all(state in ("finished", "failed") for state in states):
            return "finished"
        return "playing" if {"playing", "waiting"} & set(states) else "paused"

    @property
    def progress(self) -> tuple[int, int, float]:
        """Iterations played and wanted by all, and how many a second go by."""
        done, now = sum(run.iteration for run in self.runs), time.monotonic()
        with self._lock:
            paces = self._paces
            paces.append((now, done))
            while now - paces[0][0] > WINDOW and len(paces) > 2:
                paces.popleft()
            rate = (done - paces[0][1]) / (now - paces[0][0]) if now > paces[0][0] else 0.0
        return done, self.sweep.until * len(self.runs), max(rate, 0.0)

    def seen(self) -> tuple[Seen, ...]:
        """Every member as it stands now."""
        with self._lock:
            return tuple(self._seen(label, run) for label, run in zip(self.sweep.labels, self.runs))

    def _seen(self, label: str, run: Session) -> Seen:
        told = run.status()[1]
        payload = run.newest()[1]
        frame = Frame.decode(payload) if payload else None
        x, y = measured(run, frame)
        said = frame.arrays.get("health") if frame else None
        known = y[np.isfinite(y)]
        return Seen(
            label, run.id, self._state(run), told["detail"], run.iteration,
            self._thinned(run.path).lines(), on_grid(self.grid, x, y), float(known[-1]) if len(known) else math.nan,
            tuple(json.loads(said.tobytes())) if said is not None else (), frame, bool(run.events),
        )  # fmt: skip

    def _state(self, run: Session) -> str:
        return "waiting" if self._hub.in_line(run) else run.state

    def _thinned(self, path: Path) -> Thinned:
        """What this recording holds by now, read on from where it was left."""
        kept = self._read.setdefault(path, Thinned(self.grid, len(SCALARS)))
        if kept.next > self.sweep.until:
            return kept
        try:
            with Reader(path) as reader:
                iterations, rows = reader.scalars(kept.next, self.sweep.until)
        except RecordingError:  # it is still being made
            return kept
        if len(rows):
            kept.take(int(iterations[0]), rows)
        return kept


def measured(run: Session, frame: Frame | None) -> tuple[np.ndarray, np.ndarray]:
    """Iterations (m,) and values (m,) of what is measured of a run: its distance to the data in the data's σ, or V(G, D)."""
    data = run.config.data
    name = MEASURED[data.page]
    if frame is None or name not in frame.arrays:
        return np.zeros(0), np.zeros(0)
    unit = data.open().scale if data.page != "images" else 1.0
    at = frame.arrays[f"{name}_t"]
    return at.astype(float), frame.arrays[name].astype(float) / unit
