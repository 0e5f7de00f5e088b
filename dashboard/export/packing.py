"""A recording's frames and curves as the bytes that a replay carries: what is the same in two frames is there once.

It is one `Frame` itself: its arrays are the pool `0`, `1`, ..., its `info` says which frame is made of which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from gancore.observe.frame import Frame
from gancore.observe.history import History, upper
from gancore.record.replay import CHUNK, Replay

BUCKETS = 1000  # of a curve over the whole run, two points each: as fine as a screen is wide
POINTS = 2000  # of a line that was measured now and then


def packed(replay: Replay, moments: Sequence[int], tell: Callable[[int], None]) -> Frame:
    """The frames of these iterations. `tell(n)` hears how many are in."""
    pool = Pool()
    frames = []
    for done, iteration in enumerate(moments):
        tell(done)
        data = replay.reader.frame(iteration)
        kept = Frame.decode(data) if data else Frame(iteration, {})
        arrays = {name: pool.add(array) for name, array in kept.arrays.items()}
        numbers = {k: v for k, v in kept.info.items() if k in ("d_updates", "g_updates", "elapsed")}
        frames.append({"iteration": iteration, "arrays": arrays, "info": numbers})
    lines = {name: [pool.add(part) for part in line] for name, line in curves(replay).items()}
    always = {"time": pool.add(np.array([0.0, upper(replay.last)]))}
    return Frame(replay.last, pool.arrays, {"frames": frames, "lines": lines, "always": always})


class Pool:
    """Arrays by number, none twice."""

    def __init__(self):
        self.arrays: dict[str, np.ndarray] = {}
        self._known: dict[bytes, int] = {}

    def add(self, array: np.ndarray) -> int:
        array = np.asarray(array)
        said = hashlib.sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).digest()
        at = self._known.setdefault(said, len(self.arrays))
        self.arrays.setdefault(str(at), array)
        return at


def curves(replay: Replay) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Iterations and values of every line over time, to be cut off at the moment that is shown."""
    history = History(replay.reader.names, buckets=BUCKETS)
    at, last = 1, replay.last
    while at <= last:
        iterations, values = replay.reader.scalars(at, at + CHUNK - 1)
        if not len(iterations):
            break
        history.append(values, int(iterations[0]))
        at = int(iterations[-1]) + 1
    lines = {name: (x.astype(np.float32), y) for name, (x, y) in (history.read_all() if len(history) else {}).items()}
    measured: dict[str, list[tuple[int, float]]] = {}
    for iteration, name, value in replay.reader.measured():
        measured.setdefault(name, []).append((iteration, np.nan if value is None else value))
    for name, points in measured.items():
        step = -(-len(points) // POINTS)
        thin = points[::step] + points[-1:] * ((len(points) - 1) % step > 0)
        lines[name] = tuple(np.array(thin, np.float32).T.copy())
    return lines
