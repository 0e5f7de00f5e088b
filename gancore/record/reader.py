"""Looks into a recording, one that grows or one that came from elsewhere: what is in it is measured before it is taken.

Any number of processes and threads may read while a worker writes. Nothing is unpickled and nothing in a file is run.
"""

from __future__ import annotations

import json
import struct
import threading
import zlib
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors.torch
import torch

from gancore.record import store
from gancore.record.store import kindly

END = 2**62  # beyond every iteration
HEAD = 1 << 14  # bytes of a packed frame that hold what comes before its arrays
FRAME = 16 << 20  # bytes of an unpacked frame at most: one of the pages' takes a hundredth of it


class Reader:
    """Looks into a recording, finished or growing, without ever writing to it. Any thread may ask, and close it meanwhile.

    Every answer is consistent in itself; between two answers the worker may have committed.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._asking = threading.Lock()  # a connection that is closed under a question takes the process with it
        with kindly(self.path, "read"):
            self._db = store.connect(self.path, "ro")
            facts = self._facts()
        self.config: dict[str, Any] = facts["config"]
        self.names: tuple[str, ...] = tuple(facts["names"])
        self.created: float = facts["created"]  # seconds since 1970

    def events(self) -> list[dict[str, Any]]:
        """`iteration`, `what` and `wall` (seconds since 1970) of every event, in the order in which they were told."""
        rows = self.ask("SELECT iteration, what, wall FROM events ORDER BY seq")
        with kindly(self.path, "read"):
            for iteration, what, wall in rows:
                if not (isinstance(iteration, int) and isinstance(what, str) and isinstance(wall, float)):
                    raise ValueError("an event in it is not what it should be")
        return [{"iteration": iteration, "what": what, "wall": wall} for iteration, what, wall in rows]

    def scalars(self, first: int = 0, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Iterations (n,) int64 and values (n, names) float32 from iteration `first` to `last`, both included."""
        stop = END if last is None else last + 1
        holds_first = "SELECT max(first_iteration) FROM scalars WHERE first_iteration <= ?"
        rows = self.ask(
            f"SELECT first_iteration, n, block FROM scalars WHERE first_iteration >= ifnull(({holds_first}), ?)"
            " AND first_iteration < ? ORDER BY first_iteration",
            (first, first, stop),
        )
        with kindly(self.path, "read"):
            for start, n, block in rows:
                if not isinstance(block, bytes) or start < 0 or len(block) != 4 * n * len(self.names):
                    raise ValueError(f"the scalars from iteration {start} on are not what they say they are")
            values = np.frombuffer(bytearray().join(block for _, _, block in rows), "<f4").reshape(-1, len(self.names))
            runs = (np.arange(start, start + n) for start, n, _ in rows)
            iterations = np.concatenate([np.zeros(0, np.int64), *runs])
        wanted = slice(*np.searchsorted(iterations, (first, stop)))
        return iterations[wanted], values[wanted]

    def frames(self) -> list[int]:
        """The iterations of which a frame was kept, in order of time."""
        return [iteration for (iteration,) in self.ask("SELECT iteration FROM frames ORDER BY iteration")]

    def frame(self, iteration: int) -> bytes | None:
        """The encoded frame of this iteration or, where none was kept, of the last one before it."""
        at = self.frame_at(iteration)
        return None if at is None else self._frame(at)

    def frame_at(self, iteration: int, step: int = 0) -> int | None:
        """The iteration whose frame `frame` gives, or with `step` 1 or -1 the next one kept after or before that."""
        here = self.ask("SELECT max(iteration) FROM frames WHERE iteration <= ?", (iteration,))[0][0]
        if here is None:
            return self.ask("SELECT min(iteration) FROM frames")[0][0] if step > 0 else None
        question = (
            "max(iteration) FROM frames WHERE iteration <"
            if step < 0
            else "min(iteration) FROM frames WHERE iteration >"
        )
        there = self.ask(f"SELECT {question} ?", (here,))[0][0] if step else here
        return here if there is None else there

    def _frame(self, iteration: int) -> bytes | None:
        query = "SELECT payload FROM frames WHERE iteration = ? AND typeof(payload) = 'blob'"
        with kindly(self.path, "read"):
            for (payload,) in self.ask(query, (iteration,)):
                unpacking = zlib.decompressobj()
                data = unpacking.decompress(payload, FRAME)
                if not unpacking.eof:
                    raise ValueError(f"the frame of iteration {iteration} is cut off, or larger than {FRAME:,} bytes")
                return data
        return None

    def info(self, iteration: int) -> dict[str, Any]:
        """What the frame kept of this iteration says of its run, read without its arrays; empty where it says nothing."""
        query = "SELECT substr(payload, 1, ?) FROM frames WHERE iteration = ? AND typeof(payload) = 'blob'"
        with kindly(self.path, "read"):
            for (start,) in self.ask(query, (HEAD, iteration)):
                unpacked = zlib.decompressobj().decompress(start, 8 * HEAD)
                (length,) = struct.unpack_from("<I", unpacked)
                said = json.loads(unpacked[4 : 4 + length])["info"]
                return said if isinstance(said, dict) else {}
        return {}

    def measured(self, after: int = -1) -> list[tuple[int, str, float | None]]:
        """Iteration, name and value of all that was measured after this iteration, in order of time; None is a gap."""
        query = "SELECT iteration, name, value FROM measured WHERE iteration > ? ORDER BY iteration"
        with kindly(self.path, "read"):
            rows = self.ask(query, (after,))
            kinds = (int, str, float | None)
            if not all(isinstance(cell, kind) for row in rows for cell, kind in zip(row, kinds)):
                raise ValueError("what was measured is not all numbers")
        return rows

    def kept(self) -> dict[str, Any]:
        """How many frames were made and are kept, the bytes they take and may take, and how those kept were chosen."""
        with kindly(self.path, "read"):
            kept = self._facts().get("frames", {})
            told = {name: kept[name] for name in ("made", "kept", "bytes", "room", "thinned") if name in kept}
            if not isinstance(kept, dict) or not all(
                isinstance(told.get(name, 0), int) for name in told if name != "thinned"
            ):
                raise ValueError("what it says of its frames is not what it should be")
            return told | {"thinned": str(told.get("thinned", ""))[:200]} if told else {}

    def fact(self, key: str) -> Any:
        """One of the things that were told of the run as a whole, such as its `name`; None if that was not told."""
        with kindly(self.path, "read"):
            return self._facts().get(key)

    def last_checkpoint(self) -> tuple[int, dict[str, torch.Tensor], dict[str, Any]] | None:
        """Iteration, tensors (on the CPU) and extra facts of the newest checkpoint."""
        return self.checkpoint(END)

    def checkpoint(self, iteration: int) -> tuple[int, dict[str, torch.Tensor], dict[str, Any]] | None:
        """The newest checkpoint that is not after this iteration, if there is any."""
        query = (
            "SELECT iteration, payload, extra FROM checkpoints WHERE iteration <= ?"
            " AND typeof(payload) = 'blob' AND typeof(extra) = 'text' ORDER BY iteration DESC LIMIT 1"
        )
        with kindly(self.path, "read"):
            for at, payload, extra in self.ask(query, (iteration,)):
                return at, safetensors.torch.load(payload), json.loads(extra)
        return None

    def last(self) -> int:
        """The last iteration that is recorded, 0 if there is none."""
        rows = self.ask("SELECT first_iteration + n FROM scalars ORDER BY first_iteration DESC LIMIT 1")
        with kindly(self.path, "read"):
            return max(0, int(rows[0][0]) - 1) if rows else 0

    def iterations(self) -> int:
        """How many iterations are recorded."""
        return self.ask("SELECT ifnull(sum(n), 0) FROM scalars")[0][0]

    def close(self) -> None:
        with self._asking:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _facts(self) -> dict[str, Any]:
        with self._asking:
            return store.facts(self._db)

    def ask(self, query: str, values: tuple = ()) -> list[tuple]:
        with kindly(self.path, "read"), self._asking:
            return self._db.execute(query, values).fetchall()
