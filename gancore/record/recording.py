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
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from gancore.record import store, writer
from gancore.record.reader import Reader
from gancore.record.store import RecordingError, kindly, transaction
from gancore.record.tensors import pieces
from gancore.record.thinning import HOW, spare

__all__ = ["Reader", "Recording", "RecordingError", "runs_folder"]

COMMIT_EVERY = 0.9  # seconds; with the worker's slice and the commit itself this keeps the promise of one second
ROWS = 4096  # iterations in one block at most
CHECKPOINTS, CHECKPOINT_ROOM = 160, 64 << 20  # kept at most, and bytes for all; the newest two in any case
FRAME_ROOM = 48 << 20  # bytes for all frames of a run; half-empty pages come on top once some were thinned out
SPARED = 0.1  # of the room for frames is freed at a time: thinning them one by one would take longer than writing them


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
        self._forget_waiting()
        self._count_frames(store.facts(database).get("frames", {}).get("made", 0))

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
            store.tell(database, writer.FACT, writer.me())
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

    def measured(self, iteration: int, values: dict[str, float]) -> None:
        """Hands over what was measured at `iteration`, beside the scalars, which every iteration has. NaN is a gap."""
        self._measured += [(int(iteration), name, float(value)) for name, value in values.items()]
        self.tick()

    def tell(self, key: str, value: Any) -> None:
        """Notes a fact about the run as a whole, such as its `name`, at once."""
        with kindly(self.path, "write"):
            store.tell(self._db, key, value)

    def checkpoint(self, iteration: int, tensors: dict[str, torch.Tensor], extra: dict[str, Any] | None = None) -> None:
        """Stores the run's state after `iteration`, in one transaction with all scalars and events before it."""
        size, told = pieces(tensors)
        facts = iteration, time.time(), size, json.dumps(extra or {})
        with kindly(self.path, "write"), transaction(self._db):
            self._write_waiting()
            # Written piece by piece: what is bound to a statement is copied, and kept until the statement's next turn.
            self._db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, zeroblob(?), ?)", facts)
            with self._db.blobopen("checkpoints", "payload", iteration) as blob:
                for piece in told:
                    blob.write(piece)
                if blob.tell() != size:
                    raise ValueError(f"{blob.tell()} bytes came for a checkpoint of {size}")
            self._thin_checkpoints()
        self._forget_waiting()

    def truncate(self, iteration: int) -> None:
        """Forgets what came after `iteration`: a run that goes on from a checkpoint has one past, not two."""
        with kindly(self.path, "write"), transaction(self._db):
            self._write_waiting()
            for table, when in (
                ("events", "iteration"),
                ("frames", "iteration"),
                ("measured", "iteration"),
                ("checkpoints", "iteration"),
                ("scalars", "first_iteration"),
            ):
                self._db.execute(f"DELETE FROM {table} WHERE {when} > ?", (iteration,))
            first, n, block = self._db.execute("SELECT max(first_iteration), n, block FROM scalars").fetchone()
            if first is not None and first + n > iteration + 1:
                n = iteration + 1 - first
                cut = block[: n * 4 * len(self.names)]
                self._db.execute("UPDATE scalars SET n = ?, block = ? WHERE first_iteration = ?", (n, cut, first))
            self._count_frames(self.kept["made"])
        self._forget_waiting()
        self._next = self._after_last()

    def tick(self) -> None:
        """Commits if it is time to. Call it at least ten times a second, also while the run is paused."""
        if time.monotonic() - self._committed >= COMMIT_EVERY:
            self.commit()

    def commit(self) -> None:
        """Puts everything handed over on disk, now."""
        if self._blocks or self._events or self._frames or self._measured:
            with kindly(self.path, "write"), transaction(self._db):
                self._write_waiting()
        self._forget_waiting()

    def close(self) -> None:
        """Commits, and if nobody reads leaves one plain file that can be sent around."""
        try:
            self.commit()
            with kindly(self.path, "write"):
                store.tell(self._db, writer.FACT, writer.closed())
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
        self._db.executemany("INSERT OR REPLACE INTO measured VALUES (?, ?, ?)", self._measured)
        if self._frames:
            self._write_frames()

    def _write_frames(self) -> None:
        """Adds the frames that wait, and lets go of others where there is no room for all."""
        waiting = {frame[0]: frame for frame in self._frames}
        made = self.kept["made"]
        for iteration, _, payload in waiting.values():
            old = self._db.execute("SELECT length(payload) FROM frames WHERE iteration = ?", (iteration,)).fetchone()
            made += not old
            self.kept["kept"] += not old
            self.kept["bytes"] += len(payload) - (old[0] if old else 0)
        self._db.executemany("INSERT OR REPLACE INTO frames VALUES (?, ?, ?)", waiting.values())
        if self.kept["bytes"] > FRAME_ROOM:
            rows = self._db.execute("SELECT iteration, length(payload) FROM frames ORDER BY iteration").fetchall()
            iterations, sizes = np.array(rows).T
            self._drop("frames", spare(iterations, sizes, sizes.sum() - (1 - SPARED) * FRAME_ROOM))
            self._count_frames(made)
        self.kept["made"] = made
        store.tell(self._db, "frames", self.kept)

    def _thin_checkpoints(self) -> None:
        rows = self._db.execute("SELECT iteration, length(payload) FROM checkpoints ORDER BY iteration").fetchall()
        iterations, sizes = np.array(rows).T
        # The untrained state needs no checkpoint, so 0 counts as kept; the last two are, whatever they take.
        at, weight = np.append(0, iterations[:-1]), np.append(0, sizes[:-1])
        if sizes.sum() > CHECKPOINT_ROOM:
            self._drop("checkpoints", spare(at, weight, sizes.sum() - CHECKPOINT_ROOM))
        elif len(sizes) > CHECKPOINTS:
            self._drop("checkpoints", spare(at, np.append(0, np.ones(len(sizes) - 1)), len(sizes) - CHECKPOINTS))

    def _drop(self, table: str, iterations: Iterable[int]) -> None:
        self._db.executemany(f"DELETE FROM {table} WHERE iteration = ?", [(int(at),) for at in iterations])

    def _count_frames(self, made: int) -> None:
        """Counts `kept` anew: how many frames were made and are kept, the bytes they take, and how they were chosen."""
        count, taken = self._db.execute("SELECT count(*), ifnull(sum(length(payload)), 0) FROM frames").fetchone()
        self.kept = {"made": max(made, count), "kept": count, "bytes": taken, "room": FRAME_ROOM, "thinned": HOW}

    def _forget_waiting(self) -> None:
        self._blocks: list[tuple[int, np.ndarray]] = []
        self._events: list[tuple[int, str, float]] = []
        self._frames: list[tuple[int, float, bytes]] = []
        self._measured: list[tuple[int, str, float]] = []
        self._committed = time.monotonic()
