"""A run on disk: one SQLite file that grows while it is read, and that a killed worker leaves whole.

One worker process writes a recording, in one thread; any number of processes and threads may read it meanwhile. What
was handed over is on disk within a second and survives `kill -9` from then on. Nothing is unpickled.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors.torch
import torch

from gancore.record import store
from gancore.record.store import RecordingError, kindly, transaction

__all__ = ["Reader", "Recording", "RecordingError", "runs_folder"]

COMMIT_EVERY = 0.9  # seconds; with the worker's slice and the commit itself this keeps the promise of one second
ROWS = 4096  # iterations in one block at most
CHECKPOINTS = 2  # kept: the newest and the one before it
END = 2**62  # beyond every iteration


def runs_folder() -> Path:
    """Where recordings live: `GANSCOPE_RUNS`, else the user's cache folder. It need not exist yet."""
    if chosen := os.environ.get("GANSCOPE_RUNS"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ganscope" / "runs"


class Recording:
    """The writer. A `RecordingError` loses nothing and leaves nothing half written: the next commit tries again."""

    def __init__(self, path: Path, database: sqlite3.Connection):
        self.path, self._db = path, database
        self.names: tuple[str, ...] = tuple(store.facts(database)["names"])
        self._next = self._after_last()
        self._blocks: list[tuple[int, np.ndarray]] = []
        self._events: list[tuple[int, str, float]] = []
        self._frames: list[tuple[int, float, bytes]] = []
        self._committed = time.monotonic()

    @classmethod
    def create(cls, path: str | Path, config: dict[str, Any], names: tuple[str, ...]) -> Self:
        """A new recording of a run with this flat config, whose scalars are called `names`."""
        path = Path(path)
        with kindly(path, "write"):
            store.create(path, {"created": time.time(), "config": config, "names": list(names)})
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """An existing recording, continued by the worker that owns it from now on."""
        path = Path(path)
        with kindly(path, "read"):
            database = store.connect(path, "rw")
            made = cls(path, database)
        with kindly(path, "write"):
            store.let_grow(database)
        return made

    def scalars(self, first_iteration: int, block: np.ndarray) -> None:
        """Hands over `block` (n, names) float32, a row per iteration; `first_iteration` has to follow the last one."""
        if block.ndim != 2 or block.shape[1] != len(self.names):
            raise ValueError(f"a block of shape {block.shape} came: give (n, {len(self.names)}) of {self.names}")
        if self._next is not None and first_iteration != self._next:
            raise ValueError(f"iteration {first_iteration} came: the next one is {self._next}")
        if len(block):
            self._blocks.append((int(first_iteration), np.array(block, "<f4")))
            self._next = int(first_iteration) + len(block)
        self.tick()

    def event(self, iteration: int, what: str) -> None:
        """Tells something that the reader of a curve wants to know: a knob turned, a pause, a verdict."""
        self._events.append((int(iteration), what, time.time()))
        self.tick()

    def frame(self, iteration: int, payload: bytes) -> None:
        """Hands over an encoded `Frame`; a later one of the same iteration takes its place."""
        self._frames.append((int(iteration), time.time(), zlib.compress(payload, 1)))
        self.tick()

    def checkpoint(self, iteration: int, tensors: dict[str, torch.Tensor], extra: dict[str, Any] | None = None) -> None:
        """Stores the run's state after `iteration`, in one transaction with all scalars and events before it."""
        plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        payload, about = safetensors.torch.save(plain), json.dumps(extra or {})
        with kindly(self.path, "write"), transaction(self._db):
            self._write_waiting()
            keep = "SELECT iteration FROM checkpoints WHERE iteration < ? ORDER BY iteration DESC LIMIT ?"
            self._db.execute(f"DELETE FROM checkpoints WHERE iteration NOT IN ({keep})", (iteration, CHECKPOINTS - 1))
            self._db.execute("INSERT INTO checkpoints VALUES (?, ?, ?, ?)", (iteration, time.time(), payload, about))
        self._forget_waiting()

    def truncate(self, iteration: int) -> None:
        """Forgets what came after `iteration`: a run that goes on from a checkpoint has one past, not two."""
        with kindly(self.path, "write"), transaction(self._db):
            self._write_waiting()
            for table, when in (
                ("events", "iteration"),
                ("frames", "iteration"),
                ("checkpoints", "iteration"),
                ("scalars", "first_iteration"),
            ):
                self._db.execute(f"DELETE FROM {table} WHERE {when} > ?", (iteration,))
            first, n, block = self._db.execute("SELECT max(first_iteration), n, block FROM scalars").fetchone()
            if first is not None and first + n > iteration + 1:
                n = iteration + 1 - first
                cut = block[: n * 4 * len(self.names)]
                self._db.execute("UPDATE scalars SET n = ?, block = ? WHERE first_iteration = ?", (n, cut, first))
        self._forget_waiting()
        self._next = self._after_last()

    def tick(self) -> None:
        """Commits if it is time to. Call it at least ten times a second, also while the run is paused."""
        if time.monotonic() - self._committed >= COMMIT_EVERY:
            self.commit()

    def commit(self) -> None:
        """Puts everything handed over on disk, now."""
        if self._blocks or self._events or self._frames:
            with kindly(self.path, "write"), transaction(self._db):
                self._write_waiting()
        self._forget_waiting()

    def close(self) -> None:
        """Commits, and if nobody reads leaves one plain file that can be sent around."""
        try:
            self.commit()
            store.fold(self._db)
        finally:
            self._db.close()

    def _after_last(self) -> int | None:
        query = "SELECT first_iteration + n FROM scalars ORDER BY first_iteration DESC LIMIT 1"
        row = self._db.execute(query).fetchone()
        return row and row[0]

    def _write_waiting(self) -> None:
        if self._blocks:
            first, rows = self._blocks[0][0], np.concatenate([block for _, block in self._blocks])
            pieces = [(first + i, rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)]
            self._db.executemany("INSERT INTO scalars VALUES (?, ?, ?)", [(i, len(r), r.tobytes()) for i, r in pieces])
        self._db.executemany("INSERT INTO events (iteration, what, wall) VALUES (?, ?, ?)", self._events)
        self._db.executemany("INSERT OR REPLACE INTO frames VALUES (?, ?, ?)", self._frames)

    def _forget_waiting(self) -> None:
        self._blocks, self._events, self._frames = [], [], []
        self._committed = time.monotonic()


class Reader:
    """Looks into a recording, finished or growing, without ever writing to it. May be passed between threads.

    Every answer is consistent in itself; between two answers the worker may have committed.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        with kindly(self.path, "read"):
            self._db = store.connect(self.path, "ro")
            facts = store.facts(self._db)
        self.config: dict[str, Any] = facts["config"]
        self.names: tuple[str, ...] = tuple(facts["names"])
        self.created: float = facts["created"]  # seconds since 1970

    def events(self) -> list[dict[str, Any]]:
        """`iteration`, `what` and `wall` (seconds since 1970) of every event, in the order in which they were told."""
        rows = self._ask("SELECT iteration, what, wall FROM events ORDER BY seq")
        return [{"iteration": iteration, "what": what, "wall": wall} for iteration, what, wall in rows]

    def scalars(self, first: int = 0, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Iterations (n,) int64 and values (n, names) float32 from iteration `first` to `last`, both included."""
        stop = END if last is None else last + 1
        holds_first = "SELECT max(first_iteration) FROM scalars WHERE first_iteration <= ?"
        rows = self._ask(
            f"SELECT first_iteration, n, block FROM scalars WHERE first_iteration >= ifnull(({holds_first}), ?)"
            " AND first_iteration < ? ORDER BY first_iteration",
            (first, first, stop),
        )
        values = np.frombuffer(bytearray().join(block for _, _, block in rows), "<f4").reshape(-1, len(self.names))
        iterations = np.concatenate([np.zeros(0, np.int64), *(np.arange(start, start + n) for start, n, _ in rows)])
        wanted = slice(*np.searchsorted(iterations, (first, stop)))
        return iterations[wanted], values[wanted]

    def frames(self) -> list[int]:
        """The iterations of which a frame was kept, in order of time."""
        return [iteration for (iteration,) in self._ask("SELECT iteration FROM frames ORDER BY iteration")]

    def frame(self, iteration: int) -> bytes | None:
        """The encoded frame of this iteration or, where none was kept, of the last one before it."""
        query = "SELECT payload FROM frames WHERE iteration <= ? ORDER BY iteration DESC LIMIT 1"
        with kindly(self.path, "read"):
            for (payload,) in self._ask(query, (iteration,)):
                return zlib.decompress(payload)
        return None

    def last_checkpoint(self) -> tuple[int, dict[str, torch.Tensor], dict[str, Any]] | None:
        """Iteration, tensors (on the CPU) and extra facts of the newest checkpoint."""
        rows = self._ask("SELECT iteration, payload, extra FROM checkpoints ORDER BY iteration DESC LIMIT 1")
        with kindly(self.path, "read"):
            for iteration, payload, extra in rows:
                return iteration, safetensors.torch.load(payload), json.loads(extra)
        return None

    def iterations(self) -> int:
        """How many iterations are recorded."""
        return self._ask("SELECT ifnull(sum(n), 0) FROM scalars")[0][0]

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, query: str, values: tuple = ()) -> list[tuple]:
        with kindly(self.path, "read"):
            return self._db.execute(query, values).fetchall()
